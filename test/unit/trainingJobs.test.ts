/** The running of training jobs, with a trainer that does what it is told and a store on a real disk. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AbortError, UserError } from '../../src/core/errors';
import { say, spoken } from '../../src/core/sentence';
import { PendingImprovement } from '../../src/host/feedback/improvement';
import { JobStore } from '../../src/host/training/jobStore';
import type { TrainingCalls } from '../../src/host/training/trainer';
import { TrainingJobs, type TrainingJobsParts } from '../../src/host/training/trainingJobs';
import { defaultForm, type Ground, idOf } from '../../src/host/training/trainingSpec';
import type { JobStage, TrainingForm } from '../../src/protocol/pages/training';
import type { DryRun, TrainingOutcome, TrainingProgress, TrainingSpec } from '../../src/protocol/training';

const FORM = defaultForm('Our style', 'generic', 4);
const CODE = `export function add(a: number, b: number): number {\n  return a + b;\n}\n`;

const dryRun: DryRun = {
  nFiles: 3,
  nDuplicates: 0,
  nUnfit: 0,
  nSecrets: { keys: 0, tokens: 0, addresses: 0 },
  nTrainTokens: 1000,
  nHeldOutTokens: 100,
  nHeldOutFiles: 1,
  nPairs: 0,
  nReplayTokens: 0,
  tokensPerS: 3000,
  minutes: 2,
  epochs: 4,
};

const progress = (step: number, more: Partial<TrainingProgress> = {}): TrainingProgress => ({
  phase: 'training',
  share: step / 10,
  step,
  nTokens: step * 100,
  loss: 3 - step / 10,
  tokensPerS: 3000,
  secondsLeft: 10 - step,
  rssBytes: 1e8,
  ...more,
});

/** Trains when it is told how: until then it waits, and an abort ends the wait. */
class FakeTrainer implements TrainingCalls {
  readonly asked: string[] = [];
  specs: TrainingSpec[] = [];
  outcome: Partial<TrainingOutcome> = {};
  /** What each call of `train` does beyond its progress; the next one waits when there is none. */
  readonly plan: ((dir: string) => void)[] = [];
  prepareFails: Error | undefined;
  nFiles = 0;
  #wake: (() => void)[] = [];

  readonly call = (async (method: string, params: never, signal: AbortSignal) => {
    this.asked.push(method);
    if (signal.aborted) throw new AbortError();
    const { dir, spec, files } = params as { dir: string; spec: TrainingSpec; files: unknown[] };
    if (method === 'begin') {
      mkdirSync(dir, { recursive: true });
      writeFileSync(path.join(dir, 'tokens.bin'), 'code');
      this.specs.push(spec);
    }
    if (method === 'addFiles') this.nFiles += files.length;
    if (method !== 'prepare') return null;
    if (this.prepareFails !== undefined) throw this.prepareFails;
    return dryRun;
  }) as TrainingCalls['call'];

