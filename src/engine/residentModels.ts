/**
 * What is loaded: concurrent requests share one load, and what nobody uses leaves when memory runs out, the least
 * recently used first. Knows nothing of how a model is loaded or what it is for.
 */
import { AbortError, UserError } from '../core/errors';
import type { LanguageModel, Sequence } from '../core/model';
import { say } from '../core/sentence';
import type { EngineStatus } from '../protocol/messages';
import type { ModelFolder } from './modelFiles';
import { type CachingSequence, isCaching, WarmSequences } from './warmSequences';

/** A model whose memory is known and can be given back. */
export interface ClosableModel extends LanguageModel {
  /** Weights and caches. */
  readonly sizeBytes: number;
  close(): Promise<void>;
}

/** What a load gives: a model, and whatever belongs to it. */
export interface Loaded {
  readonly model: ClosableModel;
}

/** Which model: a folder in the state that `stamp` names. */
export interface ModelKey {
  readonly kind: 'proposal' | 'module';
  readonly folder: ModelFolder;
  /** Changes when the folder's content does. */
  readonly stamp: string;
}

/** The models that one request uses. None of them leaves before they are released. */
export interface Hold {
  /** Requests of one lane follow each other and share warm sequences. */
  readonly lane: string;
  readonly residents: Resident[];
}

/** A loaded model in the hands of a request. */
export interface Held<T extends Loaded> {
  readonly value: T;
  /** Its warm sequence of the hold's lane; it stays open when the request is over, while there is memory. */
  sequence(): Sequence;
}

/** Its sequences are given back last: what is typed is to be answered at once. */
const FIRST_LANE = 'completion';
/** Places of that lane whose caches are kept: the one that is typed at, and those before it. */
const N_PLACES = 4;

const MIB = 1024 * 1024;

/** One loaded model, or one that is being loaded. */
export class Resident<T extends Loaded = Loaded> {
  nUsers = 0;
  lastUse = 0;
  value: T | undefined;
  readonly #sequences = new Map<string, { readonly lane: string; readonly sequence: Sequence }>();
  /** Requests that use it, by lane. */
  readonly #nUsersOfLane = new Map<string, number>();

  constructor(
    public key: ModelKey,
    readonly loading: Promise<T>,
  ) {}

  get sizeBytes(): number {
    return this.value?.model.sizeBytes ?? 0;
  }

  get isIdle(): boolean {
    return this.nUsers === 0 && this.value !== undefined;
  }

  begin(lane: string): void {
    this.nUsers++;
    this.#nUsersOfLane.set(lane, (this.#nUsersOfLane.get(lane) ?? 0) + 1);
  }

  end(lane: string): void {
    this.nUsers--;
    this.#nUsersOfLane.set(lane, (this.#nUsersOfLane.get(lane) ?? 0) - 1);
  }

  sequence(lane: string, use: number, model: LanguageModel): Sequence {
    const name = `${lane}/${use}`;
    const known = this.#sequences.get(name) ?? { lane, sequence: openFor(lane, model) };
    this.#sequences.set(name, known);
    return known.sequence;
  }

