/** A training job from the form to a module that the engine completes with, through the real trainer process. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { clock } from '../../src/host/clock';
import { EngineClient } from '../../src/host/engineClient';
import { ModuleFiles } from '../../src/host/modules/moduleFiles';
import { ModuleFit } from '../../src/host/modules/moduleVerification';
import { Registry } from '../../src/host/modules/registry';
import { JobStore } from '../../src/host/training/jobStore';
import { withTrainer } from '../../src/host/training/trainer';
import { TrainingJobs } from '../../src/host/training/trainingJobs';
import { defaultForm, findGround } from '../../src/host/training/trainingSpec';
import type { JobStage, TrainingForm } from '../../src/protocol/pages/training';
import { DELTA, never } from './support/fixtures';

const FORM: TrainingForm = {
  ...defaultForm('Tiny style', 'tiny', 2),
  minutes: 0.1,
  replayShare: 0,
  learningRate: 3e-3,
};

describe('a training job', function () {
  this.timeout(300_000);
  let root: string;
  let registry: Registry;
  let engine: EngineClient;
  const opened: TrainingJobs[] = [];

  before(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'residual-jobs-'));
    mkdirSync(path.join(root, 'code'));
    cpSync('src/core', path.join(root, 'code', 'core'), { recursive: true });
    registry = new Registry(() => [
      { dir: DELTA, origin: 'shipped' },
      { dir: root, origin: 'personal' },
    ]);
    engine = new EngineClient({ script: path.resolve('dist/engine.js'), modelsDir: DELTA });
  });
  after(() => {
    for (const jobs of opened) jobs.dispose();
    engine.dispose();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });

  function open(log: string[] = []): TrainingJobs {
    const fit = new ModuleFit({ registry, proposal: () => 'tiny', load: async () => {} });
    const files = new ModuleFiles({ root, registry, fit });
    const options = {
      script: path.resolve('dist/trainer.js'),
      modelsDir: DELTA,
      onLog: (line: string) => log.push(line),
    };
    const jobs = new TrainingJobs({
      store: new JobStore(path.join(root, 'training')),
      withTrainer: (work, signal) => withTrainer(options, work, signal),
      folders: () => [{ name: 'code', dir: path.join(root, 'code'), mayRead: () => true }],
      matches: () => true,
      modules: {
        freeId: id => files.freeId(id),
        adopt: (dir, signal) => files.adopt(dir, signal),
        changeId: ModuleFiles.changeId,
      },
      mayTrain: () => true,
      ground: async () => {
        const proposal = (await registry.proposals()).find(({ id }) => id === 'tiny') ?? assert.fail('no proposal');
        return findGround(proposal, await registry.modules(), path.join(DELTA, 'graphs'), never);
      },
      clock,
      now: Date.now,
      random: () => '0000',
      onLog: line => log.push(line),
    });
    opened.push(jobs);
    return jobs;
  }

  const around = {
    speak: ({ template }: { template: string }) => template,
    hasModule: () => true,
    isUsed: () => false,
  };
  const view = (jobs: TrainingJobs) => jobs.view(around).job ?? assert.fail('no job is shown');
  /** Resolves when the job is at that stage, and nothing works on it unless it trains. */
  function reaches<K extends JobStage['kind']>(jobs: TrainingJobs, kind: K): Promise<Extract<JobStage, { kind: K }>> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const stage = jobs.view(around).job?.stage;
        if (stage?.kind === 'failed' && kind !== 'failed') reject(new Error(stage.problem));
        if (stage?.kind !== kind || jobs.working !== undefined) return;
        listening.dispose();
        resolve(stage as Extract<JobStage, { kind: K }>);
      };
      const listening = jobs.listen({ changed: look });
      look();
    });
  }

  it('goes from a dry run over a pause and another window to a module that the engine loads', async () => {
    const jobs = open();
    await jobs.check(FORM);
    const { dryRun } = await reaches(jobs, 'checked');
    assert.equal(
      dryRun.nFiles + dryRun.nUnfit + dryRun.nDuplicates,
      readdirSync('src/core', { recursive: true }).filter(name => String(name).endsWith('.ts')).length,
    );
    assert.ok(dryRun.nHeldOutFiles >= 2 && dryRun.nTrainTokens > 10_000, JSON.stringify(dryRun));
    const firstLoss = new Promise<number>(resolve =>
      jobs.listen({ progressed: (_, { step, loss }) => loss !== undefined && step >= 2 && resolve(step) }),
    );
    await jobs.train(FORM);
    const pausedAt = await firstLoss;
    await jobs.pause();
    assert.equal(view(jobs).stage.kind, 'paused');
    const nPoints = view(jobs).curve.length;
    assert.ok(nPoints >= 1);
    jobs.dispose();

    const again = open();
    await again.open();
    assert.equal(again.working, undefined);
    const { id } = again.paused ?? assert.fail('the paused job is gone');
    const resumedAt = new Promise<number>(resolve =>
      again.listen({ progressed: (_, { step, loss }) => loss !== undefined && resolve(step) }),
    );
    await again.resume(id);
    assert.ok((await resumedAt) > pausedAt, 'it began anew');
    const { report } = await reaches(again, 'finished');
    assert.deepEqual([report.state, report.place], ['finished', 'modules']);
    const nats = report.evaluation.find(({ metric }) => metric === 'nats/token');
    assert.ok(nats !== undefined && nats.aligned < nats.proposal, JSON.stringify(report.evaluation));
    const losses = view(again).curve.flatMap(({ loss }) => loss ?? []);
    assert.ok(losses[losses.length - 1] < losses[0], `the loss went from ${losses[0]} to ${losses[losses.length - 1]}`);
    assert.ok(view(again).curve.some(({ heldOut }) => heldOut !== undefined));

    const dir = path.join(root, 'modules', 'tiny-style');
    assert.deepEqual(readdirSync(dir).sort(), ['model.safetensors', 'module.json']);
    assert.deepEqual(readdirSync(path.join(root, 'training', id)).sort(), ['job.json', 'log.jsonl']);
    assert.equal(JSON.parse(readFileSync(path.join(dir, 'module.json'), 'utf8')).title, 'Tiny style');
    const proposal = { id: 'tiny', dir: path.join(DELTA, 'proposals', 'tiny') };
    await engine.call('warm', { proposal, modules: [{ id: 'tiny-style', dir, strength: report.strength }] }, never);
  });

  it('is for the proposals that something can be trained for', async () => {
    const proposal = (await registry.proposals())[0];
    const elsewhere = { ...proposal, manifest: { ...proposal.manifest!, files: { 'tokenizer.json': 'f'.repeat(64) } } };
    const graphs = path.join(DELTA, 'graphs');
    await assert.rejects(findGround(elsewhere, await registry.modules(), graphs, never), { code: 'training-no-base' });
    const { bases } = await findGround(proposal, await registry.modules(), graphs, never);
    assert.ok(bases.some(({ id }) => id === 'tiny') && bases.every(({ manifest }) => manifest?.kind === 'neural'));
  });
});
