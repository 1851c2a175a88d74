/** What a window knows of its workspace's jobs: their records, what is known beyond those, and which one is drawn. */
import type { Sentence } from '../../core/sentence';
import type { JobView, PastJob } from '../../protocol/pages/training';
import type { TrainingProgress } from '../../protocol/training';
import { Curve, readCurve } from './curve';
import type { JobRecord, JobStore } from './jobStore';
import { type JobState, pastOf, type Surroundings, viewOf } from './jobView';

type State = Omit<JobState, 'curve'>;

const NO_STATE: State = { progress: undefined, reading: undefined, isPausing: false, problem: undefined };

export class KnownJobs {
  readonly #records = new Map<string, JobRecord>();
  readonly #curves = new Map<string, Curve>();
  readonly #states = new Map<string, State>();
  #shown: string | undefined;

  constructor(private readonly store: JobStore) {}

  get(id: string): JobRecord | undefined {
    return this.#records.get(id);
  }

  put(record: JobRecord): void {
    this.#records.set(record.id, record);
  }

  newestFirst(): JobRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  forget(id: string): void {
    this.#records.delete(id);
    this.#curves.delete(id);
    this.#states.delete(id);
    if (this.#shown === id) this.#shown = undefined;
  }

  /** The job that is drawn; none for the form. */
  get shown(): JobRecord | undefined {
    return this.#shown === undefined ? undefined : this.#records.get(this.#shown);
  }

  show(id: string | undefined): void {
    this.#shown = id;
  }

  progressOf(id: string): TrainingProgress | undefined {
    return this.#states.get(id)?.progress;
  }

  problemOf(id: string): Sentence | undefined {
    return this.#states.get(id)?.problem;
  }

  know(id: string, more: Partial<State>): void {
    if (!this.#curves.has(id)) this.#curves.set(id, new Curve());
    this.#states.set(id, { ...NO_STATE, ...this.#states.get(id), ...more });
  }

  /** One more point of the job that trains. */
  add(id: string, progress: TrainingProgress): void {
    this.know(id, { progress });
    this.#curves.get(id)?.add(progress);
  }

  hasCurve(id: string): boolean {
    return this.#curves.has(id);
  }

  /** What the trainer has written down of it so far. */
  async readCurve(id: string): Promise<void> {
    const { curve, last } = await readCurve(this.store.dir(id));
    this.#curves.set(id, curve);
    if (last !== undefined) this.know(id, { progress: last });
  }

  view(around: Surroundings): { readonly job: JobView | undefined; readonly past: readonly PastJob[] } {
    const { shown } = this;
    const past = this.newestFirst()
      .filter(record => record !== shown)
      .map(record => pastOf(record, around))
      .filter(job => job !== undefined);
    if (shown === undefined) return { job: undefined, past };
    const curve = this.#curves.get(shown.id)?.points ?? [];
    return { job: viewOf(shown, { ...NO_STATE, ...this.#states.get(shown.id), curve }, around), past };
  }
}