  async train(dir: string, onProgress: (progress: TrainingProgress) => void, signal: AbortSignal) {
    this.asked.push('train');
    const first = existsSync(path.join(dir, 'checkpoint')) ? 5 : 1;
    for (let step = first; step < first + 4; step++) {
      const said = progress(step);
      appendFileSync(path.join(dir, 'log.jsonl'), `${JSON.stringify(said)}\n`);
      onProgress(said);
    }
    const next = this.plan.shift();
    for (const wake of this.#wake.splice(0)) wake();
    if (next === undefined) {
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
      writeFileSync(path.join(dir, 'checkpoint'), 'weights');
      throw new AbortError();
    }
    next(dir);
    mkdirSync(path.join(dir, 'module'), { recursive: true });
    const spec = JSON.parse(readFileSync(path.join(dir, 'spec.json'), 'utf8')) as TrainingSpec;
    writeFileSync(path.join(dir, 'module', 'module.json'), JSON.stringify(spec.module));
    return {
      state: 'finished',
      moduleDir: path.join(dir, 'module'),
      strength: 0.4,
      temperature: 1,
      evaluation: [],
      nTokens: 800,
      seconds: 3,
      ...this.outcome,
    } satisfies TrainingOutcome;
  }

  /** Resolves when `train` has said its progress. */
  trains(): Promise<void> {
    return new Promise(resolve => this.#wake.push(resolve));
  }
}

const works = (): void => {};

describe('training jobs', () => {
  let root: string;
  let trainer: FakeTrainer;
  const opened: TrainingJobs[] = [];
  const modules = () => path.join(root, 'modules');
  const jobDirs = () => readdirSync(path.join(root, 'training')).filter(name => !name.endsWith('.lock'));
  const record = () => JSON.parse(readFileSync(path.join(root, 'training', jobDirs()[0], 'job.json'), 'utf8'));

  const groundAt = (dir: string) => async (): Promise<Ground> => {
    const found = (id: string) => ({ id, dir: `${dir}/${id}`, origin: 'shipped', sizeBytes: 1 }) as const;
    return { proposal: found('residual-6m'), bases: [found('generic')] };
  };

  function open(over: Partial<TrainingJobsParts> = {}): TrainingJobs {
    const jobs = new TrainingJobs({
      store: new JobStore(path.join(root, 'training')),
      withTrainer: (work, signal) => (signal.aborted ? Promise.reject(new AbortError()) : work(trainer)),
      folders: () => [{ name: 'w', dir: path.join(root, 'workspace'), mayRead: () => true }],
      matches: (file, glob) => file.endsWith(glob),
      modules: {
        freeId: async id => (existsSync(path.join(modules(), id)) ? `${id}-2` : id),
        adopt: async dir => {
          const { id } = JSON.parse(readFileSync(path.join(dir, 'module.json'), 'utf8'));
          mkdirSync(modules(), { recursive: true });
          renameSync(dir, path.join(modules(), id));
        },
        changeId: async (dir, id) => writeFileSync(path.join(dir, 'module.json'), JSON.stringify({ id })),
      },
      mayTrain: () => true,
      ground: groundAt('/models'),
      clock: { now: () => 0, sleep: () => Promise.resolve() },
      now: () => Date.UTC(2026, 4, 6, 7, 8, 9) + 1000 * nJobs++,
      random: () => 'abcd',
      onLog: () => {},
      ...over,
    });
    opened.push(jobs);
    return jobs;
  }
  let nJobs = 0;

  /** Resolves with the stage that is wanted. */
  function reaches<K extends JobStage['kind']>(jobs: TrainingJobs, kind: K): Promise<Extract<JobStage, { kind: K }>> {
    return new Promise(resolve => {
      const look = () => {
        const stage = stageOf(jobs);
        if (stage?.kind !== kind || (kind !== 'training' && jobs.working !== undefined)) return;
        listening.dispose();
        resolve(stage as Extract<JobStage, { kind: K }>);
      };
      const listening = jobs.listen({ changed: look });
      look();
    });
  }
  const around = {
    speak: (sentence: Parameters<typeof spoken>[0]) => spoken(sentence),
    hasModule: (id: string) => existsSync(path.join(modules(), id)),
    isUsed: () => false,
  };
  const stageOf = (jobs: TrainingJobs): JobStage | undefined => jobs.view(around).job?.stage;
  const shownId = (jobs: TrainingJobs): string => jobs.view(around).job?.id ?? assert.fail('no job is shown');

  beforeEach(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'residual-jobs-'));
    trainer = new FakeTrainer();
    nJobs = 0;
    mkdirSync(path.join(root, 'workspace', 'src'), { recursive: true });
    for (const name of ['a', 'b', 'c']) writeFileSync(path.join(root, 'workspace', 'src', `${name}.ts`), CODE);
  });
  afterEach(() => {
    for (const jobs of opened.splice(0)) jobs.dispose();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });

