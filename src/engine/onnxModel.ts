/**
 * A language model over an ONNX graph: prefixes, prefill in chunks, rewinds and rows of logps. Knows nothing of tensors
 * (graph.ts) or of files (proposal.ts, alignmentModule.ts).
 */
import { setImmediate as eventsHadTheirTurn } from 'node:timers/promises';
import { throwIfAborted, UserError } from '../core/errors';
import type { LanguageModel, OpenOptions, SeekOptions, SeekReport, Wanted } from '../core/model';
import { type Row, SparseRow, WholeRow } from '../core/row';
import { say } from '../core/sentence';
import type { CausalGraph, ListedLogits, Logits, PassCache } from './graph';
import { listRow } from './listedRow';
import { logSoftmaxRow } from './logSoftmax';
import type { CachingSequence } from './warmSequences';

/**
 * Tokens in one prefill pass. A pass cannot be interrupted, so this bounds how long a cancelled request still computes;
 * shorter chunks read the weights more often, longer ones build larger score matrices. Measured: 512 tokens of a 6 M
 * proposal in int8, two busy cores, take 135, 95, 86, 100, 250 ms in chunks of 32, 64, 128, 256, 512; Qwen2.5-Coder 0.5B in
 * int8 takes 3.4, 2.8, 2.7, 2.6, 2.6, 2.8 ms a token in chunks of 32, 64, 96, 128, 192, 256, one thread, at the beginning.
 */
export const PREFILL_CHUNK = 128;

export interface OnnxModelSource {
  readonly tokenizerId: string;
  readonly contextLength: number;
  readonly graph: CausalGraph;
  readonly weightsBytes: number;
  /** Frees the native session. */
  readonly close: () => Promise<void>;
}

export class OnnxModel implements LanguageModel {
  readonly #open = new Set<OnnxSequence>();

  constructor(private readonly source: OnnxModelSource) {}

  get tokenizerId(): string {
    return this.source.tokenizerId;
  }

  get vocabSize(): number {
    return this.source.graph.vocabSize;
  }

  get contextLength(): number {
    return this.source.contextLength;
  }

  get cacheBytesPerToken(): number {
    return this.source.graph.cacheBytesPerToken;
  }

  /** Weights and the caches of all open sequences. */
  get sizeBytes(): number {
    let sum = this.source.weightsBytes;
    for (const sequence of this.#open) sum += sequence.sizeBytes;
    return sum;
  }

  /** Rows are whole, too, where the graph lists none. */
  open({ rows }: OpenOptions = {}): CachingSequence {
    const { graph, contextLength } = this.source;
    const form = graph.listsRows && rows === undefined ? 'listed' : 'whole';
    const newRow = () =>
      form === 'listed' ? new SparseRow(graph.vocabSize) : new WholeRow(new Float32Array(graph.vocabSize));
    const sequence = new OnnxSequence(graph.openCache(form), newRow, contextLength, () => {
      this.#open.delete(sequence);
    });
    this.#open.add(sequence);
    return sequence;
  }

  /** Nothing may be running on any of its sequences. */
  async close(): Promise<void> {
    this.#open.clear();
    await this.source.close();
  }
}

class OnnxSequence implements CachingSequence {
  /** Always as long as the cache. */
  readonly #tokens: number[] = [];
  /** Buffers for rows; the first `#nRows` hold the rows after tokens `#firstRow`, `#firstRow` + 1, … */
  readonly #rows: (WholeRow | SparseRow)[] = [];
  #firstRow = 0;
  #nRows = 0;
  #isBusy = false;

  constructor(
    private readonly cache: PassCache,
    private readonly newRow: () => WholeRow | SparseRow,
    private readonly contextLength: number,
    private readonly onClose: () => void,
  ) {}

  get length(): number {
    return this.#tokens.length;
  }

  get sizeBytes(): number {
    return this.#rows.reduce((sum, row) => sum + row.sizeBytes, this.cache.sizeBytes);
  }

