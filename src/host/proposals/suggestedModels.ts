/**
 * Models of the public hub that are worth a try for code, with what their pages said of them. They are suggestions: what
 * the hub says when it is asked is what counts. Importing is tested with the first family's own files and with small models
 * of the others.
 */

export interface SuggestedModel {
  readonly repo: string;
  readonly name: string;
  readonly nParameters: string;
  /** Of the download that one would take. */
  readonly sizeBytes: number;
  readonly licence: string;
  /** Its makers say that it was trained to fill in a middle. */
  readonly fillsIn: boolean;
  /** `base` models complete better, `instruct` ones answer too; `graph` is used as it is. */
  readonly kind: 'base' | 'instruct' | 'graph';
}

export const SUGGESTED_MODELS: readonly SuggestedModel[] = [
  {
    repo: 'Qwen/Qwen2.5-Coder-0.5B',
    name: 'Qwen2.5-Coder 0.5B',
    nParameters: '0.5 B',
    sizeBytes: 988e6,
    licence: 'Apache-2.0',
    fillsIn: true,
    kind: 'base',
  },
  {
    repo: 'Qwen/Qwen2.5-Coder-1.5B',
    name: 'Qwen2.5-Coder 1.5B',
    nParameters: '1.5 B',
    sizeBytes: 3.09e9,
    licence: 'Apache-2.0',
    fillsIn: true,
    kind: 'base',
  },
  {
    repo: 'Qwen/Qwen2.5-Coder-3B',
    name: 'Qwen2.5-Coder 3B',
    nParameters: '3.1 B',
    sizeBytes: 6.17e9,
    licence: 'Qwen Research',
    fillsIn: true,
    kind: 'base',
  },
  {
    repo: 'ibm-granite/granite-3.3-2b-base',
    name: 'Granite 3.3 2B',
    nParameters: '2.5 B',
    sizeBytes: 5.07e9,
    licence: 'Apache-2.0',
    fillsIn: true,
    kind: 'base',
  },
  {
    repo: 'JetBrains/Mellum-4b-base',
    name: 'Mellum 4B',
    nParameters: '4 B',
    sizeBytes: 8.04e9,
    licence: 'Apache-2.0',
    fillsIn: true,
    kind: 'base',
  },
  {
    repo: 'Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF',
    name: 'Qwen2.5-Coder 0.5B Instruct',
    nParameters: '0.5 B',
    sizeBytes: 491e6,
    licence: 'Apache-2.0',
    fillsIn: true,
    kind: 'instruct',
  },
  {
    repo: 'Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF',
    name: 'Qwen2.5-Coder 1.5B Instruct',
    nParameters: '1.5 B',
    sizeBytes: 1.12e9,
    licence: 'Apache-2.0',
    fillsIn: true,
    kind: 'instruct',
  },
  {
    repo: 'onnx-community/Qwen2.5-Coder-1.5B',
    name: 'Qwen2.5-Coder 1.5B (ONNX)',
    nParameters: '1.5 B',
    sizeBytes: 1.58e9,
    licence: 'Apache-2.0',
    fillsIn: true,
    kind: 'graph',
  },
  {
    repo: 'HuggingFaceTB/SmolLM-135M',
    name: 'SmolLM 135M (ONNX)',
    nParameters: '135 M',
    sizeBytes: 136e6,
    licence: 'Apache-2.0',
    fillsIn: false,
    kind: 'graph',
  },
];
