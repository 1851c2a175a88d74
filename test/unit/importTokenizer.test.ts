/** Tokenizers made from a GGUF's metadata, against the Rust original (test/oracles/import/make_tokenizers.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { UserError } from '../../src/core/errors';
import type { Tokenizer } from '../../src/core/model';
import { seededRandom } from '../../src/core/random';
import { IncrementalEncoding } from '../../src/engine/incrementalEncoding';
import { parsePreTokenizer } from '../../src/engine/preTokenizer';
import { SPLIT_PATTERNS } from '../../src/engine/splitPatterns';
import { createTokenizer } from '../../src/engine/tokenizer';
import { textFilesOf } from '../../src/importer/gguf/tokenizer';
import { fakeMetadata } from './support/fakeMetadata';
import { randomEdit } from './support/randomEdit';
import { scanStartingWith } from './support/startingWith';
import { assertTranslatable } from './support/translatable';

interface Oracle {
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  readonly merges: readonly string[];
  readonly texts: readonly string[];
  readonly ids: Readonly<Record<string, readonly (readonly number[])[]>>;
}

const oracle = JSON.parse(readFileSync('test/oracles/import/tokenizers.json', 'utf8')) as Oracle;
const TOOL_CALL = oracle.tokens.indexOf('<tool_call>');

const BEFORE = 'let x = 1;\n';

type Values = Parameters<typeof fakeMetadata>[0];

function valuesOf(pre: string): Values {
  return {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': pre,
    'tokenizer.ggml.tokens': oracle.tokens,
    'tokenizer.ggml.token_type': oracle.types,
    'tokenizer.ggml.merges': oracle.merges,
    'tokenizer.ggml.eos_token_id': 0,
  };
}

interface Files {
  readonly tokenizer: { readonly pre_tokenizer: unknown; readonly added_tokens: readonly { id: number }[] };
  readonly config: Readonly<Record<string, unknown>>;
  readonly generation: Readonly<Record<string, unknown>>;
  readonly nTokens: number;
}

function filesOf(values: Values): Files {
  const { text, nTokens } = textFilesOf(fakeMetadata(values));
  const [tokenizer, config, generation] = Object.values(text).map(json => JSON.parse(json));
  return { tokenizer, config, generation, nTokens };
}

function open(values: Values): Tokenizer {
  const { tokenizer, config } = filesOf(values);
  return createTokenizer({ id: 'test', json: tokenizer, config, special: undefined });
}

/** Several names stand for the same patterns. */
const FIRST_OF_ITS_KIND = Object.entries(SPLIT_PATTERNS)
  .filter(([, patterns], i, all) => all.findIndex(([, other]) => other.join() === patterns.join()) === i)
  .map(([pre]) => pre);