  async seek(
    tokens: readonly number[],
    signal: AbortSignal,
    { between = nothing, chunk = PREFILL_CHUNK, wanted = [] }: SeekOptions = {},
  ): Promise<SeekReport> {
    if (tokens.length === 0) throw new Error('A sequence needs at least one token.');
    this.#checkRoom(tokens.length);
    const nCommon = this.sharedLength(tokens);
    const hasRow = nCommon === tokens.length && this.#holdsRow(nCommon - 1) && this.#lists(nCommon - 1, wanted);
    // Without its row, or what is wanted of it, the last token is evaluated again.
    const nCached = hasRow ? nCommon : Math.min(nCommon, tokens.length - 1);
    await this.#exclusively(async () => {
      this.#truncate(nCached);
      for (let start = nCached; start < tokens.length; start += chunk) {
        // A pass blocks the thread: a cancel that arrived meanwhile is delivered only when events get their turn.
        if (start > nCached) {
          await eventsHadTheirTurn();
          await between();
        }
        throwIfAborted(signal);
        const end = Math.min(start + chunk, tokens.length);
        await this.#evaluate(tokens, start, end, end === tokens.length ? 1 : 0, wanted);
      }
    });
    return { nCached, nPrefilled: tokens.length - nCached };
  }

  logps(): Row {
    const last = this.#tokens.length - 1;
    if (!this.#holdsRow(last)) throw new Error('The row after the last token was not evaluated: seek or push first.');
    return this.#rows[last - this.#firstRow];
  }

  async push(token: number, signal: AbortSignal, wanted: Wanted = []): Promise<void> {
    await this.verify([token], signal, wanted);
  }

  async verify(draft: readonly number[], signal: AbortSignal, wanted: Wanted = []): Promise<readonly Row[]> {
    this.#checkRoom(this.#tokens.length + draft.length);
    throwIfAborted(signal);
    await this.#exclusively(() => this.#evaluate(draft, 0, draft.length, draft.length, wanted));
    return this.#rows.slice(this.#nRows - draft.length, this.#nRows);
  }

  rewind(n: number): void {
    if (n < 0 || n > this.#tokens.length) throw new Error(`Cannot rewind ${n} of ${this.#tokens.length} tokens.`);
    this.#truncate(this.#tokens.length - n);
  }

  sharedLength(tokens: readonly number[]): number {
    const n = Math.min(tokens.length, this.#tokens.length);
    let i = 0;
    while (i < n && tokens[i] === this.#tokens[i]) i++;
    return i;
  }

  adopt(from: CachingSequence, n: number): void {
    if (!(from instanceof OnnxSequence)) throw new Error('Only a sequence of the same model can be copied.');
    if (this.#isBusy || from.#isBusy) throw new Error('The sequence is being evaluated.');
    if (n > from.length) throw new Error(`Cannot copy ${n} of ${from.length} tokens.`);
    this.cache.adopt(from.cache, n);
    this.#tokens.length = 0;
    for (let i = 0; i < n; i++) this.#tokens.push(from.#tokens[i]);
    this.#nRows = 0;
  }

  close(): void {
    this.#truncate(0);
    this.onClose();
  }

  /** One pass over `tokens[start..end)`; keeps the rows of the last `nRows` of them, and the row before the pass. */
  async #evaluate(tokens: readonly number[], start: number, end: number, nRows: number, wanted: Wanted): Promise<void> {
    const nBefore = this.#tokens.length;
    const passed = await this.cache.append(tokens, start, end, nRows, wanted);
    for (let i = start; i < end; i++) this.#tokens.push(tokens[i]);
    const first = this.#tokens.length - nRows;
    const keepsRowBefore = first === nBefore && this.#holdsRow(nBefore - 1);
    if (keepsRowBefore) this.#swapRows(0, nBefore - 1 - this.#firstRow);
    this.#firstRow = keepsRowBefore ? first - 1 : first;
    this.#nRows = keepsRowBefore ? nRows + 1 : nRows;
    while (this.#rows.length < this.#nRows) this.#rows.push(this.newRow());
    for (let i = 0; i < nRows; i++) write(passed, i, wanted, this.#rows[this.#nRows - nRows + i]);
  }

  #swapRows(a: number, b: number): void {
    const row = this.#rows[a];
    this.#rows[a] = this.#rows[b];
    this.#rows[b] = row;
  }

  /** Whether the row after token `index` is at hand. */
  #holdsRow(index: number): boolean {
    return index >= this.#firstRow && index < this.#firstRow + this.#nRows;
  }

  /** Whether the row after token `index`, which is at hand, says what is wanted. */
  #lists(index: number, wanted: Wanted): boolean {
    const row = this.#rows[index - this.#firstRow];
    if (row instanceof WholeRow) return true;
    for (let i = 0; i < wanted.length; i++) if (!row.has(wanted[i])) return false;
    return true;
  }

  /** Rows behind the new end stay where they are: every pass sets anew which rows there are. */
  #truncate(length: number): void {
    this.cache.truncate(length);
    this.#tokens.length = length;
  }

  #checkRoom(length: number): void {
    if (length <= this.contextLength) return;
    throw new UserError(
      'prompt-too-long',
      say`The model holds ${this.contextLength} tokens, but ${length} are needed. Lower "residual.contextTokens" or choose a model with a longer context.`,
    );
  }

  /** Two passes at once would write the same rows of the cache. */
  async #exclusively<T>(pass: () => Promise<T>): Promise<T> {
    if (this.#isBusy) throw new Error('The sequence is already being evaluated.');
    this.#isBusy = true;
    try {
      return await pass();
    } finally {
      this.#isBusy = false;
    }
  }
}

/** Row `i` of a pass. */
function write(passed: Logits | ListedLogits | undefined, i: number, wanted: Wanted, row: WholeRow | SparseRow): void {
  if (passed?.kind === 'whole' && row instanceof WholeRow) logSoftmaxRow(passed, i, row.values);
  else if (passed?.kind === 'listed' && row instanceof SparseRow) listRow(passed, i, wanted, row);
  else throw new Error('The graph gave rows of another form than it was asked for.');
}

async function nothing(): Promise<void> {}
