/**
 * General code that is mixed into training against forgetting: `replay/<proposal id>/tokens.bin` in the models
 * folder that the proposal lies in, uint16 tokens,
 * each piece `<|file_sep|> path newline text <|endoftext|>` (models/train/make_replay.py; its sources are beside it).
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Tokenizer } from '../core/model';
import type { TokenStore } from '../core/training/tokenStore';
import type { ModelFolder } from '../engine/modelFiles';

export interface Replay extends TokenStore {
  readonly nTokens: number;
}

/** @returns undefined for a proposal that brings none, or none of its own tokenizer. */
export async function readReplay({ id, dir }: ModelFolder, tokenizer: Tokenizer): Promise<Replay | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path.join(dir, '../../replay', id, 'tokens.bin'));
  } catch {
    return undefined;
  }
  return parseReplay(
    new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~1))),
    tokenizer,
  );
}

export function parseReplay(tokens: Uint16Array, tokenizer: Tokenizer): Replay | undefined {
  const { fileSep, endoftext } = tokenizer.special;
  const pieces: { readonly header: readonly number[]; readonly body: Uint16Array }[] = [];
  let start = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] >= tokenizer.vocabSize) return undefined;
    if (tokens[i] !== endoftext) continue;
    let headerEnd = start + 1;
    while (headerEnd < i && tokenizer.bytes(tokens[headerEnd])[0] !== NEWLINE) headerEnd++;
    const body = tokens.subarray(headerEnd + 1, i);
    if (tokens[start] === fileSep && body.length > 0)
      pieces.push({ header: [...tokens.subarray(start + 1, headerEnd + 1)], body });
    start = i + 1;
  }
  if (pieces.length === 0) return undefined;
  return {
    nFiles: pieces.length,
    nTokens: pieces.reduce((sum, piece) => sum + piece.body.length, 0),
    tokens: i => pieces[i].body,
    header: i => pieces[i].header,
    weights: pieces.map(() => 1),
  };
}

const NEWLINE = 10;
