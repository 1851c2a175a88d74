/** What `data.json` says: which files stand where in `tokens.bin`, on which side, and what was left out. */
import { UserError } from '../core/errors';
import { say } from '../core/sentence';
import type { Split } from '../core/training/splitFiles';
import type { DryRun } from '../protocol/training';

export const TOKENS_FILE = 'tokens.bin';
export const DATA_FILE = 'data.json';
export const PAIRS_FILE = 'pairs.json';

/** What is known of the data before anything is measured. */
export type DataAccount = Omit<DryRun, 'tokensPerS' | 'minutes' | 'epochs'>;

export interface PreparedFile {
  readonly name: string;
  readonly split: Split;
  /** Its first token in tokens.bin. */
  readonly start: number;
  readonly nTokens: number;
}

export interface PreparedData {
  readonly formatVersion: 1;
  readonly tokenizerId: string;
  /** sha256 of tokens.bin and of pairs.json: what was drawn for other data does not fit. */
  readonly tokensSha256: string;
  readonly pairsSha256: string;
  readonly account: DataAccount;
  /** By name. */
  readonly files: readonly PreparedFile[];
}

/** @throws UserError when it is none that this version wrote. */
export function parsePreparedData(bytes: Buffer): PreparedData {
  const json = parsed(bytes);
  const isFile = (file: Partial<PreparedFile> | null) =>
    typeof file?.name === 'string' &&
    ['train', 'choose', 'report'].includes(`${file.split}`) &&
    Number.isSafeInteger(file.start) &&
    Number.isSafeInteger(file.nTokens);
  const isWhole =
    json?.formatVersion === 1 &&
    typeof json.tokenizerId === 'string' &&
    typeof json.tokensSha256 === 'string' &&
    typeof json.pairsSha256 === 'string' &&
    typeof json.account === 'object' &&
    Array.isArray(json.files) &&
    json.files.every(isFile);
  if (!isWhole) throw damaged(DATA_FILE);
  return json as PreparedData;
}

/** @returns the error of a file of the job that is not as it was written. */
export function damaged(name: string): UserError {
  return new UserError(
    'training-data-damaged',
    say`${name} of this training is missing, damaged or was changed. Start the training again.`,
  );
}

function parsed(bytes: Buffer): Partial<PreparedData> | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as Partial<PreparedData>;
  } catch {
    return undefined;
  }
}
