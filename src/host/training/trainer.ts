/** The trainer's process: started for a job, started again when it dies, ended when its work is done. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { AbortError, EngineGone, isAbortError, messageOf, throwIfAborted, UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import { RpcClient } from '../../protocol/rpc';
import type { TrainerMethods } from '../../protocol/training';
import { type EngineProcess, startEngine } from '../engineProcess';

export interface TrainerOptions {
  /** dist/trainer.js. */
  readonly script: string;
  /** The shipped models; beside dist/ when absent. */
  readonly modelsDir?: string;
  readonly execPath?: string;
  /** Lines that the trainer prints and how it ended; never code. */
  readonly onLog: (line: string) => void;
  /** A trainer that has not put its checkpoint away by then is ended anyway. */
  readonly patienceMs?: number;
}

/** What a job asks of it. */
export type TrainingCalls = Pick<Trainer, 'call' | 'train'>;

/** Starts after the first, before a person is asked. */
const MAX_RESTARTS = 3;
const PATIENCE_MS = 30_000;

export class Trainer {
  readonly #process: EngineProcess;
  readonly #rpc: RpcClient<TrainerMethods>;
  #isEnded = false;

  constructor(private readonly options: TrainerOptions) {
    const {
      script,
      modelsDir = path.join(path.dirname(script), '..', 'models'),
      execPath = process.execPath,
    } = options;
    this.#process = startEngine({ script, modelsDir, execPath }, options.onLog, reason => {
      if (!this.#isEnded) options.onLog(`trainer: ended by itself, ${reason}`);
    });
    this.#rpc = new RpcClient<TrainerMethods>(this.#process.channel);
  }

  /** @throws UserError; AbortError; EngineGone when the process ends meanwhile. */
  call<K extends keyof TrainerMethods>(
    method: K,
    params: TrainerMethods[K]['params'],
    signal: AbortSignal,
  ): Promise<TrainerMethods[K]['result']> {
    return this.#rpc.call(method, params, () => {}, signal);
  }

  /** Trains. An abort waits until the checkpoint is on the disk, as long as that is bearable. */
  async train(
    dir: string,
    onProgress: (progress: TrainerMethods['train']['progress']) => void,
    signal: AbortSignal,
  ): Promise<TrainerMethods['train']['result']> {
    let timer: NodeJS.Timeout | undefined;
    const onAbort = () => {
      timer = setTimeout(() => this.end(), this.options.patienceMs ?? PATIENCE_MS);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.#rpc.callToEnd('train', { dir }, onProgress, signal);
    } catch (error) {
      // Whatever became of it after an abort: it was to stop, and has.
      throw signal.aborted ? new AbortError() : error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  end(): void {
    this.#isEnded = true;
    this.#process.kill();
    this.#process.channel.destroy();
  }
}

/**
 * Does some work with a trainer, again with a new one when that dies: the work must be one that can be done again.
 * @throws UserError, also when the trainer keeps dying, is not there or the disk is full; AbortError
 */
export async function withTrainer<T>(
  options: TrainerOptions,
  work: (trainer: Trainer) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  await access(options.script).catch(() => {
    throw new UserError(
      'trainer-missing',
      say`The trainer is missing from this installation (${options.script}). Install Residual again.`,
    );
  });
  for (let nCrashes = 0; ; ) {
    throwIfAborted(signal);
    const trainer = new Trainer(options);
    try {
      return await work(trainer);
    } catch (error) {
      if (signal.aborted || isAbortError(error)) throw new AbortError();
      if (!(error instanceof EngineGone)) throw understood(error);
      if (++nCrashes > MAX_RESTARTS)
        throw new UserError(
          'trainer-crashed',
          say`The trainer ended ${nCrashes} times without being asked to. What it learned up to its last checkpoint is kept: resume, or allow it more memory.`,
        );
      options.onLog(`trainer: started again, ${nCrashes} of ${MAX_RESTARTS}`);
    } finally {
      trainer.end();
    }
  }
}

/** A full disk is the one failure of a system that a person can mend and the trainer does not name. */
export function understood(error: unknown): unknown {
  if (error instanceof UserError || !/ENOSPC|no space left/i.test(messageOf(error))) return error;
  return new UserError('disk-full', say`The disk is full. Make some room, then resume: what was learned is kept.`);
}
