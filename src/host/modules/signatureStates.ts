/** Whose signature the modules here have: files are hashed again only when one of the module's has changed. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../core/errors';
import type { Sentence } from '../../core/sentence';
import type { SignatureView } from '../../protocol/pages/settingsState';
import type { KnownSigners } from './knownSigners';
import { filesOfModule } from './moduleFolder';
import { fingerprintOf, type Signer, signerOf } from './moduleSignature';

export type SignatureState =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'signed'; readonly signer: Signer }
  /** There is one, and the files are not those that were signed. */
  | { readonly kind: 'broken'; readonly problem: Sentence };

export class SignatureStates {
  readonly #seen = new Map<string, { readonly stamp: string; readonly state: Promise<SignatureState> }>();

  /** @returns undefined for a module whose files cannot be read */
  async of(dir: string): Promise<SignatureState | undefined> {
    try {
      const stamp = await stampOf(dir);
      const before = this.#seen.get(dir);
      if (before?.stamp === stamp) return await before.state;
      const state = lookAt(dir);
      this.#seen.set(dir, { stamp, state });
      return await state;
    } catch {
      this.#seen.delete(dir);
      return undefined;
    }
  }

  /** Whether a module has the files that its signature was found to match; true where there is none. Hashes nothing. */
  async holdsStill(dir: string): Promise<boolean> {
    const seen = this.#seen.get(dir);
    const state = await seen?.state.catch(() => undefined);
    if (state?.kind !== 'signed') return state?.kind !== 'broken';
    return seen?.stamp === (await stampOf(dir).catch(() => undefined));
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

async function lookAt(dir: string): Promise<SignatureState> {
  try {
    const signer = await signerOf(dir, new AbortController().signal);
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
