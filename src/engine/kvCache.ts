/**
 * Keys and values of the delta form: one buffer per layer and kind, rows outermost, so that the valid rows are always a
 * view that the runtime reads in place, new rows are one copy behind them, and a rewind lowers a counter.
 */

const FIRST_CAPACITY = 256;

export class KvRows {
  readonly #buffers: Float32Array[];
  #capacity: number;
  #length = 0;

  /**
   * @param nBuffers two per layer: keys, values
   * @param rowSize values in a row: key-value heads × head size
   * @param maxLength rows that will ever be needed
   */
  constructor(
    nBuffers: number,
    private readonly rowSize: number,
    private readonly maxLength: number,
  ) {
    this.#capacity = Math.min(FIRST_CAPACITY, maxLength);
    this.#buffers = Array.from({ length: nBuffers }, () => new Float32Array(this.#capacity * rowSize));
  }

  get length(): number {
    return this.#length;
  }

  get sizeBytes(): number {
    return this.#buffers.length * this.#capacity * this.rowSize * Float32Array.BYTES_PER_ELEMENT;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** The first `nRows` rows of one buffer, in place. */
  view(buffer: number, nRows: number): Float32Array {
    return this.#buffers[buffer].subarray(0, nRows * this.rowSize);
  }

  /** Appends `nRows` rows to every buffer. `rows` is [buffer, row, value] without gaps. */
  append(rows: Float32Array, nRows: number): void {
    this.#reserve(this.#length + nRows);
    const nValues = nRows * this.rowSize;
    const at = this.#length * this.rowSize;
    for (let i = 0; i < this.#buffers.length; i++) {
      this.#buffers[i].set(rows.subarray(i * nValues, (i + 1) * nValues), at);
    }
    this.#length += nRows;
  }

  /** Becomes a copy of the first `nRows` rows of another cache of the same shape. */
  copy(from: KvRows, nRows: number): void {
    this.#length = 0;
    this.#reserve(nRows);
    for (let i = 0; i < this.#buffers.length; i++) this.#buffers[i].set(from.view(i, nRows));
    this.#length = nRows;
  }

  /** Doubles until `length` rows fit: the copies of a whole context cost less than one more copy of it. */
  #reserve(length: number): void {
    if (length <= this.#capacity) return;
    if (length > this.maxLength) throw new Error(`The KV cache holds ${this.maxLength} rows, not ${length}.`);
    while (this.#capacity < length) this.#capacity = Math.min(2 * this.#capacity, this.maxLength);
    for (let i = 0; i < this.#buffers.length; i++) {
      const grown = new Float32Array(this.#capacity * this.rowSize);
      grown.set(this.view(i, this.#length));
      this.#buffers[i] = grown;
    }
  }
}
