/** The tiny models of test/fixtures/models, what transformers computes for them, and copies that a test may damage. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FileHashes } from '../../../src/engine/modelFiles';
import { findProposalFiles, loadProposal, type Proposal } from '../../../src/engine/proposal';

/** Mocha runs in the project folder. */
export const FIXTURES = path.resolve('test/fixtures/models');
/** A folder of shipped models: proposals/tiny, proposals/tiny-top (the same, listing its likeliest tokens), modules/tiny, modules/other, graphs. */
export const DELTA = path.join(FIXTURES, 'delta');

export const never = new AbortController().signal;

export interface Oracle {
  readonly tokens: readonly number[];
  readonly rows: readonly number[];
  readonly tolerance: number;
  readonly logits: readonly (readonly number[])[];
  readonly texts: readonly { readonly text: string; readonly ids: readonly number[] }[];
}

export interface DeltaOracle {
  readonly tokens: readonly number[];
  readonly rows: readonly number[];
  readonly proposal: readonly (readonly number[])[];
  readonly tiny: readonly (readonly number[])[];
  readonly other: readonly (readonly number[])[];
}

export function readOracle<T>(name: string): T {
  return JSON.parse(readFileSync(path.resolve('test/oracles/hf', `${name}.json`), 'utf8')) as T;
}

/** Every form of proposal: the usual exports of three families, and ours. */
export const FORMS = [
  'llama',
  'qwen2-half-cache',
  'qwen3-no-positions',
  'qwen3-keeps-last',
  'qwen2-sharded',
  'llama-grouped',
  'delta',
  'delta-top',
];

export function proposalDir(form: string): string {
  if (!form.startsWith('delta')) return path.join(FIXTURES, form);
  return path.join(DELTA, 'proposals', form.replace('delta', 'tiny'));
}

export function oracleOf(form: string): Pick<Oracle, 'tokens' | 'rows' | 'tolerance' | 'logits'> {
  if (!form.startsWith('delta')) return readOracle<Oracle>(form);
  const { tokens, rows, proposal } = readOracle<DeltaOracle>('delta');
  return { tokens, rows, tolerance: 1e-4, logits: proposal };
}

export async function openProposal(dir: string): Promise<Proposal> {
  return loadProposal(await findProposalFiles({ id: path.basename(dir), dir }), new FileHashes(), { nThreads: 1 });
}

/** Log softmax in double precision. */
export function expectedLogps(logits: readonly number[]): number[] {
  const max = Math.max(...logits);
  const logSum = Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0));
  return logits.map(x => x - max - logSum);
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** Ordinary tokens of the small vocabulary, reproducible. */
export function someTokens(n: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: n }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return 9 + (state % 311);
  });
}

/** A copy of a folder in the temporary directory, removed by `removeCopies`. */
export function copyOf(dir: string): string {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'residual-engine-'));
  copies.push(copy);
  cpSync(dir, copy, { recursive: true });
  return copy;
}

const copies: string[] = [];

export function removeCopies(): void {
  for (const copy of copies.splice(0)) rmSync(copy, { recursive: true, force: true, maxRetries: 5 });
}
