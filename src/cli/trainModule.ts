/** `npm run -s train-module`: a module trained from a folder of code, by the editor's own trainer. */
import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { isAbortError, messageOf, UserError } from '../core/errors';
import { say } from '../core/sentence';
import { withLock } from '../host/lock';
import { resolveChoice } from '../host/modules/moduleChoice';
import { Registry } from '../host/modules/registry';
import { withTrainer } from '../host/training/trainer';
import { baseOf, findGround, idOf } from '../host/training/trainingSpec';
import { TRAINING_DEFAULTS, type TrainingSpec } from '../protocol/training';
import { MODELS_DIR, TRAINER_SCRIPT } from './engine';
import { type Asked, readArguments } from './trainingArguments';
import {
  type Begun,
  begin,
  checkFolder,
  checkFree,
  checkWritable,
  deliver,
  goOn,
  jobFolder,
  readBegun,
} from './trainingJob';
import { dryRunLine, outcomeLines, ProgressLines } from './trainingProgress';

/** As a shell tells of a program that was interrupted. */
const INTERRUPTED = 130;
const MOST_THREADS = 4;

async function main(): Promise<void> {
  const asked = readArguments();
  await checkFree(asked.out);
  const dir = jobFolder(asked);
  await checkWritable(asked.out, 'out');
  await checkWritable(dir, 'job');
  const controller = interruptible();
  const lines = new ProgressLines(process.stderr);
  const refusal = say`Another process is training in ${dir}. Wait for it, or choose another --out.`;
  const lock = `${dir}.lock`;
  try {
    // What is wrong with what was asked is said before anything is made.
    await specOf(asked, await readBegun(dir), controller.signal);
    await mkdir(path.dirname(dir), { recursive: true });
    await withLock(lock, refusal, () => train(asked, dir, lines, controller.signal));
  } catch (error) {
    if (!isAbortError(error)) throw error;
    // Until the data is prepared there is nothing to go on with.
    const job = (await readBegun(dir)) === undefined ? null : dir;
    lines.say(
      job === null
        ? 'Stopped before the training had begun: nothing is kept. Run the same command again to begin.'
        : `Stopped. What was learned so far is kept in ${dir}: run the same command again to go on.`,
    );
    if (asked.json) print({ state: 'interrupted', module: null, job });
    process.exitCode = INTERRUPTED;
  }
}

async function train(asked: Asked, dir: string, lines: ProgressLines, signal: AbortSignal): Promise<void> {
  const options = {
    script: TRAINER_SCRIPT,
    modelsDir: MODELS_DIR,
    onLog: (line: string) => void (process.env.RESIDUAL_DEBUG && lines.say(line)),
  };
  let isResumed = false;
  const { outcome, begun } = await withTrainer(
    options,
    async trainer => {
      let begun = await readBegun(dir);
      isResumed ||= begun !== undefined;
      const spec = await specOf(asked, begun, signal);
      if (begun === undefined) {
        if (asked.from === undefined && asked.pairs === undefined) throw nothingToLearn(asked, dir);
        begun = await begin(trainer, dir, asked, spec, signal);
      } else {
        await goOn(dir, asked, begun, spec);
      }
      lines.say(`${isResumed ? `Going on in ${dir}: ` : ''}${dryRunLine(begun.dryRun)}`);
      return { outcome: await trainer.train(dir, progress => lines.show(progress), signal), begun };
    },
    signal,
  );
  await deliver(dir, outcome, asked.out);
  if (asked.job === undefined) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  for (const line of outcomeLines(outcome, asked.out)) lines.say(line);
  if (!asked.json) return;
  const { moduleDir: _, ...result } = outcome;
  const { module, objective, proposal, base } = begun.spec;
  print({
    ...result,
    module: asked.out,
    id: module.id,
    objective,
    proposal: proposal.id,
    base: base.id,
    isResumed,
    dryRun: begun.dryRun,
  });
}

/**
 * What was asked for now. What was begun goes on with its own proposal and base, wherever they are now.
 * @throws UserError when there is no such base or proposal
 */
async function specOf(asked: Asked, begun: Begun | undefined, signal: AbortSignal): Promise<TrainingSpec> {
  if (asked.from !== undefined) await checkFolder(asked.from);
  const registry = new Registry(() => [{ dir: MODELS_DIR, origin: 'shipped' }]);
  const [proposals, modules] = [await registry.proposals(), await registry.modules()];
  const proposalId = begun?.spec.proposal.id ?? asked.proposal ?? 'auto';
  const { proposal } = resolveChoice(proposalId, [], proposals, modules);
  const found = proposals.find(({ id }) => id === proposal.id)!;
  const ground = await findGround(found, modules, path.join(MODELS_DIR, 'graphs'), signal);
  const baseId = begun?.spec.base.id ?? asked.base ?? ground.bases[0].id;
  if (begun !== undefined && !modules.some(({ id }) => id === baseId))
    throw new UserError(
      'training-no-base',
      `The training in ${jobFolder(asked)} was begun from the module "${baseId}", which is not here any more. Put it back, or choose another --out to begin anew.`,
    );
  const base = baseOf(baseId, ground);
  const title = asked.said.title ?? path.basename(asked.from ?? asked.out);
  return {
    formatVersion: 1,
    module: {
      id: asked.id ?? idOf(path.basename(asked.out)),
      title,
      description: `Trained on code of ${title}.`,
      domain: 'workspace',
      licence: 'unknown',
      ...asked.said,
    },
    ...TRAINING_DEFAULTS,
    threads: Math.min(MOST_THREADS, availableParallelism()),
    ...asked.numbers,
    ...(asked.nSteps !== undefined && { nSteps: asked.nSteps }),
    objective: asked.objective ?? TRAINING_DEFAULTS.objective,
    proposal: { id: proposal.id, dir: proposal.dir },
    base: { id: base.id, dir: base.dir },
  };
}

/** The first Ctrl+C lets the trainer put its checkpoint away; the second one does not wait for that. */
function interruptible(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(INTERRUPTED);
      console.error('\nStopping …');
      controller.abort();
    });
  }
  return controller;
}

function nothingToLearn({ job }: Asked, dir: string): UserError {
  const where = job === undefined ? '' : ` There is no training to go on with in ${dir}.`;
  return new UserError('usage', `--from must name the folder of the code, or --pairs a file of pairs.${where}`);
}

function print(result: object): void {
  console.log(JSON.stringify(result));
}

main().catch((error: unknown) => {
  console.error(messageOf(error).replaceAll('\n', ' '));
  process.exitCode = error instanceof UserError ? 2 : 1;
});
