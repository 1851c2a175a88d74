/** The keys that a person trusts, and since when: kept by the editor, as a list that may have been tampered with. */
import type { Signer } from './moduleSignature';

export interface KnownSigner {
  /** As they called themself when they became known. */
  readonly name: string;
  /** `2025-03-31`. */
  readonly since: string;
}

/** What of VS Code's global state this needs. */
export interface SignerStore {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

const KEY = 'residual.knownSigners';
/** More than these are no signers that anybody knows; the oldest give way. */
const MOST = 500;

export class KnownSigners {
  constructor(
    private readonly store: SignerStore,
    /** `2025-03-31`. */
    private readonly today: () => string,
  ) {}

  find({ publicKey }: Signer): KnownSigner | undefined {
    return this.#all().get(publicKey);
  }

  async add({ name, publicKey }: Signer): Promise<void> {
    const all = this.#all();
    if (all.has(publicKey)) return;
    all.set(publicKey, { name, since: this.today() });
    await this.store.update(KEY, Object.fromEntries([...all].slice(-MOST)));
  }

  #all(): Map<string, KnownSigner> {
    const stored = this.store.get(KEY);
    const entries = typeof stored === 'object' && stored !== null ? Object.entries(stored) : [];
    return new Map(
      entries.flatMap(([publicKey, entry]): [string, KnownSigner][] => {
        const { name, since } = (entry ?? {}) as Readonly<Record<string, unknown>>;
        const isDay = typeof since === 'string' && /^\d{4}-\d\d-\d\d$/.test(since);
        return typeof name === 'string' && isDay ? [[publicKey, { name, since }]] : [];
      }),
    );
  }
}
