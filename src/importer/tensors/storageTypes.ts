/** The types of weights that importing reads, by the names that GGUF and safetensors give them. */
import { SIMPLE_TYPES, type StorageType } from './dequantise';
import { K_TYPES } from './dequantiseK';

export const STORAGE_TYPES: ReadonlyMap<string, StorageType> = new Map(
  [...SIMPLE_TYPES, ...K_TYPES].map(type => [type.name, type]),
);

/** Bits a weight, block scales included. */
export function bitsPerWeight({ blockBytes, blockSize }: StorageType): number {
  return (8 * blockBytes) / blockSize;
}

/** Numbers that GGUF files give types: enum ggml_type, ggml-org/llama.cpp ggml/include/ggml.h. */
const GGUF_NAMES: Readonly<Record<number, string>> = {
  0: 'F32',
  1: 'F16',
  2: 'Q4_0',
  3: 'Q4_1',
  4: 'Q4_2',
  5: 'Q4_3',
  6: 'Q5_0',
  7: 'Q5_1',
  8: 'Q8_0',
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  12: 'Q4_K',
  13: 'Q5_K',
  14: 'Q6_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  30: 'BF16',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
  40: 'NVFP4',
};

/** Name of a GGUF's type, or its number where nobody has given it a name yet. */
export function ggufTypeName(type: number): string {
  return GGUF_NAMES[type] ?? String(type);
}
