/** The importer's process: what it answers, what a crash, a cancel and a damaged file leave, and how a model gets in. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AbortError, isAbortError, UserError } from '../../src/core/errors';
import { EngineClient } from '../../src/host/engineClient';
import { type ImporterOptions, importerOf } from '../../src/host/proposals/importer';
import { type ImportStep, importModel, type WantedImport } from '../../src/host/proposals/importModel';
import { ProposalStore } from '../../src/host/proposals/proposalStore';
import { createImporter } from '../../src/importer/importer';
import { machineSpeed } from '../../src/importer/speed/machineSpeed';
import type { FoundModel, ImportProgress } from '../../src/protocol/importing';
import type { InspectRequest } from '../../src/protocol/inspection';
import { ggufBytes } from '../unit/support/ggufBytes';
import { fakeEngine } from './support/fakeEngine';
import { DELTA, never, proposalDir } from './support/fixtures';
import { writeTinyModel } from './support/tinyModel';

const IMPORTER = path.resolve('dist/importer.js');

describe('the importer', () => {
  let root: string;
  const lines: string[] = [];
  const real: ImporterOptions = { script: IMPORTER, onLog: line => void lines.push(line) };
  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'residual-import-'));
    lines.length = 0;
  });
  afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));

  it('finds models without the runtime of models, and ends with its work', async () => {
    const file = path.join(root, 'llama.cpp/tiny.gguf');
    const machine = { platform: 'linux', home: root, variables: { LLAMA_CACHE: path.dirname(file) } };
    const values = { 'general.architecture': 'mamba' };
    mkdirSync(path.dirname(file));
    writeFileSync(file, ggufBytes({ values, tensors: [['a', [32], 0, 128]] }));
    const streamed: FoundModel[] = [];
    const found = await importerOf(real)(
      importer => importer.call('find', machine, model => void streamed.push(model)),
      never,
    );
    assert.deepEqual(found.models, streamed);
    assert.deepEqual(
      found.models.map(({ name, architecture }) => [name, architecture]),
      [['tiny', 'mamba']],
    );
    assert.deepEqual(lines, []);
  });

  it('measures products in both forms, within its seconds', async () => {
    const startedMs = performance.now();
    const speeds = await machineSpeed(1, never);
    assert.ok(performance.now() - startedMs < 60_000);
    assert.deepEqual(
      speeds.map(({ format }) => format),
      ['int8', 'int4'],
    );
    for (const { stepBytesPerS, prefillProductsPerS } of speeds) {
      // From a slow memory card to the fastest of servers: a factor of a thousand in the units would show.
      assert.ok(stepBytesPerS > 1e7 && stepBytesPerS < 1e13, `${stepBytesPerS}`);
      assert.ok(prefillProductsPerS > 1e7 && prefillProductsPerS < 1e14, `${prefillProductsPerS}`);
    }
  });

  it('does not begin with a file that is not what its program says it is', async () => {
    const source = path.join(root, 'blob');
    writeFileSync(source, 'content');
    const begun: string[] = [];
    const importer = createImporter({
      planImport: () => Promise.reject(new Error('not asked')),
      importProposal: async ({ source: from }) => void begun.push(from),
      readGguf: async () => ({}),
      machineSpeed: async () => [],
    });
    const spec = { source, out: path.join(root, 'out'), id: 'mine', format: 'int8' } as const;
    const seen: ImportProgress[] = [];
    const sha256 = createHash('sha256').update('content').digest('hex');
    await importer.import({ spec, sha256 }, progress => void seen.push(progress), never);
    assert.deepEqual(begun, [source]);
    assert.deepEqual(seen, [{ phase: 'checking', done: 7, total: 7 }]);
    await assert.rejects(
      importer.import({ spec, sha256: 'a'.repeat(64) }, () => {}, never),
      (error: unknown) => error instanceof UserError && error.code === 'source-damaged',
    );
    assert.equal(begun.length, 1);
  });

  it('that is not there is said to be', async () => {
    const absent = importerOf({ ...real, script: path.join(root, 'importer.js') });
    await assert.rejects(
      absent(() => Promise.resolve(), never),
      (error: unknown) => error instanceof UserError && error.code === 'importer-missing',
    );
  });

  describe('makes a proposal', () => {
    let client: EngineClient;
    let store: ProposalStore;
    before(() => {
      const limits = { threads: 1, memoryMiB: 100 };
      client = new EngineClient({ script: path.resolve('dist/engine.js'), modelsDir: DELTA, limits });
    });
    after(() => client.dispose());
    beforeEach(() => {
      store = new ProposalStore(root);
    });

    /** A program in the importer's place that writes a model that is there already, or does what a test wants. */
    const behaving = (behaviour: string) =>
      importerOf({
        ...real,
        script: fakeEngine(root, `const from = ${JSON.stringify(proposalDir('delta'))};\n${behaviour}`),
      });
    const WRITES = `fs.cpSync(from, params.spec.out, { recursive: true });`;
    const wanted = (more: Partial<WantedImport> = {}): WantedImport => ({
      ...{
        source: '/models/a.gguf',
        id: 'mine',
        title: 'Mine (int8)',
        licence: undefined,
        format: 'int8',
        sizeBytes: 1,
      },
      ...more,
    });
    const bring = (
      behaviour: string,
      more: Partial<WantedImport> = {},
      signal = never,
      onStep = (_: ImportStep) => {},
    ) =>
      importModel(
        {
          store,
          withImporter: behaving(behaviour),
          inspect: (request, end) => client.call('inspectProposal', request, end),
          freeBytes: async () => 1e9,
        },
        wanted(more),
        onStep,
        signal,
      );
    const left = () => (existsSync(path.join(root, 'proposals')) ? readdirSync(path.join(root, 'proposals')) : []);
    const incoming = () => readdirSync(path.join(root, 'proposals/.incoming'));

    it('with everything that was written, and what its source is licensed under', async () => {
      const steps: string[] = [];
      const behaviour = `${WRITES} progress({ phase: 'writing', done: 1, total: 2 }); answer(null);`;
      const report = await bring(behaviour, { licence: 'mit' }, never, ({ phase }) => void steps.push(phase));
      assert.ok(report.msPerToken > 0);
      assert.deepEqual(steps, ['writing', 'trying']);
      const dir = path.join(root, 'proposals/mine');
      const manifest = JSON.parse(readFileSync(path.join(dir, 'residual.json'), 'utf8'));
      assert.deepEqual([manifest.id, manifest.title, manifest.licence], ['mine', 'Mine (int8)', 'mit']);
      const names = readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile() && entry.name !== 'residual.json')
        .map(entry => path.relative(dir, path.join(entry.parentPath, entry.name)));
      assert.deepEqual(Object.keys(manifest.files).sort(), names.sort());
      for (const name of names)
        assert.equal(
          manifest.files[name],
          createHash('sha256')
            .update(readFileSync(path.join(dir, name)))
            .digest('hex'),
        );
      assert.deepEqual(incoming(), []);
      await store.remove('mine');
      assert.deepEqual(left(), ['.incoming']);
      assert.deepEqual(incoming(), []);
    });

    it('of a model as people have it, by the importer itself, and it completes', async () => {
      const source = path.join(root, 'source');
      writeTinyModel(source);
      const plan = await importerOf(real)(importer => importer.call('plan', { source }), never);
      assert.deepEqual(
        plan.formats.map(({ format }) => format),
        ['int8', 'int4'],
      );
      for (const { format, sizeBytes } of plan.formats) {
        const phases = new Set<string>();
        const parts = {
          ...{ store, withImporter: importerOf(real) },
          inspect: (request: InspectRequest, end: AbortSignal) => client.call('inspectProposal', request, end),
        };
        const more = { id: `mine-${format}`, source, format, sizeBytes, title: plan.title };
        await importModel(parts, wanted(more), ({ phase }) => void phases.add(phase), never);
        assert.ok(phases.has('writing') && phases.has('trying'), [...phases].join());
        const { completions } = await client.call(
          'complete',
          {
            proposal: { id: `mine-${format}`, dir: store.dirOf(`mine-${format}`) },
            modules: [],
            text: { path: 'src/a.ts', prefix: 'const a = ', lineRest: '', suffix: 'foo();\n', neighbours: [] },
            sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 1, nCandidates: 8 },
            extent: 'block',
            maxTokens: 8,
            contextTokens: 100,
            nCompletions: 1,
          },
          never,
        );
        assert.equal(completions.length, 1);
      }
      assert.deepEqual(incoming(), []);
      assert.deepEqual(lines, []);
    });

    it('not where there is no room for it', async () => {
      await assert.rejects(
        bring(`${WRITES} answer(null);`, { sizeBytes: 2e9 }),
        (error: unknown) => error instanceof UserError && error.code === 'disk-full',
      );
      assert.deepEqual(incoming(), []);
    });

    for (const [what, behaviour, code] of [
      ['that dies', `${WRITES} process.exit(7);`, 'importer-crashed'],
      ['that is killed', `${WRITES} process.kill(process.pid, 'SIGKILL');`, 'importer-crashed'],
      ['that writes nothing', 'answer(null);', 'import-failed'],
      [
        'that fills the disk',
        `send({ kind: 'error', id, error: { code: 'internal', message: 'ENOSPC: no space left' } });`,
        'disk-full',
      ],
    ] as const) {
      it(`says one thing of an importer ${what}, and leaves nothing`, async () => {
        await assert.rejects(bring(behaviour), (error: unknown) => error instanceof UserError && error.code === code);
        assert.deepEqual(incoming(), []);
        assert.deepEqual(left(), ['.incoming']);
      });
    }

    it('of which nothing is left when it is cancelled in the middle', async () => {
      const controller = new AbortController();
      const behaviour = `${WRITES} fs.writeFileSync(${JSON.stringify(path.join(root, 'pid'))}, String(process.pid));
        progress({ phase: 'quantising', done: 1, total: 9 });`;
      const onStep = () => controller.abort();
      await assert.rejects(bring(behaviour, {}, controller.signal, onStep), isAbortError);
      assert.deepEqual(incoming(), []);
      // Whoever wrote has ended.
      const pid = Number(readFileSync(path.join(root, 'pid'), 'utf8'));
      assert.throws(() => process.kill(pid, 0));
    });

    it('not that the engine refuses', async () => {
      const breaks = `${WRITES} fs.writeFileSync(params.spec.out + '/tokenizer.json', '{}'); answer(null);`;
      await assert.rejects(bring(breaks), UserError);
      assert.deepEqual(incoming(), []);
    });

    it('never over one that is there', async () => {
      await bring(`${WRITES} answer(null);`);
      await assert.rejects(
        bring(`${WRITES} answer(null);`),
        (error: unknown) => error instanceof UserError && error.code === 'proposal-exists',
      );
    });
  });

  it('is not even started for work that nobody wants', async () => {
    const controller = new AbortController();
    controller.abort();
    await assert.rejects(
      importerOf(real)(() => Promise.resolve(), controller.signal),
      AbortError,
    );
  });
});
