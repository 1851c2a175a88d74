/** Draws tokens from rows of logps at a temperature, within a nucleus. Owns the buffers that it needs. */
import { Candidates, draw, nucleus, softmax, temperInPlace } from '../distribution';
import { WholeRow } from '../row';

export class ResponseDrawing {
  readonly #row: WholeRow;
  readonly #scores: Float64Array;
  readonly #probs: Float64Array;
  readonly #candidates: Candidates;

  constructor(
    vocabSize: number,
    private readonly temperature: number,
    private readonly topP: number,
  ) {
    this.#row = new WholeRow(new Float32Array(vocabSize));
    this.#scores = new Float64Array(vocabSize);
    this.#probs = new Float64Array(vocabSize);
    this.#candidates = new Candidates(vocabSize);
  }

  /** @param u uniform in [0, 1) */
  draw(logps: Float32Array, u: number): number {
    const row = this.#row;
    row.values.set(logps);
    temperInPlace(row, this.temperature);
    const candidates = this.#candidates;
    // The whole vocabulary needs no order, and sorting it is what a nucleus costs.
    if (this.topP >= 1) candidates.fill(row);
    else nucleus(row, this.topP, candidates);
    const { n, ids } = candidates;
    for (let i = 0; i < n; i++) this.#scores[i] = row.values[ids[i]];
    softmax(this.#scores, n, 1, this.#probs);
    return ids[draw(this.#probs, n, u)];
  }
}
