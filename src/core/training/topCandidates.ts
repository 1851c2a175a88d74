/** The most probable tokens of a row of logps, with one given token first. */

export class TopCandidates {
  readonly #ids: Int32Array;
  readonly #logps: Float32Array;

  /** @param n candidates, the given token among them */
  constructor(private readonly n: number) {
    this.#ids = new Int32Array(n);
    this.#logps = new Float32Array(n);
  }

  /**
   * @param ids [n], receives `first` and the n − 1 best others, best first; ties keep the smaller id first
   * @param logps [n], receives their logps; places that a small vocabulary leaves free stay as they are
   */
  find(row: Float32Array, first: number, ids: Int32Array, logps: Float32Array): void {
    const best = this.#logps;
    const most = this.n - 1;
    let n = 0;
    for (let v = 0; v < row.length; v++) {
      const logp = row[v];
      if (v === first || (n === most && !(logp > best[n - 1]))) continue;
      let at = n < most ? n++ : n - 1;
      for (; at > 0 && best[at - 1] < logp; at--) {
        best[at] = best[at - 1];
        this.#ids[at] = this.#ids[at - 1];
      }
      best[at] = logp;
      this.#ids[at] = v;
    }
    ids[0] = first;
    logps[0] = row[first];
    ids.set(this.#ids.subarray(0, n), 1);
    logps.set(best.subarray(0, n), 1);
  }
}
