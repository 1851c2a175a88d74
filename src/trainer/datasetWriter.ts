/**
 * Prepares a job's data: from files to tokens on the disk. Text is judged, freed of secrets, encoded and let go, file by
 * file, so that a large workspace is never held as a whole.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../core/errors';
import type { Tokenizer } from '../core/model';
import { say } from '../core/sentence';
import { NearDuplicates } from '../core/training/nearDuplicates';
import { withoutSecrets } from '../core/training/secrets';
import { type Split, splitFiles } from '../core/training/splitFiles';
import { unfit } from '../core/training/unfit';
import type { PreferencePair, TrainingFile, TrainingSpec } from '../protocol/training';
import { writeJobFile } from './jobFiles';
import { withoutSecretsInPair } from './pairs';
import {
  DATA_FILE,
  type DataAccount,
  PAIRS_FILE,
  type PreparedData,
  type PreparedFile,
  TOKENS_FILE,
} from './preparedData';
import { readReplay } from './replay';

/** A file of fewer tokens has nothing to cut a completion out of. */
const FEWEST_TOKENS = 16;
/** Tokens are kept in 16 bits. */
const MOST_TOKENS = 65_536;
const UNFINISHED = `${TOKENS_FILE}.new`;

export class DatasetWriter {
  readonly #files: { readonly name: string; readonly start: number; readonly nTokens: number }[] = [];
  readonly #names = new Set<string>();
  readonly #duplicates = new NearDuplicates();
  readonly #hash = createHash('sha256');
  readonly #pairs: PreferencePair[] = [];
  readonly #nSecrets = { keys: 0, tokens: 0, addresses: 0 };
  #nTokens = 0;
  #nDuplicates = 0;
  #nUnfit = 0;

  private constructor(
    private readonly dir: string,
    private readonly spec: TrainingSpec,
    private readonly tokenizer: Tokenizer,
    private readonly output: FileHandle,
  ) {}

  /**
   * Begins anew: what was prepared in the folder before is gone.
   * @throws UserError when the tokenizer's vocabulary is too large for what is trained here.
   */
  static async create(dir: string, spec: TrainingSpec, tokenizer: Tokenizer): Promise<DatasetWriter> {
    if (tokenizer.vocabSize > MOST_TOKENS) {
      throw new UserError(
        'training-vocabulary-too-large',
        say`"${spec.proposal.id}" knows ${tokenizer.vocabSize} tokens, and modules can be trained for at most ${MOST_TOKENS}. Choose another proposal.`,
      );
    }
    await mkdir(dir, { recursive: true });
    for (const name of [DATA_FILE, PAIRS_FILE, TOKENS_FILE]) await rm(path.join(dir, name), { force: true });
    return new DatasetWriter(dir, spec, tokenizer, await open(path.join(dir, UNFINISHED), 'w'));
  }

  /** A file whose name was added before is passed over. */
  async addFiles(files: readonly TrainingFile[]): Promise<void> {
    for (const file of files) {
      if (this.#names.has(file.name)) continue;
      this.#names.add(file.name);
      await this.#add(file);
    }
  }

  async addPairs(pairs: readonly PreferencePair[]): Promise<void> {
    for (const pair of pairs) {
      const clean = withoutSecretsInPair(pair, this.#nSecrets);
      if (clean !== undefined) this.#pairs.push(clean);
    }
  }

  /**
   * Decides what is held out and closes the data; `Dataset.open` reads it from then on.
   * @throws UserError when there is too little to train on.
   */
  async finish(): Promise<DataAccount> {
    await this.output.sync();
    await this.output.close();
    if (this.spec.objective === 'preference' && this.#pairs.length === 0) {
      throw new UserError(
        'training-no-pairs',
        say`There is nothing to learn from yet: no suggestion was both kept and turned down. Accept and reject some suggestions first, or train on your code instead.`,
      );
    }
    const splits = this.#splits();
    const files = this.#files.map((file, i): PreparedFile => ({ ...file, split: splits[i] }));
    files.sort((a, b) => (a.name < b.name ? -1 : 1));
    const pairs = JSON.stringify(this.#pairs);
    const data: PreparedData = {
      formatVersion: 1,
      tokenizerId: this.tokenizer.id,
      tokensSha256: this.#hash.digest('hex'),
      pairsSha256: createHash('sha256').update(pairs).digest('hex'),
      account: await this.#account(files),
      files,
    };
    await rename(path.join(this.dir, UNFINISHED), path.join(this.dir, TOKENS_FILE));
    await writeJobFile(this.dir, PAIRS_FILE, pairs);
    await writeJobFile(this.dir, DATA_FILE, JSON.stringify(data));
    return data.account;
  }

  async #add({ name, text }: TrainingFile): Promise<void> {
    const normal = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
    if (unfit(name, normal) !== undefined) {
      this.#nUnfit++;
      return;
    }
    const { text: clean, nSecrets } = withoutSecrets(normal);
    const tokens = Uint16Array.from(this.tokenizer.encode(clean));
    if (tokens.length < FEWEST_TOKENS) {
      this.#nUnfit++;
      return;
    }
    if (this.#duplicates.isRepeated(tokens)) {
      this.#nDuplicates++;
      return;
    }
    for (const kind of ['keys', 'tokens', 'addresses'] as const) this.#nSecrets[kind] += nSecrets[kind];
    const bytes = new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
    this.#hash.update(bytes);
    await this.output.writeFile(bytes);
    this.#files.push({ name, start: this.#nTokens, nTokens: tokens.length });
    this.#nTokens += tokens.length;
  }

  /** Preferences are measured on pairs and need no files. */
  #splits(): Split[] {
    const isEnough = this.#files.length >= 2 || this.spec.objective !== 'preference';
    return isEnough ? splitFiles(this.#files) : this.#files.map(() => 'train');
  }

  async #account(files: readonly PreparedFile[]): Promise<DataAccount> {
    const held = files.filter(file => file.split !== 'train');
    const replay = this.spec.replayShare > 0 ? await readReplay(this.spec.proposal, this.tokenizer) : undefined;
    return {
      nFiles: files.length,
      nDuplicates: this.#nDuplicates,
      nUnfit: this.#nUnfit,
      nSecrets: { ...this.#nSecrets },
      nTrainTokens: sumOf(files) - sumOf(held),
      nHeldOutTokens: sumOf(held),
      nHeldOutFiles: held.length,
      nPairs: this.#pairs.length,
      nReplayTokens: replay === undefined ? 0 : replay.nTokens,
    };
  }
}

function sumOf(files: readonly PreparedFile[]): number {
  return files.reduce((sum, file) => sum + file.nTokens, 0);
}
