/**
 * ngram.bin: a merged store as bytes, the same for the same files. Little-endian:
 *
 *   bytes 0–7   "RSDNGRAM"
 *   uint32 × 6  format version, vocabulary size, bytes per token (2 or 4), tokens with separators, sorted positions,
 *               bytes of the file table
 *   file table  JSON: [[name, stamp, tokens, digest], …], the digest where there is one, in the order of the tokens, padded with spaces to a multiple of 4
 *   tokens      six separators, then each file's tokens and a separator; padded with zeros to a multiple of 4
 *   positions   uint32 each, sorted by the tokens before them (ngramSegment.ts)
 *
 * What is written is the workspace's tokens, hence its text: it belongs into the workspace's own storage only.
 */
import { UserError } from '../errors';
import { type Sentence, say } from '../sentence';
import type { NamedFile } from './ngramContents';
import { NgramSegment } from './ngramSegment';
import { finish, MAX_ORDER } from './ngramSort';
import { NgramStore } from './ngramStore';
import { Tally, type TokenArray, tokenArray } from './ngramTally';

const MAGIC = 'RSDNGRAM';
const VERSION = 1;
const HEADER_BYTES = 8 + 6 * 4;

/**
 * The file of everything as of the last merge, in pieces that follow each other. They are views of the counts, which do
 * not change: a large workspace is not copied to be written.
 */
export function writeNgramFile(store: NgramStore): Uint8Array[] {
  const { segment, files } = store.base;
  const { tokens, order } = segment;
  const rows = [...files].map(([name, { stamp, nTokens, digest }]) => [
    name,
    stamp,
    nTokens,
    ...(digest === '' ? [] : [digest]),
  ]);
  const table = new TextEncoder().encode(JSON.stringify(rows));
  const head = new Uint8Array(HEADER_BYTES + aligned(table.length)).fill(SPACE);
  const view = new DataView(head.buffer);
  for (let i = 0; i < MAGIC.length; i++) head[i] = MAGIC.charCodeAt(i);
  const fields = [
    VERSION,
    store.vocabSize,
    tokens.BYTES_PER_ELEMENT,
    tokens.length,
    order.length,
    aligned(table.length),
  ];
  for (const [i, field] of fields.entries()) view.setUint32(8 + 4 * i, field, true);
  head.set(table, HEADER_BYTES);
  const padding = new Uint8Array(aligned(tokens.byteLength) - tokens.byteLength);
  return [head, littleEndian(tokens), padding, littleEndian(order)];
}

/**
 * @param bytes the caller's no more: what is read may be a view of them.
 * @throws UserError when they are not a whole file of this version.
 */
export function readNgramFile(bytes: Uint8Array, maxBytes: number): NgramStore {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || String.fromCharCode(...bytes.subarray(0, 8)) !== MAGIC)
    throw damaged(say`it does not begin as one`);
  const [version, vocabSize, tokenWidth, nArena, nOrder, tableBytes] = Array.from({ length: 6 }, (_, i) =>
    view.getUint32(8 + 4 * i, true),
  );
  if (version !== VERSION) {
    throw new UserError(
      'ngram-version',
      say`ngram.bin has format version ${version}; this version of Residual reads version ${VERSION}. ${REBUILD}`,
    );
  }
  const empty = vocabSize > 0 && vocabSize < 0x7fffffff ? tokenArray(vocabSize, 0) : undefined;
  const tokensAt = HEADER_BYTES + tableBytes;
  const orderAt = tokensAt + aligned(nArena * tokenWidth);
  if (empty === undefined || empty.BYTES_PER_ELEMENT !== tokenWidth || tableBytes % 4 !== 0)
    throw damaged(say`its header contradicts itself`);
  if (bytes.length !== orderAt + 4 * nOrder)
    throw damaged(say`it has ${bytes.length} bytes where ${orderAt + 4 * nOrder} are expected`);
  const tokens =
    tokenWidth === 2
      ? numbersAt(bytes, tokensAt, Uint16Array, nArena)
      : numbersAt(bytes, tokensAt, Uint32Array, nArena);
  const order = numbersAt(bytes, orderAt, Int32Array, nOrder);
  const files = readTable(bytes.subarray(HEADER_BYTES, tokensAt), nArena, nOrder);
  checkTokens(tokens, vocabSize, files);
  const base = indexed(vocabSize, tokens, order);
  finish(base.countFrequent(new Tally(vocabSize)));
  return new NgramStore(vocabSize, maxBytes, base, files);
}

function readTable(bytes: Uint8Array, nArena: number, nOrder: number): NamedFile[] {
  let rows: unknown;
  try {
    rows = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw damaged(say`its list of files cannot be read`);
  }
  if (!Array.isArray(rows)) throw damaged(say`its list of files cannot be read`);
  const files = rows.map((row: unknown): NamedFile => {
    const [name, stamp, nTokens, digest = ''] = Array.isArray(row) ? (row as unknown[]) : [];
    if (
      ![name, stamp, digest].every(text => typeof text === 'string') ||
      !Number.isSafeInteger(nTokens) ||
      Number(nTokens) < 0
    )
      throw damaged(say`its list of files cannot be read`);
    return { name: String(name), stamp: String(stamp), digest: String(digest), nTokens: Number(nTokens) };
  });
  const nTokens = files.reduce((sum, file) => sum + file.nTokens, 0);
  if (nTokens !== nOrder || MAX_ORDER + nTokens + files.length !== nArena)
    throw damaged(say`its list of files does not fit its tokens`);
  return files;
}

/** Separators stand exactly where the list of files says. */
function checkTokens(arena: TokenArray, vocabSize: number, files: readonly NamedFile[]): void {
  let at = 0;
  const separators = (n: number) => {
    for (const end = at + n; at < end; at++)
      if (arena[at] !== vocabSize) throw damaged(say`a file does not end where it should`);
  };
  separators(MAX_ORDER);
  for (const { nTokens } of files) {
    for (const end = at + nTokens; at < end; at++) if (arena[at] >= vocabSize) throw damaged(say`a token is unknown`);
    separators(1);
  }
}

function indexed(vocabSize: number, tokens: TokenArray, order: Int32Array): NgramSegment {
  try {
    return finish(NgramSegment.index(vocabSize, tokens, order));
  } catch {
    throw damaged(say`its positions are wrong`);
  }
}

const REBUILD = say`Build the instant module again.`;
const SPACE = 32;

function damaged(why: Sentence): UserError {
  return new UserError('ngram-damaged', say`ngram.bin is not a whole n-gram file: ${why}. ${REBUILD}`);
}

function aligned(nBytes: number): number {
  return (nBytes + 3) & ~3;
}

type Numbers = TokenArray | Int32Array;

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function littleEndian(numbers: Numbers): Uint8Array {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return IS_LITTLE_ENDIAN ? bytes : swapped(bytes, numbers.BYTES_PER_ELEMENT);
}

type ArrayOf<T> = { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBufferLike, at: number, length: number): T };

function numbersAt<T>(bytes: Uint8Array, at: number, Type: ArrayOf<T>, length: number): T {
  const width = Type.BYTES_PER_ELEMENT;
  const start = bytes.byteOffset + at;
  if (IS_LITTLE_ENDIAN && start % width === 0) return new Type(bytes.buffer, start, length);
  const own = bytes.slice(at, at + length * width);
  return new Type((IS_LITTLE_ENDIAN ? own : swapped(own, width)).buffer, 0, length);
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const copy = bytes.slice();
  for (let i = 0; i < copy.length; i += width) copy.subarray(i, i + width).reverse();
  return copy;
}
