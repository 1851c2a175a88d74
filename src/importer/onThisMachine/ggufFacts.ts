/** What the header of a GGUF says of its model, for whoever lists models: by the importer's own reader, without the weights. */
import { UserError } from '../../core/errors';
import type { Gguf } from '../gguf/gguf';
import { readGgufHeader } from '../gguf/ggufHeader';
import { ggufArchitecture, ggufShape } from '../gguf/ggufShape';
import { BinaryFile } from '../tensors/binaryFile';
import type { GgufFacts } from './judgement';

/** enum llama_ftype, ggml-org/llama.cpp include/llama.h */
const FILE_TYPES: Readonly<Record<number, string>> = {
  ...{ 0: 'F32', 1: 'F16', 2: 'Q4_0', 3: 'Q4_1', 7: 'Q8_0', 8: 'Q5_0', 9: 'Q5_1', 10: 'Q2_K', 11: 'Q3_K_S' },
  ...{ 12: 'Q3_K_M', 13: 'Q3_K_L', 14: 'Q4_K_S', 15: 'Q4_K_M', 16: 'Q5_K_S', 17: 'Q5_K_M', 18: 'Q6_K' },
  ...{ 19: 'IQ2_XXS', 20: 'IQ2_XS', 21: 'Q2_K_S', 22: 'IQ3_XS', 23: 'IQ3_XXS', 24: 'IQ1_S', 25: 'IQ4_NL' },
  ...{ 26: 'IQ3_S', 27: 'IQ3_M', 28: 'IQ2_S', 29: 'IQ2_M', 30: 'IQ4_XS', 31: 'IQ1_M', 32: 'BF16' },
  ...{ 36: 'TQ1_0', 37: 'TQ2_0', 38: 'MXFP4' },
};

/**
 * @param name what people call it, for what is said of it
 * @throws UserError that says what is wrong with the file
 */
export async function readGgufFacts(path: string, name: string): Promise<GgufFacts> {
  const file = await BinaryFile.open(path);
  const close = () => file.close();
  try {
    const { metadata, tensors } = await readGgufHeader(file);
    const fileType = metadata.number('general.file_type');
    const nHere = [...tensors.values()].reduce((sum, { dims }) => sum + dims.reduce((n, dim) => n * dim, 1), 0);
    // The first of several files has some of the tensors, or none.
    const isWhole = (metadata.number('split.count') ?? 1) <= 1;
    // A head beside the table may be the same one once more: only its values tell, and those are not read.
    const isCounted = isWhole && nHere > 0 && !tensors.has('output.weight');
    return {
      ...defined('architecture', metadata.string('general.architecture')),
      ...defined('licence', metadata.string('general.license')),
      ...defined('quantisation', fileType === undefined ? undefined : FILE_TYPES[fileType]),
      ...defined('nParameters', isCounted ? nHere : undefined),
      ...defined('obstacle', obstacleOf({ name, metadata, tensors, files: [file], close }, isWhole)),
    };
  } finally {
    await close();
  }
}

/** As importing it would say it. */
function obstacleOf(gguf: Gguf, isWhole: boolean): GgufFacts['obstacle'] {
  try {
    const architecture = ggufArchitecture(gguf);
    if (isWhole) ggufShape(gguf, architecture, undefined);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.sentence;
    throw error;
  }
}

function defined<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: V };
}
