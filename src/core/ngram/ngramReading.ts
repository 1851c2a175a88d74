/**
 * One row that was read of an n-gram. It lists what followed its contexts, the end of the text and the likeliest of all
 * tokens; of any other the floor is left, which is computed when it is asked for. None is −∞.
 */
import { type Row, SparseRow } from '../row';
import type { NgramFloor } from './ngramFloor';

export class NgramReading implements Row {
  readonly listed: SparseRow;
  #logLeft = 0;

  constructor(private readonly floor: NgramFloor) {
    this.listed = new SparseRow(floor.probs.length);
  }

  get n(): number {
    return this.listed.n;
  }

  get ids(): Int32Array {
    return this.listed.ids;
  }

  get logRest(): number {
    return this.listed.logRest;
  }

  get vocabSize(): number {
    return this.listed.vocabSize;
  }

  logp(token: number): number {
    if (this.listed.has(token)) return this.listed.logp(token);
    // To the bit what a float32 row would hold.
    const logp = Math.fround(this.floor.logProbs[token] + this.#logLeft);
    return this.floor.isBreak[token] === 1 ? Math.fround(logp - Math.LN2) : logp;
  }

  /**
   * Files have no end-of-text tokens, and a proposal may end a line with one: half of what line breaks get is its share.
   * @param touched the first `nTouched` are what followed the contexts, with `mass` by token
   * @param left mass that is left to the floor
   */
  write(touched: Int32Array, nTouched: number, mass: Float64Array, left: number, endToken: number): void {
    const { floor, listed } = this;
    const { probs, isBreak } = floor;
    listed.clear();
    this.#logLeft = Math.log(left);
    let lineBreaks = left * floor.ofBreaks;
    let floorListed = 0;
    let floorOfListedBreaks = 0;
    const list = (token: number, logp: number) => {
      listed.set(token, logp);
      floorListed += probs[token];
      if (isBreak[token] === 1) floorOfListedBreaks += probs[token];
    };
    for (let i = 0; i < nTouched; i++) {
      const token = touched[i];
      const logp = Math.fround(Math.log(mass[token] + left * probs[token]));
      list(token, isBreak[token] === 1 ? logp - Math.LN2 : logp);
      if (isBreak[token] === 1) lineBreaks += mass[token];
    }
    for (const token of [floor.likeliest, endToken]) if (!listed.has(token)) list(token, this.logp(token));
    listed.set(endToken, Math.log(Math.exp(listed.logp(endToken)) + lineBreaks / 2));
    const rest = left * (1 - floorListed - (floor.ofBreaks - floorOfListedBreaks) / 2);
    listed.logRest = listed.n === this.vocabSize ? -Infinity : Math.log(Math.max(0, rest));
  }
}
