/**
 * Text from elsewhere that may help at the cursor: a ring of chunks a person edited, copied or left, and the choice among
 * them and windows of open files by the identifiers they share with the text at the cursor (the Jaccard index, as in
 * Copilot's and llama.vscode's context).
 */
import type { TextChunk } from './fim';

/** Lines of a chunk: what the models saw of neighbouring files when they were trained (10 to 40). */
export const CHUNK_LINES = 32;
/** Chunks sharing more of their lines than this are the same piece of code, at two times or in two files. */
const NEAR_DUPLICATE = 0.6;
/** Of two windows of one file, this share of lines may be in both. */
const MOST_OVERLAP = 0.2;
/** Chunks that share less with the cursor's text than this are left out. */
const LEAST_SIMILARITY = 0.02;

export class ChunkRing {
  private chunks: TextChunk[] = [];

  constructor(private readonly capacity = 16) {}

  /** The newest of near-duplicates stays; the oldest chunk goes when the ring is full. */
  add(chunk: TextChunk): void {
    if (chunk.text.trim() === '') return;
    const lines = lineSet(chunk.text);
    this.chunks = this.chunks.filter(other => jaccard(lines, lineSet(other.text)) < NEAR_DUPLICATE);
    this.chunks.push(chunk);
    if (this.chunks.length > this.capacity) this.chunks.shift();
  }

  /** Newest first. */
  all(): TextChunk[] {
    return [...this.chunks].reverse();
  }
}

/**
 * @param cursorText text before the cursor; its last lines decide.
 * @returns the most similar chunks first, none of `path` itself, no two that overlap or say the same, within `budgetChars`.
 */
export function chooseChunks(
  candidates: readonly TextChunk[],
  path: string,
  cursorText: string,
  budgetChars: number,
): TextChunk[] {
  const wanted = identifiers(cursorText.split('\n').slice(-40).join('\n'));
  const scored = candidates
    .filter(chunk => chunk.path !== path)
    .map(chunk => ({ chunk, similarity: jaccard(wanted, identifiers(chunk.text)) }))
    .filter(({ similarity }) => similarity >= LEAST_SIMILARITY)
    .sort((a, b) => b.similarity - a.similarity);
  const chosen: TextChunk[] = [];
  let room = budgetChars;
  for (const { chunk } of scored) {
    if (chunk.text.length > room) continue;
    const lines = lineSet(chunk.text);
    const isToldAlready = (other: TextChunk) =>
      jaccard(lines, lineSet(other.text)) > (other.path === chunk.path ? MOST_OVERLAP : NEAR_DUPLICATE);
    if (chosen.some(isToldAlready)) continue;
    chosen.push(chunk);
    room -= chunk.text.length;
  }
  return chosen;
}

/** Half-overlapping windows of a file's lines, the candidates an open file brings. */
export function windowsOf(path: string, text: string, maxLines = 800): TextChunk[] {
  const lines = text.split('\n').slice(0, maxLines);
  const windows: TextChunk[] = [];
  for (let start = 0; start === 0 || start + CHUNK_LINES / 2 < lines.length; start += CHUNK_LINES / 2) {
    windows.push({ path, text: lines.slice(start, start + CHUNK_LINES).join('\n') });
  }
  return windows;
}

function identifiers(text: string): Set<string> {
  return new Set(text.match(/[A-Za-z_$][\w$]{2,}/g) ?? []);
}

function lineSet(text: string): Set<string> {
  return new Set(
    text
      .split('\n')
      .map(line => line.trim())
      .filter(line => line.length > 2),
  );
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const x of a) if (b.has(x)) shared++;
  const union = a.size + b.size - shared;
  return union === 0 ? 0 : shared / union;
}