  it('looks at the code without training, and trains what was looked at', async () => {
    const jobs = open();
    await jobs.check(FORM);
    const checked = await reaches(jobs, 'checked');
    assert.deepEqual(checked.dryRun, dryRun);
    assert.deepEqual(trainer.asked, ['begin', 'addFiles', 'prepare']);
    assert.equal(trainer.nFiles, 3);
    trainer.plan.push(works);
    await jobs.train(FORM);
    const { report } = await reaches(jobs, 'finished');
    assert.deepEqual([report.state, report.place], ['finished', 'modules']);
    assert.deepEqual(trainer.asked, ['begin', 'addFiles', 'prepare', 'train']);
  });

  it('tells the trainer what the form says', async () => {
    const jobs = open();
    const form: TrainingForm = {
      ...FORM,
      title: 'Ünser  Stil!',
      objective: 'ram',
      minutes: 3,
      seed: 9,
      memoryMiB: 700,
    };
    await jobs.check(form);
    await reaches(jobs, 'checked');
    const [spec] = trainer.specs;
    assert.equal(spec.module.id, 'unser-stil');
    assert.equal(spec.module.title, 'Ünser  Stil!');
    assert.deepEqual([spec.objective, spec.minutes, spec.seed, spec.memoryMiB], ['ram', 3, 9, 700]);
    assert.deepEqual(spec.proposal, { id: 'residual-6m', dir: '/models/residual-6m' });
    assert.deepEqual(spec.base, { id: 'generic', dir: '/models/generic' });
  });

  it('looks at the code again when the form was changed meanwhile', async () => {
    const jobs = open();
    await jobs.check(FORM);
    await reaches(jobs, 'checked');
    trainer.plan.push(works);
    await jobs.train({ ...FORM, minutes: 1 });
    await reaches(jobs, 'finished');
    assert.deepEqual(trainer.asked, ['begin', 'addFiles', 'prepare', 'begin', 'addFiles', 'prepare', 'train']);
    assert.equal(jobDirs().length, 1, 'what was only looked at is left on the disk');
  });

  it('moves a finished module to its place and lets go of what it was made from', async () => {
    const jobs = open();
    trainer.plan.push(works);
    await jobs.train(FORM);
    await reaches(jobs, 'finished');
    assert.deepEqual(readdirSync(modules()), ['our-style']);
    assert.deepEqual(readdirSync(path.join(root, 'training', shownId(jobs))).sort(), ['job.json', 'log.jsonl']);
  });

  it('gives a module another id when its own was taken while it trained', async () => {
    const jobs = open();
    trainer.plan.push(() => mkdirSync(path.join(modules(), 'our-style'), { recursive: true }));
    await jobs.train(FORM);
    const { report } = await reaches(jobs, 'finished');
    assert.equal(report.place, 'modules');
    assert.equal(jobs.view(around).job?.moduleId, 'our-style-2');
    assert.equal(
      JSON.parse(readFileSync(path.join(modules(), 'our-style-2', 'module.json'), 'utf8')).id,
      'our-style-2',
    );
  });

  it('leaves a module that is no gain aside until a person keeps it', async () => {
    const jobs = open();
    trainer.outcome = { state: 'no-gain' };
    trainer.plan.push(works);
    await jobs.train(FORM);
    const { report } = await reaches(jobs, 'finished');
    assert.deepEqual([report.state, report.place, report.isUsed], ['no-gain', 'aside', false]);
    assert.equal(existsSync(modules()), false, 'it is among the modules');
    const files = readdirSync(path.join(root, 'training', shownId(jobs))).sort();
    assert.deepEqual(files, ['job.json', 'log.jsonl', 'module']);
    await jobs.keep(shownId(jobs));
    assert.deepEqual(readdirSync(modules()), ['our-style']);
    const kept = stageOf(jobs);
    assert.ok(kept?.kind === 'finished' && kept.report.place === 'modules' && !kept.report.isUsed);
  });

  it('pauses, keeps the curve, and resumes from there', async () => {
    const jobs = open();
    const trains = trainer.trains();
    await jobs.train(FORM);
    await trains;
    assert.equal(stageOf(jobs)?.kind, 'training');
    await jobs.pause();
    assert.equal(stageOf(jobs)?.kind, 'paused');
    assert.equal(record().stage.kind, 'paused');
    trainer.plan.push(works);
    await jobs.resume(shownId(jobs));
    await reaches(jobs, 'finished');
    assert.deepEqual(
      jobs.view(around).job?.curve.map(({ nTokens }) => nTokens),
      [100, 200, 300, 400, 500, 600, 700, 800],
    );
  });

