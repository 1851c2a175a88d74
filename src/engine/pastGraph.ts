/**
 * The usual Hugging Face export: `past_key_values.{i}.key/value` [1, kvHeads, n, headDim] go in, `present.{i}.key/value`
 * come out whole. The outputs of one pass are the inputs of the next; a rewind cuts them before that.
 *
 * in:  input_ids, attention_mask int64, optional position_ids, optional num_logits_to_keep
 * out: logits float32 or float16 [1, T or kept, vocab], present.{i}.key, present.{i}.value
 */

import { UserError } from '../core/errors';
import { say } from '../core/sentence';
import type { CausalGraph, Logits, PassCache } from './graph';
import { Tensor } from './onnxruntime';
import type { Feeds, Session, TensorSignature } from './session';

const PAST_KEY = /^past_key_values\.(\d+)\.key$/;

export function isPastForm(inputs: readonly TensorSignature[]): boolean {
  return inputs.some(input => PAST_KEY.test(input.name));
}

/** What config.json says, for exports whose graph leaves these dimensions open. */
export interface PastShape {
  readonly kvHeads?: number | undefined;
  readonly headDim?: number | undefined;
  readonly vocabSize?: number | undefined;
}

/** Typed arrays that a cache tensor may use: float32, or float16 as bit patterns or as the runtime's own type. */
type CacheArray = Float32Array | Uint16Array;

/** One layer's keys or values, [kvHeads, nRows, headDim]. */
interface Held {
  readonly values: CacheArray;
  readonly nRows: number;
}

export class PastGraph implements CausalGraph {
  readonly vocabSize: number;
  readonly listsRows = false;
  readonly #kvHeads: number;
  readonly #headDim: number;
  readonly #cacheType: 'float32' | 'float16';
  readonly #names: readonly { readonly past: string; readonly present: string }[];
  readonly #hasPositions: boolean;
  readonly #keep: TensorSignature | undefined;
  #ids = new BigInt64Array(0);
  #positions = new BigInt64Array(0);
  #mask = new BigInt64Array(0);

  /** @throws UserError when the graph has inputs that are not the usual export's. */
  constructor(
    private readonly session: Session,
    config: PastShape,
  ) {
    const layers = session.inputs.flatMap(input => PAST_KEY.exec(input.name)?.[1] ?? []);
    this.#names = layers.flatMap(i =>
      ['key', 'value'].map(kind => ({ past: `past_key_values.${i}.${kind}`, present: `present.${i}.${kind}` })),
    );
    const known = [...this.#names.map(name => name.past), 'input_ids', 'attention_mask', 'position_ids', KEEP];
    const unknown = session.inputs.map(input => input.name).filter(name => !known.includes(name));
    const outputs = new Set(session.outputs.map(output => output.name));
    const missing = ['logits', ...this.#names.map(name => name.present)].filter(name => !outputs.has(name));
    if (unknown.length > 0 || missing.length > 0) {
      throw new UserError(
        'graph-unknown',
        say`The graph is not a decoder export that Residual knows: ${unknown.length > 0 ? `it wants ${unknown.join(', ')}` : `it does not give ${missing.join(', ')}`}. Export it with past_key_values for text generation.`,
      );
    }
    const key = session.inputs.find(input => input.name === this.#names[0].past) as TensorSignature;
    const logits = session.outputs.find(output => output.name === 'logits') as TensorSignature;
    this.#kvHeads = dimension('key-value heads', key.shape[1], config.kvHeads);
    this.#headDim = dimension('head size', key.shape[3], config.headDim);
    this.vocabSize = dimension('vocabulary size', logits.shape.at(-1), config.vocabSize);
    if (key.type !== 'float32' && key.type !== 'float16') {
      throw new UserError(
        'graph-unknown',
        say`The graph keeps its cache as ${key.type}; float32 and float16 are known.`,
      );
    }
    this.#cacheType = key.type;
    this.#hasPositions = session.inputs.some(input => input.name === 'position_ids');
    this.#keep = session.inputs.find(input => input.name === KEEP);
  }

  get cacheBytesPerToken(): number {
    const width = this.#cacheType === 'float32' ? Float32Array.BYTES_PER_ELEMENT : Uint16Array.BYTES_PER_ELEMENT;
    return this.#names.length * this.#kvHeads * this.#headDim * width;
  }

  openCache(): PassCache {
    return new PastCache((past, tokens, start, end, nRows) => this.#run(past, tokens, start, end, nRows));
  }

  async #run(past: Past, tokens: readonly number[], start: number, end: number, nRows: number): Promise<Passed> {
    const presents = this.#names.map(({ present }) => present);
    const fetches = nRows === 0 ? presents : ['logits', ...presents];
    const outputs = await this.session.run(() => this.#feeds(past, tokens, start, end, Math.max(1, nRows)), fetches);
    const whole = ({ data, dims }: Tensor): Logits => ({
      kind: 'whole',
      values: data as Float32Array | Uint16Array,
      start: (dims[1] - nRows) * this.vocabSize,
    });
    return {
      logits: nRows === 0 ? undefined : whole(outputs.logits),
      held: this.#names.map(({ present }) => ({
        values: outputs[present].data as CacheArray,
        nRows: past.length + end - start,
      })),
    };
  }

