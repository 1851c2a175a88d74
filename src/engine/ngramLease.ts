/** An instant module that is loaded, for as long as something is done with its counts. */
import { throwIfAborted, UserError } from '../core/errors';
import type { ModuleManifest } from '../core/manifest';
import { NgramModel } from '../core/ngram/ngram';
import type { Pause } from '../core/ngram/ngramStore';
import { say } from '../core/sentence';
import type { NgramTarget } from '../protocol/messages';
import type { Lane, LoadedProposal, ModelPool } from './modelPool';
import type { Turn } from './scheduler';

export interface LoadedNgram {
  readonly model: NgramModel;
  readonly manifest: ModuleManifest;
  readonly proposal: LoadedProposal;
}

/** @throws UserError when the module does not load or is no n-gram; AbortError. */
export async function withNgram<T>(
  pool: ModelPool,
  { proposal, module }: NgramTarget,
  lane: Lane,
  signal: AbortSignal,
  use: (loaded: LoadedNgram) => Promise<T>,
): Promise<T> {
  const lease = await pool.acquire({ proposal, modules: [{ ...module, strength: 1 }] }, lane, signal);
  try {
    const { model, manifest } = lease.modules[0];
    if (!(model instanceof NgramModel))
      throw new UserError('module-kind-unknown', say`"${module.id}" is not an instant module.`);
    return await use({ model, manifest, proposal: lease.proposal });
  } finally {
    lease.release();
  }
}

/** Lets messages arrive and everything more urgent go first. */
export function pauseOf(turn: Turn, signal: AbortSignal): Pause {
  return async () => {
    await new Promise<void>(resolve => setImmediate(resolve));
    throwIfAborted(signal);
    await turn.giveWay();
  };
}