  it('does not resume by itself what a person paused', async () => {
    const jobs = open();
    const trains = trainer.trains();
    await jobs.train(FORM);
    await trains;
    await jobs.pause();
    jobs.dispose();
    const again = open();
    await again.open();
    assert.equal(again.working, undefined);
    assert.deepEqual(
      again.view(around).past.map(({ state }) => state),
      ['paused'],
    );
  });

  it('waits while a module learns from feedback', async () => {
    const pending = new PendingImprovement(path.join(root, 'feedback', 'improvement'));
    const jobs = open();
    const learning = pending.make(path.join(root, 'training'), async () => {
      const free = new Promise<void>(resolve => {
        jobs.listen({ changed: () => jobs.isElsewhere && resolve() });
      });
      await jobs.train(FORM);
      await free;
      assert.deepEqual([jobDirs(), trainer.asked, jobs.working], [[], [], undefined]);
      return { id: 'mine', rows: [] } as never;
    });
    await learning;
    await jobs.open();
    assert.equal(jobs.isElsewhere, false);
    trainer.plan.push(works);
    await jobs.train(FORM);
    await reaches(jobs, 'finished');
  });

  it('cancels and leaves nothing', async () => {
    const jobs = open();
    const trains = trainer.trains();
    await jobs.train(FORM);
    await trains;
    await jobs.cancel(shownId(jobs));
    assert.deepEqual(jobDirs(), []);
    assert.deepEqual(jobs.view(around), { job: undefined, past: [] });
    // The next one is free to begin.
    await jobs.check(FORM);
    await reaches(jobs, 'checked');
  });

  it('are erased together, whatever is left of each, and not while one is worked on', async () => {
    const jobs = open();
    assert.deepEqual(await jobs.account(), { nJobs: 0, sizeBytes: 0 });
    trainer.plan.push(works);
    await jobs.train(FORM);
    await reaches(jobs, 'finished');
    const trains = trainer.trains();
    await jobs.train({ ...FORM, title: 'Another style' });
    await trains;
    const damaged = path.join(root, 'training', '20260102-030405-abcd');
    mkdirSync(damaged);
    writeFileSync(path.join(damaged, 'job.json'), '{');
    writeFileSync(path.join(damaged, 'tokens.bin'), Buffer.alloc(5000));
    writeFileSync(path.join(root, 'training', 'notes.txt'), 'of somebody else');
    await assert.rejects(jobs.removeAll(), { code: 'locked' });
    assert.equal((await jobs.account()).nJobs, 3);
    await jobs.pause();
    const { nJobs, sizeBytes } = await jobs.account();
    assert.equal(nJobs, 3);
    assert.ok(sizeBytes > 5000 && sizeBytes < 50_000, `${sizeBytes} bytes`);
    await jobs.removeAll();
    assert.deepEqual(jobDirs(), ['notes.txt']);
    assert.deepEqual(jobs.view(around), { job: undefined, past: [] });
    assert.deepEqual(readdirSync(modules()), ['our-style'], 'a module among the others stays');
    await jobs.check(FORM);
    await reaches(jobs, 'checked');
  });

  it('goes on by itself after the window was closed', async () => {
    const jobs = open();
    const trains = trainer.trains();
    await jobs.train(FORM);
    await trains;
    jobs.dispose();
    await new Promise(setImmediate);
    assert.equal(record().stage.kind, 'training');
    trainer.plan.push(works);
    const again = open();
    await again.open();
    const { report } = await reaches(again, 'finished');
    assert.equal(report.place, 'modules');
  });

