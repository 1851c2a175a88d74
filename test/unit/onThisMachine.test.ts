/** Models of other programs: where each system has them, and what is made of each program's folder in a made-up home. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { told } from '../../src/core/sentence';
import { findModels } from '../../src/importer/onThisMachine/findModels';
import { readGgufFacts } from '../../src/importer/onThisMachine/ggufFacts';
import { licenceOfCard, licenceOfText } from '../../src/importer/onThisMachine/licences';
import { lmStudioHomes, placesOf } from '../../src/importer/onThisMachine/places';
import type { FoundModel, MachineView } from '../../src/protocol/importing';
import { ggufBytes } from './support/ggufBytes';
import { assertTranslatable } from './support/translatable';

const SYSTEMS = ['linux', 'darwin', 'win32'] as const;

/** A tiny model with one tensor of 64 weights. */
function gguf(
  values: Readonly<Record<string, string | number>> = {},
  architecture = 'qwen2',
  more: readonly string[] = [],
): Buffer {
  const shape = {
    'general.architecture': architecture,
    'general.file_type': 15,
    [`${architecture}.block_count`]: 1,
    [`${architecture}.embedding_length`]: 32,
    [`${architecture}.feed_forward_length`]: 64,
    [`${architecture}.attention.head_count`]: 2,
    [`${architecture}.attention.layer_norm_rms_epsilon`]: 1,
    [`${architecture}.context_length`]: 128,
  };
  const tensors = ['token_embd.weight', ...more].map(name => [name, [32, 2], 0, 256] as const);
  return ggufBytes({ values: { ...shape, ...values }, tensors });
}

describe('where other programs keep models', () => {
  const windows = { APPDATA: 'C:\\Users\\me\\AppData\\Roaming', LOCALAPPDATA: 'D:\\Local' };
  const rows: readonly (readonly [string, MachineView, Readonly<Record<string, readonly string[]>>])[] = [
    [
      'on Linux',
      { platform: 'linux', home: '/home/me', variables: {} },
      {
        ollama: ['/home/me/.ollama/models', '/usr/share/ollama/.ollama/models'],
        llamacpp: ['/home/me/.cache/llama.cpp'],
        huggingface: ['/home/me/.cache/huggingface/hub'],
        jan: ['/home/me/.local/share/Jan/data'],
        gpt4all: ['/home/me/.local/share/nomic.ai/GPT4All', '/home/me/.cache/gpt4all'],
      },
    ],
    [
      'on macOS',
      { platform: 'darwin', home: '/Users/me', variables: {} },
      {
        ollama: ['/Users/me/.ollama/models'],
        llamacpp: ['/Users/me/Library/Caches/llama.cpp'],
        huggingface: ['/Users/me/.cache/huggingface/hub'],
        jan: ['/Users/me/Library/Application Support/Jan/data'],
        gpt4all: ['/Users/me/Library/Application Support/nomic.ai/GPT4All', '/Users/me/.cache/gpt4all'],
      },
    ],
    [
      'on Windows',
      { platform: 'win32', home: 'C:\\Users\\me', variables: windows },
      {
        ollama: ['C:\\Users\\me\\.ollama\\models'],
        llamacpp: ['D:\\Local\\llama.cpp'],
        huggingface: ['C:\\Users\\me\\.cache\\huggingface\\hub'],
        jan: ['C:\\Users\\me\\AppData\\Roaming\\Jan\\data'],
        gpt4all: ['D:\\Local\\nomic.ai\\GPT4All', 'C:\\Users\\me\\.cache\\gpt4all'],
      },
    ],
    [
      'where variables say so',
      {
        platform: 'linux',
        home: '/home/me',
        variables: { OLLAMA_MODELS: '/big/ollama', HF_HOME: '/big/hf', LLAMA_CACHE: '/big/llama', XDG_DATA_HOME: '/d' },
      },
      {
        ollama: ['/big/ollama', '/usr/share/ollama/.ollama/models'],
        llamacpp: ['/big/llama', '/home/me/.cache/llama.cpp'],
        huggingface: ['/big/hf/hub'],
        jan: ['/d/Jan/data'],
        gpt4all: ['/d/nomic.ai/GPT4All', '/home/me/.cache/gpt4all'],
      },
    ],
    [
      'where variables say nothing of use',
      { platform: 'darwin', home: '/Users/me', variables: { OLLAMA_MODELS: ' ', HF_HUB_CACHE: 'hub' } },
      { ollama: ['/Users/me/.ollama/models'], huggingface: ['/Users/me/.cache/huggingface/hub'] },
    ],
  ];
  for (const [where, machine, expected] of rows) {
    it(where, () => {
      const places = placesOf(machine, machine.platform === 'win32' ? path.win32 : path.posix);
      for (const [tool, dirs] of Object.entries(expected))
        assert.deepEqual(
          places.filter(place => place.tool === tool).map(({ dir }) => dir),
          dirs,
          tool,
        );
    });
  }
  it('leaves LM Studio to its pointer', () => {
    const machine = { platform: 'win32', home: 'C:\\Users\\me', variables: {} };
    assert.equal(lmStudioHomes(machine, path.win32).pointerFile, 'C:\\Users\\me\\.lmstudio-home-pointer');
  });
});

