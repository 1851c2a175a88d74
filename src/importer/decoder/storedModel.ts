/** A source model whose tensors lie in files that are open: what GGUF and safetensors have in common. */
import { say } from '../../core/sentence';
import { damaged } from '../refusal';
import type { DecoderShape, SourceModel, TensorShape, TextFiles } from '../sourceModel';
import type { BinaryFile } from '../tensors/binaryFile';
import { bitsPerWeight } from '../tensors/storageTypes';
import { readRows, type StoredTensor } from '../tensors/storedTensor';
import { tiedHead } from './tiedHead';

export interface StoredModel {
  /** For messages. */
  readonly name: string;
  readonly title: string;
  readonly licence: string | undefined;
  readonly shape: DecoderShape;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly files: readonly BinaryFile[];
  readonly text: TextFiles;
  readonly nTokens: number;
}

/** @throws UserError when there are more tokens than rows, or when the tables cannot be read */
export async function sourceOf(model: StoredModel): Promise<SourceModel> {
  const { title, licence, shape, tensors, files, text, nTokens } = model;
  if (nTokens > shape.vocabSize) {
    damaged(model.name, say`its tokenizer has ${nTokens} tokens, and its table ${shape.vocabSize} rows`);
  }
  return {
    title,
    licence,
    shape,
    text,
    nTokens,
    tensors: new Map([...tensors].map(([name, tensor]) => [name, described(tensor)])),
    files: files.map(({ name, path, sizeBytes }) => ({ name, path, sizeBytes })),
    tiedHead: await tiedHead(tensors, nTokens),
    rows: async (name, firstRow, nRows) => {
      const tensor = tensors.get(name);
      if (!tensor) throw new RangeError(`There is no tensor ${name}`);
      return readRows(tensor, firstRow, nRows);
    },
    close: async () => {
      for (const file of files) await file.close();
    },
  };
}

function described({ shape, type }: StoredTensor): TensorShape {
  return { shape, type: type.name, bitsPerWeight: bitsPerWeight(type) };
}