  it('goes on by itself after a crash, from whatever was recorded', async () => {
    const jobs = open();
    const trains = trainer.trains();
    await jobs.train(FORM);
    await trains;
    const dir = path.join(root, 'training', shownId(jobs));
    jobs.dispose();
    await until(
      () => existsSync(path.join(dir, 'checkpoint')) && !existsSync(path.join(root, 'training', 'working.lock')),
    );
    const before = readFileSync(path.join(dir, 'job.json'), 'utf8');
    const of = JSON.parse(before);
    const outcome = {
      state: 'finished',
      moduleDir: path.join(dir, 'module'),
      strength: 0.4,
      temperature: 1,
      evaluation: [],
      nTokens: 1,
      seconds: 1,
    };
    const moving = { kind: 'finished', dryRun, outcome, place: 'moving' };
    const module = () => {
      mkdirSync(path.join(dir, 'module'), { recursive: true });
      writeFileSync(path.join(dir, 'module', 'module.json'), JSON.stringify({ id: 'our-style' }));
    };
    const rows: readonly (readonly [string, unknown, () => void])[] = [
      ['reading code', JSON.parse('{"kind":"checking","then":"train"}'), works],
      ['training', { kind: 'training', dryRun }, works],
      ['before the module moved', moving, module],
      [
        'after the module moved',
        moving,
        () => {
          rmSync(path.join(dir, 'module'), { recursive: true, force: true });
          mkdirSync(path.join(modules(), 'our-style'), { recursive: true });
        },
      ],
    ];
    for (const [what, stage, prepare] of rows) {
      rmSync(modules(), { recursive: true, force: true });
      writeFileSync(path.join(dir, 'job.json'), JSON.stringify({ ...of, stage }));
      prepare();
      trainer.plan.splice(0, 9, works);
      const again = open();
      await again.open();
      const { report } = await reaches(again, 'finished');
      assert.deepEqual([report.place, readdirSync(modules())], ['modules', ['our-style']], what);
      again.dispose();
    }
  });

  it('forgets what was only looked at when the window is opened again', async () => {
    const jobs = open();
    await jobs.check(FORM);
    await reaches(jobs, 'checked');
    jobs.dispose();
    const again = open();
    await again.open();
    assert.deepEqual(again.view(around), { job: undefined, past: [] });
    await again.check(FORM);
    await reaches(again, 'checked');
    assert.equal(jobDirs().length, 1);
  });

  it('leaves a job to the window that works on it, and takes it up when that one closes', async () => {
    const jobs = open();
    const trains = trainer.trains();
    await jobs.train(FORM);
    await trains;
    let nSlept = 0;
    const other = open({
      clock: {
        now: () => 0,
        sleep: async () => {
          if (++nSlept === 2) jobs.dispose();
          await new Promise(setImmediate);
        },
      },
    });
    const seen: boolean[] = [];
    other.listen({ changed: () => seen.push(other.isElsewhere) });
    trainer.plan.push(works);
    await other.open();
    assert.ok(nSlept >= 2, `it did not wait: ${nSlept}`);
    assert.equal(seen[0], true);
    assert.equal(other.isElsewhere, false);
    const { report } = await reaches(other, 'finished');
    assert.equal(report.place, 'modules');
    assert.equal(trainer.asked.filter(what => what === 'train').length, 2);
  });

  it('begins nothing while another window trains', async () => {
    const jobs = open();
    const trains = trainer.trains();
    await jobs.train(FORM);
    await trains;
    const { promise, resolve } = withResolvers();
    const other = open({ clock: { now: () => 0, sleep: () => promise } });
    await other.check(FORM);
    await until(() => other.isElsewhere);
    assert.deepEqual(trainer.asked.filter(what => what === 'begin').length, 1);
    assert.equal(other.view(around).job?.id, undefined);
    other.dispose();
    resolve();
  });

  it('says what is wrong with the code, and keeps nothing of it', async () => {
    const jobs = open();
    await jobs.check({ ...FORM, code: { kind: 'glob', glob: '.rs' } });
    const failed = await reaches(jobs, 'failed');
    assert.match(failed.problem, /No source file matches "\.rs"/);
    assert.equal(failed.canResume, false);
    assert.deepEqual(jobDirs(), []);
  });