  /** Gives back the cache of a place that was left. @returns whether there was one. */
  closePlace(): boolean {
    for (const { sequence } of this.#sequences.values())
      if (sequence instanceof WarmSequences && sequence.closeSpare()) return true;
    return false;
  }

  /** Gives back a warm sequence that nobody uses and nobody types on. @returns whether there was one. */
  closeSpare(): boolean {
    for (const [name, { lane, sequence }] of this.#sequences) {
      if (lane === FIRST_LANE || (this.#nUsersOfLane.get(lane) ?? 0) > 0) continue;
      this.#sequences.delete(name);
      sequence.close();
      return true;
    }
    return false;
  }

  async close(): Promise<void> {
    for (const { sequence } of this.#sequences.values()) sequence.close();
    await this.value?.model.close();
  }
}

export class ResidentModels {
  readonly #residents = new Map<string, Resident>();
  #nUses = 0;

  constructor(private memoryMiB: number) {}

  get loaded(): EngineStatus['loaded'] {
    return [...this.#residents.values()]
      .filter(resident => resident.value !== undefined)
      .map(({ key, sizeBytes }) => ({ id: key.folder.id, kind: key.kind, sizeBytes }));
  }

  /**
   * Finds or loads a model for `hold`. An abort stops the waiting, not the load, which others may share.
   * @throws what `load` throws; AbortError
   */
  async get<T extends Loaded>(
    key: ModelKey,
    load: () => Promise<T>,
    hold: Hold,
    signal: AbortSignal,
  ): Promise<Held<T>> {
    const resident = (this.#residents.get(nameOf(key)) as Resident<T> | undefined) ?? this.#start(key, load);
    // One request may use a model twice, as a module and as another's reference: each use has its own sequence.
    const use = hold.residents.filter(held => held === resident).length;
    // Used from before the first wait on, so that loading its partner cannot evict it.
    resident.begin(hold.lane);
    resident.lastUse = ++this.#nUses;
    hold.residents.push(resident);
    const value = await orAbort(resident.loading, signal);
    return { value, sequence: () => resident.sequence(hold.lane, use, value.model) };
  }

  release(hold: Hold): Promise<void> {
    for (const resident of hold.residents.splice(0)) resident.end(hold.lane);
    return this.#evict(0);
  }

  /**
   * Drops idle models until `sizeBytes` more fit; what is in use may exceed the limit.
   * @throws UserError when a model of that size could never fit
   */
  async makeRoom(folder: ModelFolder, sizeBytes: number): Promise<void> {
    if (sizeBytes > this.memoryMiB * MIB) {
      throw new UserError(
        'memory-limit',
        say`"${folder.id}" needs ${Math.ceil(sizeBytes / MIB)} MiB, and "residual.memoryMiB" allows ${this.memoryMiB}. Raise it, or choose a smaller model.`,
      );
    }
    await this.#evict(sizeBytes);
  }

  setMemory(memoryMiB: number): Promise<void> {
    this.memoryMiB = memoryMiB;
    return this.#evict(0);
  }

  /** The folder was written anew from what is loaded, which therefore is what the new stamp names. */
  restamp(kind: ModelKey['kind'], folder: ModelFolder, stamp: string): void {
    const resident = [...this.#residents.values()].find(
      ({ key }) => key.kind === kind && key.folder.dir === folder.dir,
    );
    if (resident === undefined) return;
    this.#residents.delete(nameOf(resident.key));
    resident.key = { kind, folder, stamp };
    this.#residents.set(nameOf(resident.key), resident);
  }

  async dropIdle(): Promise<void> {
    await Promise.all([...this.#residents.values()].filter(({ isIdle }) => isIdle).map(idle => this.#drop(idle)));
  }

  #start<T extends Loaded>(key: ModelKey, load: () => Promise<T>): Resident<T> {
    // A folder that was written again has another stamp; its old content is of no use to anybody new.
    for (const other of this.#residents.values()) {
      if (other.isIdle && other.key.kind === key.kind && other.key.folder.dir === key.folder.dir)
        void this.#drop(other);
    }
    const loading = load().then(
      value => {
        resident.value = value;
        return value;
      },
      (error: unknown) => {
        this.#residents.delete(nameOf(key));
        throw error;
      },
    );
    const resident = new Resident<T>(key, loading);
    this.#residents.set(nameOf(key), resident);
    return resident;
  }

  async #evict(wantedBytes: number): Promise<void> {
    const allowedBytes = this.memoryMiB * MIB - wantedBytes;
    for (;;) {
      const residents = [...this.#residents.values()];
      const sizeBytes = residents.reduce((sum, resident) => sum + resident.sizeBytes, 0);
      if (sizeBytes <= allowedBytes) return;
      const byAge = residents.sort((a, b) => a.lastUse - b.lastUse);
      if (byAge.some(resident => resident.closePlace())) continue;
      // A conversation is read again sooner than a model is loaded.
      if (byAge.some(resident => resident.closeSpare())) continue;
      const oldest = byAge.find(({ isIdle }) => isIdle);
      if (oldest === undefined) return;
      await this.#drop(oldest);
    }
  }

  async #drop(resident: Resident): Promise<void> {
    this.#residents.delete(nameOf(resident.key));
    await resident.close();
  }
}

function openFor(lane: string, model: LanguageModel): Sequence {
  const sequence = model.open();
  if (lane !== FIRST_LANE || !isCaching(sequence)) return sequence;
  return new WarmSequences(sequence, () => model.open() as CachingSequence, N_PLACES);
}

function nameOf({ kind, folder, stamp }: ModelKey): string {
  return `${kind}:${stamp}:${folder.dir}`;
}

function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new AbortError());
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
