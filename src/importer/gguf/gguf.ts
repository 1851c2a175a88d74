/**
 * A GGUF model: one file, or `name-00001-of-0000N.gguf` and its siblings, given any of them. All keys but those of the
 * split itself are in the first shard, whose own tensors may be none (ggml-org/llama.cpp src/llama-model-loader.cpp).
 */
import path from 'node:path';
import { say } from '../../core/sentence';
import { damaged, unreadable } from '../refusal';
import { BinaryFile } from '../tensors/binaryFile';
import { type GgufHeader, type GgufTensor, readGgufHeader } from './ggufHeader';
import type { GgufValues } from './ggufValues';

export interface Gguf {
  /** Of the file that has the metadata: for messages. */
  readonly name: string;
  readonly metadata: GgufValues;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  readonly files: readonly BinaryFile[];
  close(): Promise<void>;
}

const SHARD = /^(.*)-(\d{5})-of-(\d{5})(\.gguf)$/i;

/** @throws UserError naming the file and what is wrong with it */
export async function openGguf(file: string): Promise<Gguf> {
  const files: BinaryFile[] = [];
  const close = async () => {
    for (const each of files) await each.close();
  };
  try {
    const headers: GgufHeader[] = [];
    for (const shard of shardsOf(file)) {
      const opened = await BinaryFile.open(shard);
      files.push(opened);
      headers.push(await readGgufHeader(opened));
    }
    const { name } = files[0];
    const { metadata } = headers[0];
    const tensors = joined(files, headers);
    return { name, metadata, tensors, files, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Name without the shard's number and the ending. */
export function ggufStem(fileName: string): string {
  return (SHARD.exec(fileName)?.[1] ?? fileName).replace(/\.gguf$/i, '');
}

/** All files of the split that one file's name belongs to; the file itself where it belongs to none. */
function shardsOf(file: string): readonly string[] {
  const [, stem, number, total, ending] = SHARD.exec(path.basename(file)) ?? [];
  const n = Number(total);
  if (total === undefined || Number(number) < 1 || Number(number) > n) return [file];
  return Array.from({ length: n }, (_, i) =>
    path.join(path.dirname(file), `${stem}-${String(i + 1).padStart(5, '0')}-of-${total}${ending}`),
  );
}

function joined(files: readonly BinaryFile[], headers: readonly GgufHeader[]): ReadonlyMap<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  for (const [i, header] of headers.entries()) {
    const { name } = files[i];
    const nShards = header.metadata.number('split.count') ?? 1;
    const index = header.metadata.number('split.no') ?? 0;
    if (nShards !== files.length && files.length === 1) {
      unreadable(name, say`it is one of ${nShards} parts. Give all the names that they were published with`);
    }
    if (nShards !== files.length || index !== i) {
      damaged(name, say`it says that it is part ${index + 1} of ${nShards}, not part ${i + 1} of ${files.length}`);
    }
    for (const [tensorName, tensor] of header.tensors) {
      if (tensors.has(tensorName)) damaged(name, say`another part has the tensor "${tensorName}" too`);
      tensors.set(tensorName, tensor);
    }
  }
  const total = headers[0].metadata.number('split.tensors.count');
  if (files.length > 1 && total !== undefined && total !== tensors.size) {
    damaged(files[0].name, say`its parts have ${tensors.size} tensors instead of ${total}`);
  }
  return tensors;
}