  it('says that the disk is full, and goes on when there is room', async () => {
    const jobs = open();
    trainer.plan.push(() => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    });
    const ended: string[] = [];
    jobs.listen({ ended: ({ stage }) => ended.push(stage.kind) });
    await jobs.train(FORM);
    const failed = await reaches(jobs, 'failed');
    assert.match(failed.problem, /The disk is full/);
    assert.equal(failed.canResume, true);
    assert.deepEqual(ended, ['failed']);
    trainer.plan.push(works);
    await jobs.resume(shownId(jobs));
    await reaches(jobs, 'finished');
    assert.deepEqual(ended, ['failed', 'finished']);
  });

  it('resumes with more memory when it had too little', async () => {
    const jobs = open();
    trainer.plan.push(() => {
      throw new UserError('training-memory', say`The training needs more than the ${1024} MiB that it may take.`);
    });
    await jobs.train(FORM);
    await reaches(jobs, 'failed');
    let allowed = 0;
    trainer.plan.push(dir => {
      allowed = JSON.parse(readFileSync(path.join(dir, 'spec.json'), 'utf8')).memoryMiB;
    });
    await jobs.train({ ...FORM, memoryMiB: 2048 });
    await reaches(jobs, 'finished');
    assert.equal(allowed, 2048);
    assert.deepEqual(trainer.asked.filter(what => what === 'begin').length, 1, 'it began anew');
  });

  it('goes on where the models are after an update moved them', async () => {
    const jobs = open();
    const trains = trainer.trains();
    await jobs.train(FORM);
    await trains;
    jobs.dispose();
    let spec: TrainingSpec | undefined;
    trainer.plan.push(dir => {
      spec = JSON.parse(readFileSync(path.join(dir, 'spec.json'), 'utf8'));
    });
    const again = open({ ground: groundAt('/updated') });
    await again.open();
    await reaches(again, 'finished');
    assert.deepEqual([spec?.proposal.dir, spec?.base.dir], ['/updated/residual-6m', '/updated/generic']);
  });

  it('refuses a second job and a window that may read nothing', async () => {
    const jobs = open();
    const trains = trainer.trains();
    await jobs.train(FORM);
    await trains;
    await assert.rejects(jobs.check(FORM), { code: 'training-under-way' });
    jobs.dispose();
    const untrusted = open({ mayTrain: () => false });
    await untrusted.open();
    assert.equal(untrusted.working, undefined, 'an untrusted window went on with a job');
    await assert.rejects(untrusted.train(FORM), { code: 'training-not-here' });
  });

  it('says when a finished module could not come to its place, and moves it when it can', async () => {
    let isBroken = true;
    const jobs = open({
      modules: {
        freeId: async id => id,
        adopt: async dir => {
          if (isBroken) throw new UserError('module-exists', say`Another one is there.`);
          mkdirSync(modules(), { recursive: true });
          renameSync(dir, path.join(modules(), 'our-style'));
        },
        changeId: async () => {},
      },
    });
    trainer.plan.push(works);
    await jobs.train(FORM);
    const failed = await reaches(jobs, 'failed');
    assert.deepEqual([failed.problem, failed.canResume], ['Another one is there.', true]);
    isBroken = false;
    await jobs.resume(shownId(jobs));
    const { report } = await reaches(jobs, 'finished');
    assert.equal(report.place, 'modules');
    assert.equal(trainer.asked.filter(what => what === 'train').length, 1, 'it was trained twice');
  });
});

describe('ids of trained modules', () => {
  for (const [title, id] of [
    ['Our own style', 'our-own-style'],
    ['Schöne Größe', 'schone-gro-e'],
    ['日本語', 'trained'],
    ['../../etc', 'etc'],
    ['.hidden', 'hidden'],
    ['x'.repeat(100), 'x'.repeat(60)],
  ])
    it(`${title} is ${id}`, () => assert.equal(idOf(title), id));
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>(done => {
    resolve = done;
  });
  return { promise, resolve };
}
