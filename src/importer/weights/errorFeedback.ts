/**
 * How a rounding error in one column of a matrix is made good in others: GPTQ (Frantar et al., 2210.17323) in the form that
 * needs no inverse (LDLQ; Chee et al., 2307.13304, section 3.1). With H the second moments of the inputs and H = L·D·Lᵀ, the
 * error of a layer's output is Σₖ Dₖ·(eₖ + Σ_{j>k} Lⱼₖ·eⱼ)²: going from the last column to the first, each weight is
 * rounded after the errors of those behind it were added. Pure.
 */

/** Mean products of a linear layer's inputs with each other, in segments along its diagonal. */
export interface SecondMoments {
  /** Inputs a segment; products across segments count as none. */
  readonly segment: number;
  /** [nIn / segment, segment, segment] */
  readonly values: Float32Array;
}

export interface ErrorFeedback {
  readonly segment: number;
  /** [nIn / segment, segment, segment]: Lⱼₖ at row k and column j > k. */
  readonly factors: Float64Array;
  /** Dₖ [nIn]: what an error counts that nothing behind its column makes good. */
  readonly pivots: Float64Array;
}

/** What moments between different inputs are multiplied by: some of what a short text shows is chance. */
const TRUSTED = 0.85;
/** Part of the mean square of all inputs that is added to each: one that was never used still counts. */
const DAMPING = 1e-3;

export function errorFeedback({ segment: n, values }: SecondMoments): ErrorFeedback {
  const factors = new Float64Array(values.length);
  const pivots = new Float64Array(values.length / n);
  for (let start = 0; start < values.length; start += n * n) {
    const segment = factors.subarray(start, start + n * n);
    let trace = 0;
    for (let k = 0; k < n; k++) trace += values[start + k * n + k];
    const added = trace === 0 ? 1 : (DAMPING * trace) / n;
    for (let k = 0; k < n; k++) {
      for (let j = 0; j < k; j++) segment[k * n + j] = TRUSTED * values[start + k * n + j];
      segment[k * n + k] = values[start + k * n + k] + added;
    }
    factorise(segment, n);
    for (let k = 0; k < n; k++) {
      const root = segment[k * n + k];
      pivots[start / n + k] = root * root;
      for (let j = k + 1; j < n; j++) segment[k * n + j] = segment[j * n + k] / root;
    }
  }
  return { segment: n, factors, pivots };
}

/** Cholesky's factor in place of the lower half of a positive definite matrix [n, n], row by row. */
function factorise(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j <= i; j++) {
      const other = j * n;
      // Two sums, so that an addition need not wait for the one before it.
      let [even, odd] = [0, 0];
      let k = 0;
      for (; k + 1 < j; k += 2) {
        even += a[row + k] * a[other + k];
        odd += a[row + k + 1] * a[other + k + 1];
      }
      if (k < j) even += a[row + k] * a[other + k];
      const rest = a[row + j] - even - odd;
      a[row + j] = j === i ? Math.sqrt(rest) : rest / a[other + j];
    }
  }
}
