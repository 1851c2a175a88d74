/**
 * Which files are held out: whole files, about a tenth of the tokens, by a hash of their names, so that adding files
 * moves no other one. Half of them choose (when to stop, how strong), the other half report what came of it.
 */
import { UserError } from '../errors';
import { say } from '../sentence';

export type Split = 'train' | 'choose' | 'report';

export interface SplitFile {
  readonly name: string;
  readonly nTokens: number;
}

export const LEAST_FILES = 5;
const SHARE = 0.1;
/** Held out are never fewer, and no more, tokens than these shares while there are files to choose from. */
const LEAST_SHARE = 0.05;
const MOST_SHARE = 0.2;
/** Shorter files say little about how well a model completes. */
const SAYS_SOMETHING_TOKENS = 100;

/**
 * @returns the split of each file.
 * @throws UserError with fewer than five files.
 */
export function splitFiles(files: readonly SplitFile[]): Split[] {
  if (files.length < LEAST_FILES) {
    throw new UserError(
      'training-too-few-files',
      say`Only ${files.length} files are fit for training, and some of them have to be held out to measure what was learned. Choose a folder with at least ${LEAST_FILES} files of source code.`,
    );
  }
  const total = files.reduce((sum, file) => sum + file.nTokens, 0);
  const order = files.map((file, i) => ({ i, nTokens: file.nTokens, hash: hash(file.name) }));
  order.sort((a, b) => a.hash - b.hash || (files[a.i].name < files[b.i].name ? -1 : 1));
  const most = MOST_SHARE * total;
  const held = order.filter(file => file.hash < SHARE && file.nTokens <= most);
  let nHeld = held.reduce((sum, file) => sum + file.nTokens, 0);
  while (held.length > 2 && nHeld > most) nHeld -= held.pop()!.nTokens;
  const fits = (nTokens: number) => nTokens >= SAYS_SOMETHING_TOKENS && nHeld + nTokens <= most;
  const taken = new Set(held);
  const others = order.filter(file => !taken.has(file));
  const bySize = [...others].sort((a, b) => a.nTokens - b.nTokens || a.hash - b.hash);
  // First what fits well; where nothing does, the smallest, so that two are always held out.
  for (const file of [...others.filter(f => fits(f.nTokens)), ...bySize]) {
    if (held.length >= 2 && (nHeld >= LEAST_SHARE * total || !fits(file.nTokens))) continue;
    if (taken.has(file)) continue;
    taken.add(file);
    held.push(file);
    nHeld += file.nTokens;
  }
  return assign(files, held);
}

/** The larger files first, each to the half that has less so far. */
function assign(files: readonly SplitFile[], held: readonly { i: number; nTokens: number; hash: number }[]): Split[] {
  const split = files.map((): Split => 'train');
  const sums = { choose: 0, report: 0 };
  for (const { i, nTokens } of [...held].sort((a, b) => b.nTokens - a.nTokens || a.hash - b.hash)) {
    const half = sums.choose <= sums.report ? 'choose' : 'report';
    split[i] = half;
    sums[half] += nTokens;
  }
  return split;
}

/** FNV-1a of the UTF-16 units, finished as in MurmurHash3: uniform in [0, 1). */
function hash(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}
