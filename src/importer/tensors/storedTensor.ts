/** Rows of a tensor that lies in a file, read and made float32 a few MB at a time. Knows types, not models. */
import { say } from '../../core/sentence';
import { damaged } from '../refusal';
import type { BinaryFile } from './binaryFile';
import type { StorageType } from './dequantise';

export interface StoredTensor {
  /** As its file calls it. */
  readonly nameInFile: string;
  readonly file: BinaryFile;
  /** Of the first row, in the file. */
  readonly offset: number;
  /** [rows, values a row], or [rows] of one value each. */
  readonly shape: readonly number[];
  readonly type: StorageType;
  /**
   * Set where the file has the rows of each head of so many rows interleaved: row 2i + s of the file's head is row
   * s · headRows / 2 + i of ours, s ∈ {0, 1} (`LlamaModel.permute`, ggml-org/llama.cpp conversion/llama.py).
   */
  readonly interleavedHeadRows?: number;
}

const PIECE_BYTES = 4 << 20;

export function rowBytes({ shape, type }: Pick<StoredTensor, 'shape' | 'type'>): number {
  return ((shape[1] ?? 1) / type.blockSize) * type.blockBytes;
}

/**
 * Rows [firstRow, firstRow + nRows), row-major.
 * @throws UserError when the file ends early or a value is not finite
 */
export async function readRows(tensor: StoredTensor, firstRow: number, nRows: number): Promise<Float32Array> {
  const { shape, nameInFile, file } = tensor;
  if (firstRow < 0 || nRows < 0 || firstRow + nRows > shape[0]) {
    throw new RangeError(`${nameInFile} has ${shape[0]} rows; ${firstRow} to ${firstRow + nRows} were asked for`);
  }
  const width = shape[1] ?? 1;
  const rows = new Float32Array(nRows * width);
  if (tensor.interleavedHeadRows === undefined) await readInOrder(tensor, firstRow, nRows, rows);
  else await readInterleaved(tensor, tensor.interleavedHeadRows, firstRow, nRows, rows);
  if (!areFinite(rows)) damaged(file.name, say`the tensor "${nameInFile}" has values that are not finite`);
  return rows;
}

async function readInOrder(tensor: StoredTensor, firstRow: number, nRows: number, rows: Float32Array): Promise<void> {
  const { file, offset, type } = tensor;
  const width = tensor.shape[1] ?? 1;
  const sizeBytes = rowBytes(tensor);
  const nPerPiece = Math.max(1, Math.min(nRows, Math.floor(PIECE_BYTES / sizeBytes)));
  const piece = new Uint8Array(nPerPiece * sizeBytes);
  for (let done = 0; done < nRows; done += nPerPiece) {
    const n = Math.min(nPerPiece, nRows - done);
    const bytes = piece.subarray(0, n * sizeBytes);
    await file.read(offset + (firstRow + done) * sizeBytes, bytes);
    type.dequantise(bytes, rows.subarray(done * width, (done + n) * width));
  }
}

/** Head by head: the rows of a range are spread over the whole of the heads that it touches. */
async function readInterleaved(
  tensor: StoredTensor,
  headRows: number,
  firstRow: number,
  nRows: number,
  rows: Float32Array,
): Promise<void> {
  const { file, offset, type } = tensor;
  const width = tensor.shape[1] ?? 1;
  const sizeBytes = rowBytes(tensor);
  const head = new Uint8Array(headRows * sizeBytes);
  const end = firstRow + nRows;
  for (let start = firstRow - (firstRow % headRows); start < end; start += headRows) {
    await file.read(offset + start * sizeBytes, head);
    for (let row = Math.max(start, firstRow); row < Math.min(start + headRows, end); row++) {
      const at = interleavedRow(row - start, headRows) * sizeBytes;
      const out = rows.subarray((row - firstRow) * width, (row - firstRow + 1) * width);
      type.dequantise(head.subarray(at, at + sizeBytes), out);
    }
  }
}

/** Where the file has one of our rows, within its head. */
function interleavedRow(row: number, headRows: number): number {
  const half = headRows / 2;
  return row < half ? 2 * row : 2 * (row - half) + 1;
}

/** Nothing but a finite number times 0 is 0. */
function areFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * 0;
  return sum === 0;
}
