/**
 * The delta form, ours: past keys and values go in as views of buffers owned here, and only the new rows come out.
 * The runtime copies every output and reads every input in place, so the cost of a step does not grow with the cache.
 *
 * in:  input_ids, position_ids int64 [1, T]; attention_bias float32 [T, n + T]; past_key.{i}, past_value.{i} float32
 *      [n, kvHeads, headDim]; output_rows int64 [M]
 * out: logits float32 [M, vocab]; new_kv float32 [2·layers, T, kvHeads, headDim], keys before values in each layer
 *
 * A graph of a large vocabulary also lists its rows:
 * in:  wanted_tokens int64 [W], W ≥ 1
 * out: top_logits float32 [M, k], top_ids int64 [M, k]; log_sum float32 [M], log Σ exp over the vocabulary;
 *      wanted_logits float32 [M, W]
 */

import { UserError } from '../core/errors';
import type { Wanted } from '../core/model';
import { say } from '../core/sentence';
import type { CausalGraph, ListedLogits, Logits, PassCache, RowForm } from './graph';
import { KvRows } from './kvCache';
import { Tensor } from './onnxruntime';
import type { Feeds, Session, TensorSignature } from './session';

/** Small enough that exp() of a masked score is exactly 0, large enough to stay finite in sums. */
const MASKED = -1e9;

const WANTED = 'wanted_tokens';
const LISTING = ['top_logits', 'top_ids', 'log_sum', 'wanted_logits'];
const NOTHING = new Float32Array(0);

export function isDeltaForm(inputs: readonly TensorSignature[]): boolean {
  return inputs.some(input => input.name === 'past_key.0');
}

export class DeltaGraph implements CausalGraph {
  readonly vocabSize: number;
  readonly listsRows: boolean;
  readonly #kvHeads: number;
  readonly #headDim: number;
  readonly #pastNames: readonly string[];
  #ids = new BigInt64Array(0);
  #positions = new BigInt64Array(0);
  #outputRows = new BigInt64Array(0);
  #wanted = new BigInt64Array(1);
  #bias = new Float32Array(0);
  /** All zeros, for single steps, where nothing is masked. */
  #noBias = new Float32Array(0);

