/** One import, from the choice of a source to what becomes of it: which stage comes after which, and what each asks for. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AbortError, UserError } from '../../src/core/errors';
import { expectedSpeed, PROMPT_TOKENS } from '../../src/host/proposals/expectedSpeed';
import type { ImporterCalls, WithImporter } from '../../src/host/proposals/importer';
import { ImportRun, type ImportRunStage, type ImportSource, SAMPLE } from '../../src/host/proposals/importRun';
import { ProposalStore } from '../../src/host/proposals/proposalStore';
import type { ImportPlan, ImportSpec, MachineSpeed } from '../../src/protocol/importing';
import type { InspectResult } from '../../src/protocol/inspection';
import { parseFromImportPage } from '../../src/protocol/pages/importProposal';

const PLAN: ImportPlan = {
  ...{ title: 'Tiny', licence: 'mit', family: 'qwen2', nParameters: 1e6, sourceBytes: 2e6, contextLength: 512 },
  ...{ fim: true, chat: false },
  formats: [
    { format: 'int8', sizeBytes: 1e6, memoryBytes: 2e6 },
    { format: 'int4', sizeBytes: 5e5, memoryBytes: 1e6 },
  ],
};
const SPEEDS: readonly MachineSpeed[] = [{ format: 'int8', stepBytesPerS: 1e9, prefillProductsPerS: 1e11 }];
const REPORT: InspectResult = {
  ...{ architecture: 'qwen2', graphFile: 'onnx/model_int8.onnx', graphForm: 'delta', dtype: 'int8' },
  ...{ tokenizerSha256: 'a'.repeat(64), vocabSize: 10, contextLength: 512, fim: undefined, weightsBytes: 1 },
  ...{ memoryBytes: 1, cacheBytesPerToken: 1, loadMs: 1, msPerToken: 1 },
};
const SOURCE: ImportSource = { name: 'tiny', source: '/models/tiny.gguf', sizeBytes: 2e6 };

describe('an import', () => {
  let root: string;
  let stages: ImportRunStage[];
  let runs: ImportRun[];
  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'residual-run-'));
    stages = [];
    runs = [];
  });
  afterEach(async () => {
    await Promise.all(runs.map(run => run.close()));
    rmSync(root, { recursive: true });
  });

  interface Fake {
    readonly plan?: () => Promise<ImportPlan>;
    readonly measure?: () => Promise<readonly MachineSpeed[]>;
    readonly import?: (spec: ImportSpec, signal: AbortSignal) => Promise<null>;
    readonly complete?: (before: string, after: string) => Promise<string>;
  }

  const write = async ({ out }: ImportSpec) => {
    mkdirSync(path.join(out, 'onnx'), { recursive: true });
    writeFileSync(path.join(out, 'onnx/model_int8.onnx'), 'graph');
    return null;
  };

  /** The importer of a test: answers from memory, and ends as the real one does when nobody wants it. */
  const importerOf =
    (fake: Fake): WithImporter =>
    (work, signal) => {
      const answers = {
        plan: fake.plan ?? (async () => PLAN),
        measure: fake.measure ?? (async () => SPEEDS),
        import: ({ spec }: { spec: ImportSpec }) => (fake.import ?? write)(spec, signal),
      };
      const call = (method: keyof typeof answers, params: never) => answers[method](params);
      return work({ call } as unknown as ImporterCalls);
    };

  function begin(fake: Fake = {}, source: ImportSource = SOURCE): ImportRun {
    const run: ImportRun = new ImportRun(source, {
      ...{ store: new ProposalStore(root), withImporter: importerOf(fake), inspect: async () => REPORT },
      ...{ nThreads: () => 1, taken: async () => ['tiny-int8'], now: () => 5, freeBytes: async () => 1e9 },
      complete: async (_, { prefix, lineRest, suffix }) =>
        (fake.complete ?? (async () => 'done'))(prefix, `${lineRest}|${suffix}`),
      onChange: () => stages.push(run.stage),
    });
    runs.push(run);
    return run;
  }
  /** Read anew: what it was before says nothing of what it is. */
  const importedOf = ({ stage }: ImportRun) => {
    assert.ok(stage.kind === 'imported', stage.kind);
    return stage;
  };
  const kinds = () => stages.map(({ kind }) => kind);
  const proposals = () => readdirSync(path.join(root, 'proposals')).filter(name => !name.startsWith('.'));

  it('says what will happen, happens when it is wanted, and is kept', async () => {
    const run = begin();
    await run.look();
    assert.deepEqual(run.stage, { kind: 'planned', plan: PLAN, speeds: SPEEDS });
    await run.import('int8');
    assert.deepEqual(kinds(), ['looking', 'looking', 'planned', 'working', 'working', 'imported']);
    assert.deepEqual(proposals(), ['Tiny-int8-2']);
    assert.deepEqual(importedOf(run).imported, { id: 'Tiny-int8-2', title: 'Tiny (int8)', report: REPORT });
    assert.deepEqual(importedOf(run).trial, SAMPLE);
    run.end('kept');
    assert.deepEqual(run.stage, { kind: 'ended', title: 'Tiny (int8)', how: 'kept' });
  });

  it('is planned also where the machine cannot be measured', async () => {
    const run = begin({ measure: () => Promise.reject(new Error('no runtime')) });
    await run.look();
    assert.deepEqual(run.stage, { kind: 'planned', plan: PLAN, speeds: [] });
  });

  it('that cannot be says why, and is looked at anew', async () => {
    let nAsked = 0;
    const refusal = new UserError('unsupported-model', 'no');
    const run = begin({ plan: () => (nAsked++ === 0 ? Promise.reject(refusal) : Promise.resolve(PLAN)) });
    await run.look();
    assert.deepEqual(run.stage, { kind: 'failed', error: refusal });
    await run.import('int8');
    assert.equal(run.stage.kind, 'failed');
    await run.look();
    assert.equal(run.stage.kind, 'planned');
  });

  it('that is cancelled is a plan again, with nothing left', async () => {
    let isBegun: () => void = () => {};
    const begun = new Promise<void>(resolve => {
      isBegun = resolve;
    });
    const run = begin({
      import: async (spec, signal) => {
        await write(spec);
        isBegun();
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new AbortError())));
      },
    });
    await run.look();
    const importing = run.import('int8');
    await begun;
    assert.ok(run.isWorking);
    await run.cancel();
    await importing;
    assert.equal(run.stage.kind, 'planned');
    assert.deepEqual(proposals(), []);
    assert.deepEqual(readdirSync(path.join(root, 'proposals/.incoming')), []);
    assert.ok(!kinds().includes('failed'));
  });

  it('removes a download only once it is a proposal', async () => {
    let isGone = false;
    const discard = async () => {
      isGone = true;
    };
    const source = { ...SOURCE, discard };
    let fails = true;
    const run = begin({ import: spec => (fails ? Promise.reject(new UserError('x', 'no')) : write(spec)) }, source);
    await run.look();
    await run.import('int8');
    assert.equal(run.stage.kind, 'failed');
    assert.ok(!isGone);
    fails = false;
    await run.look();
    await run.import('int8');
    assert.equal(run.stage.kind, 'imported');
    assert.ok(isGone);
  });

  it('is tried where the cursor is, and says what fails', async () => {
    const asked: string[][] = [];
    let fails = false;
    const run = begin({
      complete: async (before, after) => {
        asked.push([before, after]);
        if (fails) throw new UserError('x', 'no');
        return 'b';
      },
    });
    await run.look();
    await run.import('int8');
    await run.try('a', 'c\nd\ne');
    assert.deepEqual(asked, [['a', 'c|d\ne']]);
    assert.deepEqual(importedOf(run).trial, { before: 'a', after: 'c\nd\ne', text: 'b', elapsedMs: 0 });
    fails = true;
    await run.try('a', '');
    assert.ok(importedOf(run).trial.error instanceof UserError);
  });

  it('does nothing out of its order', async () => {
    const run = begin();
    await run.import('int8');
    await run.try('a', 'b');
    run.end('used');
    assert.deepEqual(stages, []);
    assert.equal(run.stage.kind, 'looking');
  });
});