describe('a tokenizer made from metadata', () => {
  for (const [pre, rows] of Object.entries(oracle.ids)) {
    it(`of "${pre}" gives the ids of the Rust original`, () => {
      const tokenizer = open(valuesOf(pre));
      oracle.texts.forEach((text, i) => {
        assert.deepEqual(tokenizer.encode(text), rows[i], JSON.stringify(text));
        assert.equal(tokenizer.decode(rows[i]), pre === 'qwen2' ? text.normalize('NFC') : text);
      });
    });
  }

  for (const pre of FIRST_OF_ITS_KIND) {
    it(`of "${pre}" gives after every edit what encoding the whole text gives`, () => {
      const edited = open(valuesOf(pre));
      const whole = open(valuesOf(pre));
      const source = seededRandom(12);
      let nDraws = 0;
      const random = () => source.uniform(nDraws++, 0);
      for (const first of [oracle.texts.join(''), oracle.texts.join('\n').repeat(2)]) {
        let text = first;
        for (let i = 0; i < 40; i++) {
          text = randomEdit(text, random);
          // Nothing is like the empty text, so what follows it is cut whole.
          whole.lastPreTokenStart('');
          assert.deepEqual(edited.encode(text), whole.encode(text), `edit ${i}`);
          assert.equal(edited.lastPreTokenStart(text), whole.lastPreTokenStart(text), `edit ${i}`);
        }
      }
    });

    it(`of "${pre}" cuts the text as if whole at every key`, () => {
      const { split, isShortSighted } = parsePreTokenizer(filesOf(valuesOf(pre)).tokenizer.pre_tokenizer);
      assert.ok(isShortSighted);
      const lengths = { split, isShortSighted, longestApart: 0, encodePiece: (piece: string) => [piece.length] };
      const encoding = new IncrementalEncoding(lengths);
      for (const text of oracle.texts.filter(({ length }) => length < 80)) {
        for (let n = text.length; n >= 0; n--) {
          for (const key of ['', 'x', ' ', '\n', '1', ';']) {
            const shown = `${BEFORE}${text.slice(0, n)}${key}`;
            const whole = split(shown).map(piece => piece.length);
            assert.deepEqual(encoding.encode(shown), whole, JSON.stringify(shown.slice(BEFORE.length)));
          }
        }
      }
    });
  }

  it('is known for every way of cutting text that has an oracle, and for no other', () => {
    assert.deepEqual(Object.keys(SPLIT_PATTERNS), Object.keys(oracle.ids));
  });

  it('reads other names of the same way', () => {
    const i = oracle.texts.findIndex(text => text.startsWith('const "const"'));
    assert.deepEqual(open(valuesOf('llama3')).encode(oracle.texts[i]), oracle.ids['llama-bpe'][i]);
  });

  it('has no padding: neither its tokens nor their number', () => {
    const { tokenizer, nTokens } = filesOf(valuesOf('qwen2'));
    assert.equal(nTokens, TOOL_CALL + 1);
    assert.deepEqual(
      tokenizer.added_tokens.map(({ id }) => id),
      [0, TOOL_CALL],
    );
    assert.doesNotMatch(JSON.stringify(tokenizer), /\[PAD/);
    const asUser = oracle.types.map(type => (type === 5 ? 4 : type));
    assert.equal(filesOf({ ...valuesOf('qwen2'), 'tokenizer.ggml.token_type': asUser }).nTokens, TOOL_CALL + 1);
  });

  it('keeps tokens that are numbers or names of an object’s own', () => {
    const tokens = [...oracle.tokens.slice(0, TOOL_CALL), '2024', '__proto__', 'constructor', '7'];
    const types = tokens.map((_, id) => (id === 0 ? 3 : 1));
    const values = { 'tokenizer.ggml.tokens': tokens, 'tokenizer.ggml.token_type': types };
    tokens[tokens.indexOf('7')] = '7x7';
    const tokenizer = open({ ...valuesOf('llama-bpe'), ...values });
    assert.equal(tokenizer.vocabSize, TOOL_CALL + 4);
    const of = (id: number) => tokenizer.decode([TOOL_CALL + id]);
    assert.deepEqual([of(0), of(1), of(2), of(3)], ['2024', '__proto__', 'constructor', '7']);
    assert.deepEqual(tokenizer.encode('constructor'), [TOOL_CALL + 2]);
  });

  it('knows a token of a role whose type is that of text, but not text that merges make', () => {
    const tokens = [...oracle.tokens.slice(0, TOOL_CALL), '<|fim_prefix|>', '<', 's>', '<s>'];
    const distinct = tokens.filter((token, i) => tokens.indexOf(token) === i);
    const types = distinct.map((_, id) => (id === 0 ? 3 : 1));
    const merges = [...oracle.merges, '< s>'];
    const tokenizer = open({
      ...valuesOf('gpt-2'),
      'tokenizer.ggml.tokens': distinct,
      'tokenizer.ggml.token_type': types,
      'tokenizer.ggml.merges': merges,
    });
    assert.deepEqual(tokenizer.special, { endoftext: 0, fimPrefix: TOOL_CALL });
    assert.equal(tokenizer.decode([distinct.indexOf('<s>')]), '<s>');
  });

  const tokensOf = (...names: string[]) => {
    const tokens = [...oracle.tokens.slice(0, TOOL_CALL), ...names];
    const types = tokens.map((_, id) => (id === 0 || id >= TOOL_CALL ? 3 : 1));
    return { 'tokenizer.ggml.tokens': tokens, 'tokenizer.ggml.token_type': types };
  };
  const role = (name: string) => `tokenizer.ggml.${name}_token_id`;

  it('ends a text with every token that ends one, the one that the file names first', () => {
    const names = ['<|im_end|>', '<|fim_pad|>', '<|file_sep|>', '<|eot_id|>', '<done>'];
    const values = { ...valuesOf('qwen2'), ...tokensOf(...names), [role('eot')]: TOOL_CALL + 4 };
    const ends = (eos: number) => filesOf({ ...values, [role('eos')]: eos }).generation.eos_token_id;
    assert.deepEqual(
      ends(TOOL_CALL),
      [0, 4, 0, 3, 1, 2].map((id, i) => (i === 2 ? 0 : TOOL_CALL + id)),
    );
    // A base model has the token for the end of a turn too, but does not end a text with it.
    assert.ok(!(ends(0) as number[]).includes(TOOL_CALL));
    assert.equal(filesOf(valuesOf('qwen2')).generation.eos_token_id, 0);
  });

  it('begins with a token only where the file says so, or its kind does', () => {
    const bos = (pre: string, more: Values) =>
      open({ ...valuesOf(pre), ...tokensOf('<begin>'), [role('bos')]: TOOL_CALL, ...more }).special.bos;
    const add = 'tokenizer.ggml.add_bos_token';
    assert.equal(bos('qwen2', {}), undefined);
    assert.equal(bos('qwen2', { [add]: false }), undefined);
    assert.equal(bos('qwen2', { [add]: true }), TOOL_CALL);
    assert.equal(bos('llama-bpe', {}), TOOL_CALL);
    assert.equal(bos('llama-bpe', { [add]: false }), undefined);
    // A known name alone does not count where the file says nothing of it.
    const values = { ...valuesOf('deepseek-coder'), ...tokensOf('<｜begin▁of▁sentence｜>'), [role('bos')]: TOOL_CALL };
    assert.equal(open(values).special.bos, undefined);
  });

  it('brings the chat template, or several by name', () => {
    const one = { ...valuesOf('qwen2'), 'tokenizer.chat_template': '{{ a }}' };
    assert.equal(filesOf(one).config.chat_template, '{{ a }}');
    const two = { 'tokenizer.chat_templates': ['tool_use'], 'tokenizer.chat_template.tool_use': '{{ b }}' };
    assert.deepEqual(filesOf({ ...one, ...two }).config.chat_template, [
      { name: 'default', template: '{{ a }}' },
      { name: 'tool_use', template: '{{ b }}' },
    ]);
    assert.ok(!('chat_template' in filesOf(valuesOf('qwen2')).config));
  });

  it('is the one that the file brings whole, where it does', () => {
    const json = JSON.stringify(filesOf(valuesOf('smollm')).tokenizer);
    const values = { 'tokenizer.huggingface.json': json, [role('eos')]: 0, 'tokenizer.ggml.model': 'no matter' };
    const { text, nTokens } = textFilesOf(fakeMetadata(values));
    assert.equal(text['tokenizer.json'], json);
    assert.equal(nTokens, TOOL_CALL + 1);
    assert.equal(JSON.parse(text['generation_config.json']).eos_token_id, 0);
    assert.deepEqual(open(values).encode(oracle.texts[4]), oracle.ids.smollm[4]);
  });

  it('finds the tokens that may follow where bytes are owed, as a look at each finds them', () => {
    const tokenizer = open(valuesOf('qwen2'));
    const encoder = new TextEncoder();
    const owed = [...oracle.texts.map(text => encoder.encode(text).subarray(0, 9)), encoder.encode('<tool_')];
    for (let byte = 0; byte < 256; byte++) owed.push(Uint8Array.of(byte), Uint8Array.of(0x20, byte));
    for (const bytes of owed)
      assert.deepEqual(tokenizer.startingWith(bytes), scanStartingWith(tokenizer, bytes), String(bytes));
    const long = encoder.encode(' '.repeat(5000));
    assert.deepEqual(tokenizer.startingWith(long), scanStartingWith(tokenizer, long));
    assert.ok(tokenizer.startingWith(encoder.encode(' ')).length > 20);
  });

  const { 'tokenizer.ggml.merges': _, ...withoutMerges } = valuesOf('qwen2');
  const refusals: readonly (readonly [string, Values, RegExp])[] = [
    ['SentencePiece', { ...valuesOf('qwen2'), 'tokenizer.ggml.model': 'llama' }, /"llama" \(SentencePiece\).*Qwen2\.5/],
    ['an unknown kind', { ...valuesOf('qwen2'), 'tokenizer.ggml.model': 'rwkv' }, /"rwkv".*Qwen2\.5/],
    ['an unknown way of cutting', valuesOf('poro-chat'), /"poro-chat".*qwen2, llama-bpe/],
    ['a way that is a name of an object’s own', valuesOf('constructor'), /"constructor"/],
    ['no way of cutting', valuesOf(''), /tokenizer\.ggml\.pre.*newer conversion/],
    ['no merges', withoutMerges, /"tokenizer\.ggml\.merges" is missing/],
    ['lists of different lengths', { ...valuesOf('qwen2'), 'tokenizer.ggml.token_type': [1, 3] }, /but 2 token types/],
    ['a merge of no tokens', { ...valuesOf('qwen2'), 'tokenizer.ggml.merges': ['a qqq'] }, /"qqq", which is no token/],
    ['no merge of two', { ...valuesOf('qwen2'), 'tokenizer.ggml.merges': ['ab'] }, /"ab" is no merge/],
    ['two tokens alike', { ...valuesOf('qwen2'), ...tokensOf('!') }, /same text/],
    [
      'no end',
      {
        ...valuesOf('qwen2'),
        ...tokensOf(),
        'tokenizer.ggml.token_type': oracle.types.slice(0, TOOL_CALL).fill(1, 0, 1),
        'tokenizer.ggml.tokens': ['<x>', ...oracle.tokens.slice(1, TOOL_CALL)],
      },
      /could not end/,
    ],
    ['a broken tokenizer.json', { 'tokenizer.huggingface.json': '{' }, /huggingface\.json cannot be read/],
  ];
  for (const [what, values, message] of refusals) {
    it(`is refused with ${what}`, () => {
      assert.throws(
        () => textFilesOf(fakeMetadata(values)),
        (error: unknown) => {
          assert.ok(error instanceof UserError);
          assert.match(error.message, message);
          assertTranslatable(error.sentence);
          return true;
        },
      );
    });
  }
});