  /** @throws UserError when the graph has other inputs or outputs than the delta form's. */
  constructor(
    private readonly session: Session,
    private readonly contextLength: number,
  ) {
    const nLayers = session.inputs.filter(input => input.name.startsWith('past_key.')).length;
    this.#pastNames = Array.from({ length: nLayers }, (_, i) => [`past_key.${i}`, `past_value.${i}`]).flat();
    const actual = session.inputs.map(input => input.name);
    const outputs = session.outputs.map(output => output.name);
    this.listsRows = actual.includes(WANTED) && LISTING.every(name => outputs.includes(name));
    const expected = ['input_ids', 'position_ids', 'attention_bias', ...this.#pastNames, 'output_rows'];
    if (this.listsRows) expected.push(WANTED);
    const key = session.inputs.find(input => input.name === 'past_key.0');
    const vocabSize = session.outputs.find(output => output.name === 'logits')?.shape.at(-1);
    const [, kvHeads, headDim] = key?.shape ?? [];
    const isComplete = expected.every(name => actual.includes(name)) && actual.length === expected.length;
    const hasOutputs = outputs.includes('new_kv') && typeof vocabSize === 'number';
    if (!isComplete || !hasOutputs || typeof kvHeads !== 'number' || typeof headDim !== 'number') {
      throw new UserError(
        'graph-unknown',
        say`The graph is not in delta form: it has the inputs ${actual.join(', ')} and the outputs ${outputs.join(', ')}.`,
      );
    }
    this.vocabSize = vocabSize;
    this.#kvHeads = kvHeads;
    this.#headDim = headDim;
  }

  get cacheBytesPerToken(): number {
    return this.#pastNames.length * this.#kvHeads * this.#headDim * Float32Array.BYTES_PER_ELEMENT;
  }

  openCache(form: RowForm): PassCache {
    const rows = new KvRows(this.#pastNames.length, this.#kvHeads * this.#headDim, this.contextLength);
    return new DeltaCache(rows, async (tokens, start, end, nRows, wanted) => {
      const fetches = ['new_kv', ...(nRows === 0 ? [] : outputsOf(form, wanted))];
      // A graph gives one row at least, which nobody needs to fetch.
      const feeds = () => this.#feeds(rows, tokens, start, end, Math.max(1, nRows), wanted);
      const outputs = await this.session.run(feeds, fetches);
      rows.append(outputs.new_kv.data as Float32Array, end - start);
      return nRows === 0 ? undefined : rowsOf(form, outputs);
    });
  }

  #feeds(rows: KvRows, tokens: readonly number[], start: number, end: number, nRows: number, wanted: Wanted): Feeds {
    const nNew = end - start;
    const nPast = rows.length;
    // A past of length 0 ends the process with SIGFPE, so an empty cache passes one masked row.
    const nPastRows = Math.max(1, nPast);
    this.#growScratch(nNew);
    for (let i = 0; i < nNew; i++) {
      this.#ids[i] = BigInt(tokens[start + i]);
      this.#positions[i] = BigInt(nPast + i);
    }
    for (let i = 0; i < nRows; i++) this.#outputRows[i] = BigInt(nNew - nRows + i);
    const feeds: Feeds = {
      input_ids: new Tensor('int64', this.#ids.subarray(0, nNew), [1, nNew]),
      position_ids: new Tensor('int64', this.#positions.subarray(0, nNew), [1, nNew]),
      attention_bias: this.#attentionBias(nPast, nNew),
      output_rows: new Tensor('int64', this.#outputRows.subarray(0, nRows), [nRows]),
    };
    if (this.listsRows) feeds[WANTED] = this.#wantedTokens(wanted);
    const shape = [nPastRows, this.#kvHeads, this.#headDim];
    for (let i = 0; i < this.#pastNames.length; i++) {
      feeds[this.#pastNames[i]] = new Tensor('float32', rows.view(i, nPastRows), shape);
    }
    return feeds;
  }

  /** One at least, which is token 0 where none is wanted. */
  #wantedTokens(wanted: Wanted): Tensor {
    if (this.#wanted.length < wanted.length) this.#wanted = new BigInt64Array(2 * wanted.length);
    for (let i = 0; i < wanted.length; i++) this.#wanted[i] = BigInt(wanted[i]);
    if (wanted.length === 0) this.#wanted[0] = 0n;
    const n = Math.max(1, wanted.length);
    return new Tensor('int64', this.#wanted.subarray(0, n), [n]);
  }

  /** New token i sees the whole past and the new tokens up to itself. */
  #attentionBias(nPast: number, nNew: number): Tensor {
    const nPastRows = Math.max(1, nPast);
    const width = nPastRows + nNew;
    if (nNew === 1 && nPast > 0) {
      if (this.#noBias.length < width) this.#noBias = new Float32Array(2 * width);
      return new Tensor('float32', this.#noBias.subarray(0, width), [1, width]);
    }
    if (this.#bias.length < nNew * width) this.#bias = new Float32Array(2 * nNew * width);
    const bias = this.#bias.subarray(0, nNew * width).fill(0);
    for (let i = 0; i < nNew; i++) {
      if (nPast === 0) bias[i * width] = MASKED;
      bias.fill(MASKED, i * width + nPastRows + i + 1, (i + 1) * width);
    }
    return new Tensor('float32', bias, [nNew, width]);
  }

  #growScratch(nNew: number): void {
    if (this.#ids.length >= nNew) return;
    this.#ids = new BigInt64Array(2 * nNew);
    this.#positions = new BigInt64Array(2 * nNew);
    this.#outputRows = new BigInt64Array(2 * nNew);
  }
}

class DeltaCache implements PassCache {
  constructor(
    private readonly rows: KvRows,
    readonly append: PassCache['append'],
  ) {}

  get length(): number {
    return this.rows.length;
  }

  get sizeBytes(): number {
    return this.rows.sizeBytes;
  }

  adopt(from: PassCache, length: number): void {
    if (!(from instanceof DeltaCache)) throw new Error('Only a cache of the same graph can be copied.');
    this.rows.copy(from.rows, length);
  }

  truncate(length: number): void {
    this.rows.truncate(length);
  }
}

function outputsOf(form: RowForm, wanted: Wanted): readonly string[] {
  if (form === 'whole') return ['logits'];
  return wanted.length > 0 ? LISTING : LISTING.filter(name => name !== 'wanted_logits');
}

function rowsOf(form: RowForm, outputs: Awaited<ReturnType<Session['run']>>): Logits | ListedLogits {
  if (form === 'whole') return { kind: 'whole', values: outputs.logits.data as Float32Array, start: 0 };
  return {
    kind: 'listed',
    topIds: outputs.top_ids.data as BigInt64Array,
    topLogits: outputs.top_logits.data as Float32Array,
    logSums: outputs.log_sum.data as Float32Array,
    wantedLogits: (outputs.wanted_logits?.data as Float32Array | undefined) ?? NOTHING,
  };
}
