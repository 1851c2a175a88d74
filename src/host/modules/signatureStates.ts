/** Whose signature the modules here have, for their cards: looked at again only when a file of theirs has changed. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { isAbortError, UserError } from '../../core/errors';
import type { Sentence } from '../../core/sentence';
import type { SignatureView } from '../../protocol/pages/settingsState';
import type { KnownSigners } from './knownSigners';
import { filesOfModule } from './moduleFolder';
import { fingerprintOf, type Signer, signerOf } from './moduleSignature';
import type { FoundModule } from './registry';

export type SignatureState =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'signed'; readonly signer: Signer }
  /** There is one, and the files are not those that were signed. */
  | { readonly kind: 'broken'; readonly problem: Sentence };

export class SignatureStates {
  readonly #known = new Map<string, { readonly stamp: string; readonly state: SignatureState }>();

  /**
   * @returns by id, of those modules that come from elsewhere or go elsewhere: shipped ones are the extension's, and an
   * instant module is never shared. Those whose files cannot be read are left out.
   */
  async of(modules: readonly FoundModule[], signal: AbortSignal): Promise<ReadonlyMap<string, SignatureState>> {
    const states = new Map<string, SignatureState>();
    for (const module of modules) {
      if (module.manifest?.kind !== 'neural' || module.origin === 'shipped') continue;
      try {
        states.set(module.id, await this.#stateOf(module.dir, signal));
      } catch (error) {
        if (isAbortError(error)) throw error;
      }
    }
    return states;
  }

  async #stateOf(dir: string, signal: AbortSignal): Promise<SignatureState> {
    const stamp = await stampOf(dir);
    const known = this.#known.get(dir);
    if (known?.stamp === stamp) return known.state;
    const state = await lookAt(dir, signal);
    this.#known.set(dir, { stamp, state });
    return state;
  }
}

/** @returns undefined for a broken one, which is a problem and no signature. */
export function signatureView(state: SignatureState, signers: KnownSigners): SignatureView | undefined {
  if (state.kind !== 'signed') return state.kind === 'unsigned' ? state : undefined;
  const { name, publicKey } = state.signer;
  const known = signers.find(state.signer);
  return {
    kind: 'signed',
    signer: name,
    fingerprint: fingerprintOf(publicKey),
    ...(known && { known: { since: known.since, name: known.name } }),
  };
}

async function lookAt(dir: string, signal: AbortSignal): Promise<SignatureState> {
  try {
    const signer = await signerOf(dir, signal);
    return signer === undefined ? { kind: 'unsigned' } : { kind: 'signed', signer };
  } catch (error) {
    if (error instanceof UserError) return { kind: 'broken', problem: error.sentence };
    throw error;
  }
}

/** Changes whenever a file of the module does. */
async function stampOf(dir: string): Promise<string> {
  const names = (await filesOfModule(dir)).sort();
  const stats = await Promise.all(names.map(name => stat(path.join(dir, name))));
  return JSON.stringify(names.map((name, i) => [name, stats[i].size, stats[i].mtimeMs, stats[i].ctimeMs]));
}
