/** What the files of a workspace hold as tokens, and how one state of them differs from another. Knows no counts. */
import type { NgramSegment } from './ngramSegment';
import { MAX_ORDER } from './ngramSort';
import type { TokenArray } from './ngramTally';

export interface StoredFile {
  /** The host's own mark for the file, so that it can tell later whether it may have changed. */
  readonly stamp: string;
  /** The host's own mark for the text: the same for the same text, wherever it stands. Empty where it gave none. */
  readonly digest: string;
  readonly nTokens: number;
}

export interface NamedFile extends StoredFile {
  readonly name: string;
}

/** What a file holds at one time; another content is another object. The same content may get another stamp. */
export interface Content extends StoredFile {
  stamp: string;
  readonly tokens: TokenArray;
}

export type Contents = ReadonlyMap<string, Content>;

/** What makes `files` of what the large segment holds. */
export interface Difference {
  readonly names: ReadonlySet<string>;
  readonly left: readonly Content[];
  readonly came: readonly Content[];
}

export function differing(base: Contents, files: Contents, candidates: readonly string[]): Difference {
  const names = new Set(candidates.filter(name => base.get(name) !== files.get(name)));
  const of = (contents: Contents) => [...names].flatMap(name => contents.get(name) ?? []);
  return { names, left: of(base), came: of(files) };
}

export function nTokensOf({ left, came }: Difference): number {
  return [...left, ...came].reduce((sum, { nTokens }) => sum + nTokens, 0);
}

export function overlaid(files: Contents, staged: ReadonlyMap<string, Content | undefined>): Contents {
  const all = new Map<string, Content>(files);
  for (const [name, content] of staged) {
    if (content === undefined) all.delete(name);
    else all.set(name, content);
  }
  return all;
}

/** The files in a segment, as views of its tokens. */
export function contentsOf({ tokens }: NgramSegment, files: readonly NamedFile[]): Contents {
  let start = MAX_ORDER;
  return new Map(
    files.map(({ name, stamp, digest, nTokens }) => {
      const content = { stamp, digest, nTokens, tokens: tokens.subarray(start, start + nTokens) };
      start += nTokens + 1;
      return [name, content];
    }),
  );
}
