/**
 * Measures how much the instant module helps in its own workspace, when somebody asks, and writes that into its manifest,
 * where every surface finds what is measured of a module. One measurement at a time; completions go first.
 */
import { UserError } from '../../core/errors';
import type { EvaluationRow } from '../../core/manifest';
import { say } from '../../core/sentence';
import type { NgramMeasureProgress } from '../../protocol/ngramQuestions';
import type { EngineClient } from '../engineClient';
import type { InstantModule } from './instantModule';

export interface MeasurementParts {
  readonly engine: Pick<EngineClient, 'stream'>;
  readonly instant: Pick<InstantModule, 'target' | 'update' | 'save' | 'evaluation'>;
  /** ISO 8601. */
  now(): string;
}

/** Lines: with fewer, a difference of some percent is chance. */
const N_PLACES = 150;
/** With fewer, nothing can be said. */
const LEAST_PLACES = 20;

/** As the modules that ship call it. */
const METRIC = 'exact match';
const DATASET = 'lines of this workspace, each without what its own file counts';

export class InstantMeasurement {
  #running: { progress: NgramMeasureProgress; readonly cancelled: AbortController } | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(private readonly parts: MeasurementParts) {}

  /** How far it is; undefined while nothing is measured. */
  get progress(): NgramMeasureProgress | undefined {
    return this.#running?.progress;
  }

  /** Hears of every change of `progress`. */
  onDidChange(listener: () => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  cancel(): void {
    this.#running?.cancelled.abort();
  }

  /** @throws UserError, also where there are too few lines to say anything; AbortError; EngineGone. */
  async run(): Promise<void> {
    if (this.#running !== undefined) return;
    const running = { progress: { nDone: 0, nPlaces: N_PLACES }, cancelled: new AbortController() };
    this.#running = running;
    this.#tell();
    try {
      await this.#measure(progress => {
        running.progress = progress;
        this.#tell();
      }, running.cancelled.signal);
    } finally {
      this.#running = undefined;
      this.#tell();
    }
  }

  async #measure(onProgress: (progress: NgramMeasureProgress) => void, signal: AbortSignal): Promise<void> {
    const { engine, instant, now } = this.parts;
    await instant.update();
    const target = await instant.target();
    const request = { ...target, nPlaces: N_PLACES };
    const { nPlaces, nAlone, nWith } = await engine.stream('ngramMeasure', request, onProgress, signal);
    if (nPlaces < LEAST_PLACES) {
      throw new UserError(
        'instant-too-small',
        say`Only ${nPlaces} lines of this workspace are fit to measure with, and at least ${LEAST_PLACES} are needed to say anything.`,
      );
    }
    const proposalId = target.proposal.id;
    const row: EvaluationRow = {
      metric: METRIC,
      proposalId,
      proposal: nAlone / nPlaces,
      aligned: nWith / nPlaces,
      n: nPlaces,
      dataset: DATASET,
      measured: now(),
    };
    const others = (await instant.evaluation()).filter(other => other.proposalId !== proposalId);
    await instant.save({ evaluation: [row, ...others] });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
