/** Reads a model's weights entry by entry, quantises them, and writes them to their places. Holds one entry at a time. */
import { throwIfAborted } from '../../core/errors';
import type { SourceModel } from '../sourceModel';
import { type ErrorFeedback, errorFeedback, type SecondMoments } from './errorFeedback';
import { quantiseBytes, quantiseNibbles, quantiseRows } from './quantise';
import type { ShardFiles } from './shards';
import type { MatrixSource, Stored, StoredMatrix, StoredVector } from './storedWeights';

/** Weights that are read at a time: 16 MB of float32. */
const CHUNK_WEIGHTS = 4_000_000;

/**
 * @param momentsOf of what the linear layer of that name is fed; asked in the order of `stored`, of those in blocks of 4 bits
 * @param onWeights hears how many weights were written
 * @throws AbortError between chunks
 */
export async function writeWeights(
  model: SourceModel,
  stored: readonly Stored[],
  files: ShardFiles,
  momentsOf: (name: string) => Promise<SecondMoments>,
  onWeights: (n: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const entry of stored) {
    throwIfAborted(signal);
    if (entry.kind === 'vector') await writeVector(model, entry, files);
    else await writeMatrix(model, entry, files, momentsOf, onWeights, signal);
  }
}

async function writeVector(
  model: SourceModel,
  { name, parts, factor }: StoredVector,
  files: ShardFiles,
): Promise<void> {
  const values: number[] = [];
  for (const { tensor, times } of parts) {
    const part = await model.rows(tensor, 0, model.tensors.get(tensor)!.shape[0]);
    for (let i = 0; i < times; i++) for (const value of part) values.push(value * factor);
  }
  await files.write(name, 0, bytesOf(Float32Array.from(values)));
}

async function writeMatrix(
  model: SourceModel,
  { name, source, form, inputsOf }: StoredMatrix,
  files: ShardFiles,
  momentsOf: (name: string) => Promise<SecondMoments>,
  onWeights: (n: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { nOut, nIn } = source;
  const q = new Int8Array(form.kind === 'rows' ? nOut * nIn : 0);
  const scales = new Float32Array(form.kind === 'rows' ? nOut : 0);
  let feedback: ErrorFeedback | undefined;
  if (form.kind === 'blocks' && form.bits === 4) {
    if (inputsOf === undefined) throw new Error(`Nobody knows what ${name} is fed.`);
    feedback = errorFeedback(await momentsOf(inputsOf));
  }
  let done = 0;
  for await (const rows of chunksOf(model, source)) {
    throwIfAborted(signal);
    if (form.kind === 'float32') {
      await files.write(`${name}.weight`, done * nIn * 4, bytesOf(rows));
    } else if (form.kind === 'rows') {
      quantiseRows(rows, nIn, done, q, scales);
    } else {
      const nBlocks = nIn / form.blockSize;
      const nibbles = feedback && quantiseNibbles(rows, nIn, feedback, form.blockSize);
      const { packed, scales: ofBlocks } = nibbles ?? quantiseBytes(rows, form.blockSize);
      await files.write(`${name}.weight`, (done * nIn * form.bits) / 8, packed);
      await files.write(`${name}.scale`, done * nBlocks * 4, bytesOf(ofBlocks));
      if (nibbles) await files.write(`${name}.zero`, done * Math.ceil(nBlocks / 2), nibbles.zeroPoints);
    }
    done += rows.length / nIn;
    onWeights(rows.length);
  }
  if (form.kind !== 'rows') return;
  await files.write(`${name}.weight`, 0, bytesOf(q));
  await files.write(`${name}.scale`, 0, bytesOf(scales));
}

/** The rows of a matrix in order, as many at a time as fit. */
async function* chunksOf(
  model: SourceModel,
  { tensors, nOut, nIn, firstRow }: MatrixSource,
): AsyncGenerator<Float32Array> {
  const nAtATime = Math.max(1, Math.floor(CHUNK_WEIGHTS / nIn));
  for (const tensor of tensors) {
    const nRows = tensors.length === 1 ? nOut : model.tensors.get(tensor)!.shape[0];
    for (let row = 0; row < nRows; row += nAtATime) {
      yield await model.rows(tensor, firstRow + row, Math.min(nAtATime, nRows - row));
    }
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
