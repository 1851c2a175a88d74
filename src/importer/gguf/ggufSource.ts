/** A GGUF as a source model. */
import { say } from '../../core/sentence';
import { checkTensors } from '../decoder/decoderTensors';
import { sourceOf } from '../decoder/storedModel';
import { damaged, unsupported } from '../refusal';
import type { SourceModel, TextFiles } from '../sourceModel';
import { readRows } from '../tensors/storedTensor';
import { type Gguf, ggufStem, openGguf } from './gguf';
import type { GgufMetadata } from './ggufMetadata';
import { ggufArchitecture, ggufShape, ROPE_FACTORS } from './ggufShape';
import { ggufTensors } from './ggufTensors';

/** What the tokenizer of a GGUF's keys is as files. */
export type TextFilesOf = (metadata: GgufMetadata) => { readonly text: TextFiles; readonly nTokens: number };

/**
 * @param file a GGUF, or any shard of one
 * @throws UserError naming the file and why it cannot be imported
 */
export async function openGgufSource(file: string, textFilesOf: TextFilesOf): Promise<SourceModel> {
  const gguf = await openGguf(file);
  try {
    const { name, metadata, files } = gguf;
    const architecture = ggufArchitecture(gguf);
    const shape = ggufShape(gguf, architecture, await ropeFactorsOf(gguf));
    const tensors = ggufTensors(gguf, architecture, shape);
    checkTensors(name, shape, tensors);
    const { text, nTokens } = textFilesOf(metadata);
    return await sourceOf({
      name,
      title: titleOf(gguf),
      licence: licenceOf(gguf),
      shape,
      tensors,
      files,
      text,
      nTokens,
    });
  } catch (error) {
    await gguf.close();
    throw error;
  }
}

/** Values of `rope_freqs.weight`, by which Llama 3.1's converter says how rates are scaled. */
async function ropeFactorsOf({ name: fileName, tensors }: Gguf): Promise<Float32Array | undefined> {
  // LongRoPE's two sets of factors are chosen by the length of the text.
  for (const name of tensors.keys()) {
    if (name.startsWith('rope_factors_')) unsupported(fileName, say`its rotary scaling is "${'longrope'}"`);
  }
  const tensor = tensors.get(ROPE_FACTORS);
  if (!tensor) return undefined;
  const { name, dims, type, file, offset } = tensor;
  if (dims.length !== 1 || type.blockSize !== 1 || dims[0] > 1 << 20) {
    damaged(fileName, say`the tensor "${name}" cannot have the shape ${dims.join(' × ')}`);
  }
  return readRows({ nameInFile: name, file, offset, type, shape: dims }, 0, dims[0]);
}

function titleOf({ metadata, files }: Gguf): string {
  const parts = ['basename', 'size_label', 'finetune'].map(part => metadata.string(`general.${part}`));
  const put = parts.filter(part => part).join(' ');
  return metadata.string('general.name') || (parts[0] ? put : '') || ggufStem(files[0].name);
}

function licenceOf({ metadata }: Gguf): string | undefined {
  const licence = metadata.string('general.license');
  const name = metadata.string('general.license.name');
  return (licence === 'other' ? name : undefined) || licence || undefined;
}