describe('the speed that is expected', () => {
  it('is that of the bytes a step reads, and of the products of a prompt', () => {
    const speed = expectedSpeed(PLAN, 'int8', SPEEDS);
    assert.ok(speed);
    assert.equal(speed.tokensPerS, 1000);
    assert.equal(speed.firstTokenMs, (1000 * PROMPT_TOKENS * 1e6) / 1e11 + 1);
  });
  it('is unknown where it was not measured', () => assert.equal(expectedSpeed(PLAN, 'int4', SPEEDS), undefined));
});

describe('messages of the page that imports', () => {
  for (const message of [
    ...['ready', 'choose', 'cancel', 'again', 'use', 'keep', 'delete', 'showLog'].map(kind => ({ kind })),
    { kind: 'import', format: 'int4' },
    { kind: 'try', before: 'a', after: '' },
  ])
    it(`are ${JSON.stringify(message)}`, () => assert.deepEqual(parseFromImportPage(message), message));
  for (const message of [
    ...[undefined, null, 5, 'ready', [], {}, { kind: 'import' }, { kind: 'import', format: 'int2' }],
    ...[{ kind: 'try', before: 'a' }, { kind: 'try', before: 'x'.repeat(20_001), after: '' }, { kind: 'remove' }],
  ])
    it(`are not ${JSON.stringify(message)?.slice(0, 60)}`, () => assert.equal(parseFromImportPage(message), undefined));
});
