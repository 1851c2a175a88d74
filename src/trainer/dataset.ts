/**
 * A job's prepared data: rows to train on with general code among them, rows that are held out, places to complete.
 * Everything is a pure function of the data, the seed and an index.
 */
import { createHash } from 'node:crypto';
import type { FimOrder } from '../core/fim';
import type { Tokenizer } from '../core/model';
import { seededRandom } from '../core/random';
import { type HeldOutCut, heldOutCuts, type SamplePrompt, samplePrompts } from '../core/training/prompts';
import { RowBuilder, type RowSource, type TrainingRow } from '../core/training/rows';
import type { Split } from '../core/training/splitFiles';
import { drawWeight, type TokenStore } from '../core/training/tokenStore';
import { fimOrder, findProposalFiles, loadTokenizer } from '../engine/proposal';
import type { PreferencePair, TrainingSpec } from '../protocol/training';
import { readJobFile } from './jobFiles';
import { type PairRows, rowsOfPairs } from './pairs';
import {
  DATA_FILE,
  type DataAccount,
  damaged,
  PAIRS_FILE,
  type PreparedData,
  type PreparedFile,
  parsePreparedData,
  TOKENS_FILE,
} from './preparedData';
import { type Replay, readReplay } from './replay';

export { DatasetWriter } from './datasetWriter';

/** A row of files that are never trained on; `choose` for every decision, `report` for what is told of the result. */
export interface HeldOutRow extends TrainingRow {
  readonly half: 'choose' | 'report';
}

/** Streams of numbers that must not be the same. */
const STREAM = { train: 0, replay: 0x51ed270b, mix: 0x2545f491, prompts: 0x68e31da4 };
/** The same rows are held out whatever the seed, so that modules of one workspace can be compared. */
const HELD_OUT_SEED = 77;
/** Rows drawn from few held-out files would show the same tokens again and again. */
const MOST_OF_HELD_OUT = 1.5;

export class Dataset {
  private constructor(
    private readonly spec: TrainingSpec,
    readonly tokenizer: Tokenizer,
    readonly order: FimOrder,
    private readonly data: PreparedData,
    private readonly flat: Uint16Array,
    private readonly pairs: readonly PreferencePair[],
    private readonly replay: Replay | undefined,
  ) {}

  /** @throws UserError when the folder's data is not whole, or was prepared for another tokenizer. */
  static async open(dir: string, spec: TrainingSpec): Promise<Dataset> {
    const json = await readJobFile(dir, DATA_FILE);
    if (json === undefined) throw damaged(DATA_FILE);
    const data = parsePreparedData(json);
    const files = await findProposalFiles(spec.proposal);
    const tokenizer = await loadTokenizer(files);
    if (tokenizer.id !== data.tokenizerId) throw damaged(DATA_FILE);
    const bytes = await readChecked(dir, TOKENS_FILE, data.tokensSha256);
    const pairs = await readChecked(dir, PAIRS_FILE, data.pairsSha256);
    const replay = spec.replayShare > 0 ? await readReplay(spec.proposal, tokenizer) : undefined;
    return new Dataset(
      spec,
      tokenizer,
      fimOrder(files.manifest, tokenizer.special),
      data,
      asTokens(bytes),
      JSON.parse(pairs.toString('utf8')) as PreferencePair[],
      replay,
    );
  }

  get account(): DataAccount {
    return this.data.account;
  }

  /** Changes with the data: what was drawn from other data does not fit. */
  get fingerprint(): string {
    return `${this.data.tokensSha256}:${this.data.pairsSha256}`;
  }

  /** The share of rows that are general code; 0 where the proposal brings none. */
  get replayShare(): number {
    return this.replay === undefined ? 0 : this.spec.replayShare;
  }

  /** Rows of `length` tokens: the workspace's, and general code by its share. */
  trainRows(length: number): RowSource {
    const { tokenizer, order, spec, replay } = this;
    const shape = { tokenizer, order, length, targets: 'all' } as const;
    const train = this.#store('train');
    const replayRows = replay && new RowBuilder(replay, shape, spec.seed ^ STREAM.replay);
    // Preferences may come without files.
    if (train.nFiles === 0) return replayRows ?? { row: () => emptyRow(length) };
    const trainRows = new RowBuilder(train, shape, spec.seed ^ STREAM.train);
    if (replayRows === undefined) return trainRows;
    const mix = seededRandom(spec.seed ^ STREAM.mix);
    return { row: i => (mix.uniform(i, 0) < spec.replayShare ? replayRows : trainRows).row(i) };
  }