  #feeds({ held, length: nPast }: Past, tokens: readonly number[], start: number, end: number, nRows: number): Feeds {
    const nNew = end - start;
    const nAll = nPast + nNew;
    if (this.#mask.length < nAll) this.#mask = new BigInt64Array(2 * nAll).fill(1n);
    if (this.#ids.length < nNew) {
      this.#ids = new BigInt64Array(2 * nNew);
      this.#positions = new BigInt64Array(2 * nNew);
    }
    for (let i = 0; i < nNew; i++) {
      this.#ids[i] = BigInt(tokens[start + i]);
      this.#positions[i] = BigInt(nPast + i);
    }
    const feeds: Feeds = {
      input_ids: new Tensor('int64', this.#ids.subarray(0, nNew), [1, nNew]),
      attention_mask: new Tensor('int64', this.#mask.subarray(0, nAll), [1, nAll]),
    };
    if (this.#hasPositions) feeds.position_ids = new Tensor('int64', this.#positions.subarray(0, nNew), [1, nNew]);
    if (this.#keep) feeds[KEEP] = new Tensor('int64', [BigInt(nRows)], this.#keep.shape.length === 0 ? [] : [1]);
    const shape = [1, this.#kvHeads, nPast, this.#headDim];
    this.#names.forEach(({ past }, i) => {
      const values = nPast === 0 ? emptyArray(this.#cacheType) : cut(held[i], nPast, this.#kvHeads, this.#headDim);
      feeds[past] = new Tensor(this.#cacheType, values as Float32Array, shape);
    });
    return feeds;
  }
}

/** A scalar or a one-element vector, by exporter. */
const KEEP = 'num_logits_to_keep';

/** What one pass starts from, and the same after it. */
interface Past {
  readonly held: readonly Held[];
  readonly length: number;
}

interface Passed {
  /** Undefined where no row was asked for. */
  readonly logits: Logits | undefined;
  readonly held: readonly Held[];
}

type Pass = (past: Past, tokens: readonly number[], start: number, end: number, nRows: number) => Promise<Passed>;

class PastCache implements PassCache {
  #held: readonly Held[] = [];
  length = 0;

  constructor(private readonly pass: Pass) {}

  get sizeBytes(): number {
    return this.#held.reduce((sum, { values }) => sum + values.byteLength, 0);
  }

  /** Nothing is copied: no pass writes to what another has given. */
  adopt(from: PassCache, length: number): void {
    if (!(from instanceof PastCache)) throw new Error('Only a cache of the same graph can be copied.');
    this.#held = length === 0 ? [] : from.#held;
    this.length = length;
  }

  truncate(length: number): void {
    this.length = Math.min(this.length, length);
    if (this.length === 0) this.#held = [];
  }

  async append(tokens: readonly number[], start: number, end: number, nRows: number): Promise<Logits | undefined> {
    const { logits, held } = await this.pass({ held: this.#held, length: this.length }, tokens, start, end, nRows);
    this.#held = held;
    this.length += end - start;
    return logits;
  }
}

/** The first `nRows` rows of every head. */
function cut(held: Held, nRows: number, kvHeads: number, headDim: number): CacheArray {
  if (held.nRows === nRows) return held.values;
  const size = nRows * headDim;
  const stride = held.nRows * headDim;
  const out = held.values.slice(0, kvHeads * size);
  for (let head = 1; head < kvHeads; head++) {
    out.set(held.values.subarray(head * stride, head * stride + size), head * size);
  }
  return out;
}

/** Runtimes with a Float16Array want that for float16 tensors, the others take bit patterns. */
function emptyArray(type: 'float32' | 'float16'): CacheArray {
  if (type === 'float32') return new Float32Array(0);
  const { Float16Array } = globalThis as { readonly Float16Array?: new (length: number) => Uint16Array };
  return Float16Array ? new Float16Array(0) : new Uint16Array(0);
}

function dimension(what: string, inGraph: number | string | undefined, inConfig: number | undefined): number {
  const value = typeof inGraph === 'number' && inGraph > 0 ? inGraph : inConfig;
  if (value !== undefined && value > 0) return value;
  throw new UserError('graph-unknown', say`Neither the graph nor config.json says the ${what}.`);
}