for (const platform of SYSTEMS) {
  describe(`models on this machine, in a home of ${platform}`, () => {
    let home: string;
    let machine: MachineView;
    beforeEach(() => {
      home = mkdtempSync(path.join(os.tmpdir(), 'home-'));
      // Windows names these two itself; elsewhere they mean nothing.
      const local = path.join(home, 'AppData/Local');
      machine = { platform, home, variables: { LOCALAPPDATA: local, APPDATA: path.join(home, 'AppData/Roaming') } };
    });
    afterEach(() => rmSync(home, { recursive: true }));

    const put = (file: string, content: string | Buffer) => {
      const at = path.isAbsolute(file) ? file : path.join(home, file);
      mkdirSync(path.dirname(at), { recursive: true });
      writeFileSync(at, content);
      return at;
    };
    const placeOf = (tool: string) => placesOf(machine, path).find(place => place.tool === tool)?.dir as string;
    const find = async (signal = new AbortController().signal) => {
      const streamed: FoundModel[] = [];
      const found = await findModels(machine, readGgufFacts, model => void streamed.push(model), signal);
      assert.deepEqual(streamed, found.models);
      return found;
    };
    const only = async () => {
      const { models } = await find();
      assert.equal(models.length, 1, JSON.stringify(models));
      return models[0];
    };
    const why = ({ obstacle }: FoundModel) => {
      assert.ok(obstacle);
      assertTranslatable(obstacle);
      return told(obstacle);
    };

    describe('of Ollama', () => {
      const blob = (content: string | Buffer) => {
        const sha256 = createHash('sha256').update(content).digest('hex');
        put(path.join(placeOf('ollama'), 'blobs', `sha256-${sha256}`), content);
        return sha256;
      };
      const layer = (kind: string, sha256: string) => ({
        mediaType: `application/vnd.ollama.image.${kind}`,
        digest: `sha256:${sha256}`,
        size: 1,
      });
      const manifest = (name: string, ...layers: unknown[]) =>
        put(path.join(placeOf('ollama'), 'manifests', name), JSON.stringify({ schemaVersion: 2, layers }));

      it('are named as it names them, with the licence of their own layer', async () => {
        const weights = gguf({ 'general.license': 'something' });
        const sha256 = blob(weights);
        const licence = blob('\n                                 Apache License\n       Version 2.0, January 2004\n');
        manifest('registry.ollama.ai/library/qwen2.5-coder/1.5b', layer('model', sha256), layer('license', licence));
        const model = await only();
        assert.deepEqual(
          { ...model, source: path.basename(model.source) },
          {
            tool: 'ollama',
            form: 'gguf',
            name: 'qwen2.5-coder:1.5b',
            source: `sha256-${sha256}`,
            sizeBytes: weights.length,
            architecture: 'qwen2',
            quantisation: 'Q4_K_M',
            nParameters: 64,
            licence: 'apache-2.0',
            sha256,
          },
        );
      });

      it('from elsewhere keep where they are from', async () => {
        manifest('registry.ollama.ai/somebody/mine/latest', layer('model', blob(gguf({ a: 'b' }))));
        manifest('hf.co/owner/Model-GGUF/Q8_0', layer('model', blob(gguf({ a: 'c' }))));
        const { models } = await find();
        assert.deepEqual(models.map(({ name }) => name).sort(), [
          'hf.co/owner/Model-GGUF:Q8_0',
          'somebody/mine:latest',
        ]);
      });

      it('by two names are one', async () => {
        const sha256 = blob(gguf());
        manifest('registry.ollama.ai/library/a/1b', layer('model', sha256));
        manifest('registry.ollama.ai/library/a/latest', layer('model', sha256));
        assert.equal((await only()).name, 'a:1b');
      });

      it('with eyes or an adapter are shown with the reason', async () => {
        manifest(
          'registry.ollama.ai/library/eyes/1',
          layer('model', blob(gguf({ a: 'b' }))),
          layer('projector', blob('p')),
        );
        manifest(
          'registry.ollama.ai/library/tuned/1',
          layer('model', blob(gguf({ a: 'c' }))),
          layer('adapter', blob('a')),
        );
        const [eyes, tuned] = (await find()).models;
        assert.match(why(eyes), /pictures/);
        assert.match(why(tuned), /adapter/);
      });

      it('are none in what is no manifest, leads elsewhere, or was not fetched', async () => {
        const outside = put('outside.gguf', gguf());
        const name = `sha256-${'a'.repeat(64)}`;
        mkdirSync(path.join(placeOf('ollama'), 'blobs'), { recursive: true });
        symlinkSync(outside, path.join(placeOf('ollama'), 'blobs', name));
        put(path.join(placeOf('ollama'), 'blobs', `sha256-${'b'.repeat(64)}-partial`), gguf());
        manifest('registry.ollama.ai/library/link/1', layer('model', 'a'.repeat(64)));
        manifest('registry.ollama.ai/library/partial/1', layer('model', 'b'.repeat(64)));
        manifest('registry.ollama.ai/library/path/1', {
          mediaType: 'application/vnd.ollama.image.model',
          digest: 'sha256:x/../../other.gguf',
        });
        put(path.join(placeOf('ollama'), 'other.gguf'), gguf());
        mkdirSync(path.join(placeOf('ollama'), 'blobs/sha256-x'));
        put(
          path.join(placeOf('ollama'), 'manifests/registry.ollama.ai/library/odd/1'),
          '{"schemaVersion":2,"layers":7}',
        );
        put(path.join(placeOf('ollama'), 'manifests/registry.ollama.ai/library/broken/1'), '{');
        assert.deepEqual((await find()).models, []);
      });
    });

    for (const tool of ['llamacpp', 'gpt4all'] as const) {
      it(`of ${tool} are the GGUF files of its folder`, async () => {
        put(path.join(placeOf(tool), 'owner_Model-Q8_0.gguf'), gguf({ 'general.file_type': 7 }));
        put(path.join(placeOf(tool), 'mmproj-Model-f16.gguf'), gguf());
        put(path.join(placeOf(tool), 'Model.mmproj-f16.gguf'), gguf());
        put(path.join(placeOf(tool), 'other.gguf.downloadInProgress'), gguf());
        put(path.join(placeOf(tool), 'incomplete-other.gguf'), gguf());
        const model = await only();
        assert.equal(model.name, 'owner_Model-Q8_0');
        assert.equal(model.tool, tool);
        assert.equal(model.quantisation, 'Q8_0');
        assert.equal(model.obstacle, undefined);
      });
    }

    it('of LM Studio are where its pointer leads, and it is not written to', async () => {
      put('.lmstudio/models/owner/Old/old.gguf', gguf());
      assert.equal((await only()).name, 'old');
      put('moved/models/owner/New/new.gguf', gguf());
      put('.lmstudio-home-pointer', path.join(home, 'moved\n'));
      const before = statSync(path.join(home, '.lmstudio-home-pointer')).mtimeMs;
      assert.equal((await only()).name, 'new');
      assert.equal(statSync(path.join(home, '.lmstudio-home-pointer')).mtimeMs, before);
    });

    it('of Jan are those that their descriptions name', async () => {
      const dir = path.join(placeOf('jan'), 'llamacpp/models');
      put(path.join(dir, 'owner/tiny/model.gguf'), gguf());
      put(
        path.join(dir, 'owner/tiny/model.yml'),
        'name: Tiny One # mine\nmodel_path: llamacpp/models/owner/tiny/model.gguf\n',
      );
      put(path.join(dir, 'away/model.yml'), `model_path: ${put('elsewhere.gguf', gguf())}\n`);
      put(path.join(dir, 'up/model.yml'), 'model_path: ../../../elsewhere.gguf\n');
      assert.equal((await only()).name, 'Tiny One');
    });

    describe('of the cache of Hugging Face', () => {
      const commit = 'c'.repeat(40);
      /** As it is there: links to blobs, and real files on Windows. */
      const cached = (repo: string, files: Readonly<Record<string, string | Buffer>>, at = commit) => {
        const dir = path.join(placeOf('huggingface'), `models--${repo.replace('/', '--')}`);
        put(path.join(dir, 'refs/main'), at);
        for (const [name, content] of Object.entries(files)) {
          const file = path.join(dir, 'snapshots', at, name);
          if (platform === 'win32') {
            put(file, content);
            continue;
          }
          const blob = put(path.join(dir, 'blobs', createHash('sha256').update(content).digest('hex')), content);
          mkdirSync(path.dirname(file), { recursive: true });
          symlinkSync(path.relative(path.dirname(file), blob), file);
        }
        return dir;
      };
      const config = (more: object = {}) =>
        JSON.stringify({
          ...{ model_type: 'llama', torch_dtype: 'bfloat16', hidden_size: 32, num_attention_heads: 2, vocab_size: 64 },
          ...{ num_hidden_layers: 1, intermediate_size: 64, max_position_embeddings: 128 },
          ...more,
        });
      const index = JSON.stringify({
        weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors', c: '../../x' },
      });

      it('are GGUF files, with the licence of the card', async () => {
        const weights = gguf();
        cached('owner/Tiny-GGUF', { 'Q4/tiny-q4_k_m.gguf': weights, 'README.md': '---\nlicense: mit\n---\n# Tiny\n' });
        const model = await only();
        assert.equal(model.name, 'owner/Tiny-GGUF/tiny-q4_k_m');
        assert.equal(model.licence, 'mit');
        const sha256 = createHash('sha256').update(weights).digest('hex');
        assert.equal(model.sha256, platform === 'win32' ? undefined : sha256);
      });

      it('are folders with safetensors, whole ones', async () => {
        const shards = {
          'model-00001-of-00002.safetensors': 'one',
          'model-00002-of-00002.safetensors': 'three',
        };
        const text = { 'config.json': config(), 'tokenizer.json': '{}', 'model.safetensors.index.json': index };
        cached('owner/Base', { ...shards, ...text });
        const model = await only();
        assert.deepEqual(
          [model.form, model.name, model.sizeBytes, model.architecture, model.quantisation, model.obstacle],
          ['safetensors', 'owner/Base', 8, 'llama', 'bfloat16', undefined],
        );
        assert.ok(statSync(path.join(model.source, 'config.json')).isFile());
      });

      it('say what is missing, what is pickled, and what is quantised already', async () => {
        const text = { 'config.json': config(), 'tokenizer.json': '{}' };
        cached('a/Half', { ...text, 'model.safetensors.index.json': index, 'model-00001-of-00002.safetensors': 'one' });
        cached('b/Old', { ...text, 'pytorch_model.bin': 'x' });
        const quantised = { quantization_config: { quant_method: 'gptq' } };
        cached('c/Small', { ...text, 'config.json': config(quantised), 'model.safetensors': 'x' });
        cached('d/Other', { ...text, 'config.json': config({ model_type: 'mamba' }), 'model.safetensors': 'x' });
        const [half, old, small, other] = (await find()).models;
        assert.match(why(half), /1 of its 3 files are missing/);
        assert.match(why(old), /pytorch_model\.bin, a format that can run code/);
        assert.match(why(small), /quantised in a way of their own/);
        assert.match(why(other), /"d\/Other" cannot be imported: its architecture is "mamba"/);
      });

      it('are folders of graphs, which are used as they are', async () => {
        cached('onnx-community/Tiny', {
          'config.json': config({ model_type: 'anything' }),
          'tokenizer.json': '{}',
          'onnx/model_q4.onnx': 'graph',
          'onnx/model_q4.onnx_data': 'weights',
        });
        const model = await only();
        assert.deepEqual(
          [model.form, model.sizeBytes, model.quantisation],
          ['onnx', 'graphweights{}'.length + config({ model_type: 'anything' }).length, 'q4'],
        );
        assert.equal(model.obstacle, undefined);
      });

      it('are of the state that main names', async () => {
        cached('owner/Two', { 'old.gguf': gguf() }, 'a'.repeat(40));
        cached('owner/Two', { 'new.gguf': gguf({ a: 'b' }) }, 'b'.repeat(40));
        put(path.join(placeOf('huggingface'), 'models--owner--Two/refs/main'), 'a'.repeat(40));
        assert.equal((await only()).name, 'owner/Two/old');
      });

      it('are none where a link leads out, a download is under way, or nothing is a model', async () => {
        const dir = cached('owner/Odd', { 'config.json': config() });
        const outside = put('outside.safetensors', 'x');
        symlinkSync(outside, path.join(dir, 'snapshots', commit, 'model.safetensors'));
        put(path.join(dir, 'blobs/abc.incomplete'), gguf());
        put(path.join(placeOf('huggingface'), 'datasets--owner--d/snapshots', commit, 'a.gguf'), gguf());
        assert.deepEqual((await find()).models, []);
      });
    });

    it('in several files are one, and say what is missing of it', async () => {
      const dir = placeOf('llamacpp');
      put(path.join(dir, 'big-00001-of-00003.gguf'), gguf());
      put(path.join(dir, 'big-00003-of-00003.gguf'), gguf());
      const half = await only();
      assert.equal(half.name, 'big');
      assert.match(why(half), /1 of its 3 files are missing/);
      put(path.join(dir, 'big-00002-of-00003.gguf'), gguf());
      assert.equal((await only()).obstacle, undefined);
      assert.match((await only()).source, /big-00001-of-00003\.gguf$/);
    });

    it('whose table may stand in it twice have a number of parameters that nobody knows', async () => {
      put(path.join(placeOf('llamacpp'), 'a.gguf'), gguf());
      assert.equal((await only()).nParameters, 64);
      put(path.join(placeOf('llamacpp'), 'a.gguf'), gguf({}, 'qwen2', ['output.weight']));
      assert.equal((await only()).nParameters, undefined);
    });

    it('that cannot be imported say why', async () => {
      const dir = placeOf('llamacpp');
      put(path.join(dir, 'a.gguf'), gguf({}, 'gemma3'));
      put(path.join(dir, 'b.gguf'), 'GGUF and then nothing');
      put(path.join(dir, 'c.gguf'), ggufBytes({ version: 1, values: {} }));
      put(path.join(dir, 'd.gguf'), gguf({ 'general.type': 'adapter' }));
      put(path.join(dir, 'e.gguf'), gguf({ 'qwen2.expert_count': 8 }));
      put(path.join(dir, 'f.gguf'), ggufBytes({ values: {} }));
      put(path.join(dir, 'g.gguf'), gguf({ 'qwen2.rope.dimension_count': 8 }));
      const reasons = (await find()).models.map(why);
      for (const [i, pattern] of [
        /"a" cannot be imported: its architecture is "gemma3"/,
        /no GGUF of version 2 or 3, or it is damaged/,
        /no GGUF of version 2 or 3, or it is damaged/,
        /something of the type "adapter"/,
        /mixture of experts/,
        /does not say of which architecture/,
        /"qwen2\.rope\.dimension_count" is 8 where the heads have 16/,
      ].entries())
        assert.match(reasons[i], pattern);
    });

    it('are looked for in places that a person can be told, and nothing is made there', async () => {
      const before = readdirSync(home, { recursive: true });
      const { models, lookedInto } = await find();
      assert.deepEqual(models, []);
      assert.ok(lookedInto.length >= 7);
      assert.ok(lookedInto.every(({ state }) => state === 'absent'));
      assert.deepEqual(readdirSync(home, { recursive: true }), before);
    });

    it('are read without a trace', async () => {
      put(path.join(placeOf('llamacpp'), 'a.gguf'), gguf());
      const stamps = () =>
        readdirSync(home, { recursive: true, encoding: 'utf8' }).map(name => [
          name,
          statSync(path.join(home, name)).mtimeMs,
        ]);
      const before = stamps();
      await only();
      assert.deepEqual(stamps(), before);
    });

    it('with odd names are plain text of one line', async () => {
      put(
        path.join(placeOf('llamacpp'), `a\u202e\n${'x'.repeat(150)}.gguf`),
        gguf({ 'general.license': 'm\u0000it\n' }),
      );
      const { name, licence } = await only();
      assert.match(name, /^a x{98}$/);
      assert.equal(licence, 'm it');
    });

    it('are not looked for any longer once nobody waits', async () => {
      put(path.join(placeOf('llamacpp'), 'a.gguf'), gguf());
      const controller = new AbortController();
      controller.abort();
      assert.deepEqual((await find(controller.signal)).models, []);
    });
  });
}

describe('what a licence is called', () => {
  for (const [text, name] of [
    ['Apache License\nVersion 2.0, January 2004', 'apache-2.0'],
    ['MIT License\n\nCopyright', 'mit'],
    ['Qwen RESEARCH LICENSE AGREEMENT', 'qwen-research'],
    ['LLAMA 3.2 COMMUNITY LICENSE AGREEMENT', 'llama3.2'],
    ['\n\n  My own terms \n more', 'My own terms'],
    ['  \n', undefined],
  ] as const)
    it(`${JSON.stringify(text)}: ${name}`, () => assert.equal(licenceOfText(text), name));
  for (const [card, name] of [
    ['---\nlanguage: en\nlicense: apache-2.0\n---\n', 'apache-2.0'],
    ['---\r\nlicense: other\r\nlicense_name: "qwen-research" \r\n---\r\n', 'qwen-research'],
    ['---\nlicense: # none\n---', undefined],
    ['license: mit', undefined],
    ['---\nlicense: [a, b\n', undefined],
  ] as const)
    it(`${JSON.stringify(card)}: ${name}`, () => assert.equal(licenceOfCard(card), name));
});
