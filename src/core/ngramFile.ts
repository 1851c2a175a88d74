/**
 * ngram.bin: a merged store as bytes, the same for the same files. Little-endian:
 *
 *   bytes 0–7   "RSDNGRAM"
 *   uint32 × 6  format version, vocabulary size, bytes per token (2 or 4), tokens with separators, sorted positions,
 *               bytes of the file table
 *   file table  JSON: [[name, stamp, tokens], …] in the order of the tokens, padded with spaces to a multiple of 4
 *   tokens      six separators, then each file's tokens and a separator; padded with zeros to a multiple of 4
 *   positions   uint32 each, sorted by the tokens before them (ngramSegment.ts)
 *
 * What is written is the workspace's tokens, hence its text: it belongs into the workspace's own storage only.
 */
import { UserError } from './errors';
import { MAX_ORDER, NgramSegment, type TokenArray, tokenArray } from './ngramSegment';
import { NgramStore } from './ngramStore';

const MAGIC = 'RSDNGRAM';
const VERSION = 1;
const HEADER_BYTES = 8 + 6 * 4;

/** @throws Error when the store is not merged. */
export function writeNgramFile(store: NgramStore): Uint8Array {
  if (!store.isMerged) throw new Error('Only a merged store can be written.');
  const { tokens, order } = store.base;
  const rows = [...store.files].map(([name, { stamp, nTokens }]) => [name, stamp, nTokens]);
  const table = new TextEncoder().encode(JSON.stringify(rows));
  const tokenBytes = aligned(tokens.byteLength);
  const bytes = new Uint8Array(HEADER_BYTES + aligned(table.length) + tokenBytes + order.byteLength);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i);
  const fields = [
    VERSION,
    store.vocabSize,
    tokens.BYTES_PER_ELEMENT,
    tokens.length,
    order.length,
    aligned(table.length),
  ];
  for (const [i, field] of fields.entries()) view.setUint32(8 + 4 * i, field, true);
  bytes.fill(SPACE, HEADER_BYTES, HEADER_BYTES + aligned(table.length));
  bytes.set(table, HEADER_BYTES);
  const tokensAt = HEADER_BYTES + aligned(table.length);
  copyLittleEndian(tokens, bytes, tokensAt);
  copyLittleEndian(order, bytes, tokensAt + tokenBytes);
  return bytes;
}

/** @throws UserError when the bytes are not a whole file of this version. */
export function readNgramFile(bytes: Uint8Array, maxBytes: number): NgramStore {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || String.fromCharCode(...bytes.subarray(0, 8)) !== MAGIC)
    throw damaged('it does not begin as one');
  const [version, vocabSize, tokenWidth, nArena, nOrder, tableBytes] = Array.from({ length: 6 }, (_, i) =>
    view.getUint32(8 + 4 * i, true),
  );
  if (version !== VERSION) {
    throw new UserError(
      'ngram-version',
      `ngram.bin has format version ${version}; this version of Residual reads version ${VERSION}. ${REBUILD}`,
    );
  }
  const tokens = vocabSize > 0 && vocabSize < 0x7fffffff ? tokenArray(vocabSize, 0) : undefined;
  const tokensAt = HEADER_BYTES + tableBytes;
  const orderAt = tokensAt + aligned(nArena * tokenWidth);
  if (tokens === undefined || tokens.BYTES_PER_ELEMENT !== tokenWidth || tableBytes % 4 !== 0)
    throw damaged('its header contradicts itself');
  if (bytes.length !== orderAt + 4 * nOrder)
    throw damaged(`it has ${bytes.length} bytes where ${orderAt + 4 * nOrder} are expected`);
  const arena = tokenArray(vocabSize, nArena);
  copyFromLittleEndian(bytes, tokensAt, arena);
  const order = new Int32Array(nOrder);
  copyFromLittleEndian(bytes, orderAt, order);
  const files = readTable(bytes.subarray(HEADER_BYTES, tokensAt), nArena, nOrder);
  checkTokens(arena, vocabSize, files);
  checkOrder(arena, order, vocabSize);
  return new NgramStore(vocabSize, maxBytes, new NgramSegment(vocabSize, arena, order), files);
}

interface FileRow {
  readonly name: string;
  readonly stamp: string;
  readonly nTokens: number;
}

function readTable(bytes: Uint8Array, nArena: number, nOrder: number): FileRow[] {
  let rows: unknown;
  try {
    rows = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw damaged('its list of files cannot be read');
  }
  if (!Array.isArray(rows)) throw damaged('its list of files cannot be read');
  const files = rows.map((row: unknown): FileRow => {
    const [name, stamp, nTokens] = Array.isArray(row) ? (row as unknown[]) : [];
    if (typeof name !== 'string' || typeof stamp !== 'string' || !Number.isSafeInteger(nTokens) || Number(nTokens) < 0)
      throw damaged('its list of files cannot be read');
    return { name, stamp, nTokens: Number(nTokens) };
  });
  const nTokens = files.reduce((sum, file) => sum + file.nTokens, 0);
  if (nTokens !== nOrder || MAX_ORDER + nTokens + files.length !== nArena)
    throw damaged('its list of files does not fit its tokens');
  return files;
}

/** Separators stand exactly where the list of files says. */
function checkTokens(arena: TokenArray, vocabSize: number, files: readonly FileRow[]): void {
  let at = 0;
  const separators = (n: number) => {
    for (const end = at + n; at < end; at++)
      if (arena[at] !== vocabSize) throw damaged('a file does not end where it should');
  };
  separators(MAX_ORDER);
  for (const { nTokens } of files) {
    for (const end = at + nTokens; at < end; at++) if (arena[at] >= vocabSize) throw damaged('a token is unknown');
    separators(1);
  }
}

/** Every token's position occurs once and last tokens ascend: a search in it can then only be inexact, never astray. */
function checkOrder(arena: TokenArray, order: Int32Array, vocabSize: number): void {
  const seen = new Uint8Array(arena.length);
  let last = -1;
  for (let i = 0; i < order.length; i++) {
    const position = order[i];
    if (!(position >= MAX_ORDER && position < arena.length) || arena[position] === vocabSize || seen[position] === 1)
      throw damaged('a position is wrong');
    seen[position] = 1;
    if (arena[position - 1] < last) throw damaged('its positions are not sorted');
    last = arena[position - 1];
  }
}

const REBUILD = 'Build the instant module again.';
const SPACE = 32;

function damaged(why: string): UserError {
  return new UserError('ngram-damaged', `ngram.bin is not a whole n-gram file: ${why}. ${REBUILD}`);
}

function aligned(nBytes: number): number {
  return (nBytes + 3) & ~3;
}

type Numbers = TokenArray | Int32Array;

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function copyLittleEndian(from: Numbers, to: Uint8Array, at: number): void {
  to.set(new Uint8Array(from.buffer, from.byteOffset, from.byteLength), at);
  if (!IS_LITTLE_ENDIAN) swapBytes(to.subarray(at, at + from.byteLength), from.BYTES_PER_ELEMENT);
}

function copyFromLittleEndian(from: Uint8Array, at: number, to: Numbers): void {
  const bytes = new Uint8Array(to.buffer);
  bytes.set(from.subarray(at, at + to.byteLength));
  if (!IS_LITTLE_ENDIAN) swapBytes(bytes, to.BYTES_PER_ELEMENT);
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}