  /** At most `n` rows, of the two halves in turn; their targets are code that stands where a completion could. */
  heldOutRows(length: number, n: number): HeldOutRow[] {
    const { tokenizer, order } = this;
    const shape = { tokenizer, order, length, targets: 'code' } as const;
    const [choosing, reporting] = (['choose', 'report'] as const).map(half => {
      const store = this.#store(half);
      if (store.nFiles === 0) return [];
      const builder = new RowBuilder(store, shape, HELD_OUT_SEED);
      const nRows = Math.min(Math.ceil(n / 2), Math.ceil((MOST_OF_HELD_OUT * nTokensOf(store)) / length));
      return Array.from({ length: nRows }, (_, i): HeldOutRow => ({ ...builder.row(i), half }));
    });
    const rows: HeldOutRow[] = [];
    for (let i = 0; i < Math.max(choosing.length, reporting.length); i++) {
      if (i < choosing.length) rows.push(choosing[i]);
      if (i < reporting.length) rows.push(reporting[i]);
    }
    return rows.slice(0, n);
  }

  /**
   * Rows that no preference is about: of the workspace's held-out files, or of the general code where the job has no files.
   * Proposals know that code; what counts there is how far a pair falls behind its proposal.
   */
  otherCode(length: number, n: number): HeldOutRow[] {
    const heldOut = this.heldOutRows(length, n);
    if (heldOut.length > 0 || this.replay === undefined) return heldOut;
    const { tokenizer, order } = this;
    const builder = new RowBuilder(this.replay, { tokenizer, order, length, targets: 'code' }, HELD_OUT_SEED);
    return Array.from({ length: n }, (_, i) => ({ ...builder.row(i), half: i % 2 === 0 ? 'choose' : 'report' }));
  }

  /** At most `n` places in the files that report, each with what its author wrote there. */
  heldOutCuts(n: number): HeldOutCut[] {
    const store = this.#store('report');
    if (store.nFiles === 0) return [];
    return heldOutCuts(store, this, file => shownPath(store.names[file]), HELD_OUT_SEED, n);
  }

  pairRows(length: number): PairRows[] {
    return rowsOfPairs(this.pairs, this.tokenizer, this.order, length);
  }

  /**
   * Prompts from the files to train on; the first ones are the same whatever `n` is.
   * @param limits tokens of a prompt and of its truth, at most
   */
  samplePrompts(n: number, limits = SAMPLE_LIMITS): SamplePrompt[] {
    const store = this.#store('train');
    if (store.nFiles === 0) return [];
    return samplePrompts(store, this, this.spec.seed ^ STREAM.prompts, n, limits.prompt, limits.response);
  }

  #store(split: Split): TokenStore & { readonly names: readonly string[] } {
    const files = this.data.files.filter(file => file.split === split);
    const headers: (readonly number[])[] = [];
    return {
      nFiles: files.length,
      names: files.map(file => file.name),
      tokens: i => tokensOf(this.flat, files[i]),
      header: i => (headers[i] ??= this.tokenizer.encode(`${shownPath(files[i].name)}\n`)),
      weights: files.map(file => drawWeight(file.name)),
    };
  }
}

/** A prompt and its response fill a row of 256 tokens and the target after it. */
export const SAMPLE_LIMITS = { prompt: 208, response: 48 };

/** What a prompt's header says: at most the last three parts. */
function shownPath(name: string): string {
  return name.split('/').filter(Boolean).slice(-3).join('/');
}

function tokensOf(flat: Uint16Array, { start, nTokens }: PreparedFile): Uint16Array {
  return flat.subarray(start, start + nTokens);
}

function nTokensOf(store: TokenStore): number {
  let sum = 0;
  for (let i = 0; i < store.nFiles; i++) sum += store.tokens(i).length;
  return sum;
}

function emptyRow(length: number): TrainingRow {
  return {
    tokens: new Int32Array(length),
    targets: new Int32Array(length).fill(-1),
    weights: new Float32Array(length),
  };
}

/** A view where the buffer happens to lie at an even address. */
function asTokens(bytes: Buffer): Uint16Array {
  const { buffer, byteOffset, length } = bytes;
  if (byteOffset % 2 === 0) return new Uint16Array(buffer, byteOffset, length >> 1);
  return new Uint16Array(buffer.slice(byteOffset, byteOffset + length));
}

async function readChecked(dir: string, name: string, sha256: string): Promise<Buffer> {
  const bytes = await readJobFile(dir, name);
  if (bytes === undefined || createHash('sha256').update(bytes).digest('hex') !== sha256) throw damaged(name);
  return bytes;
}
