/**
 * Models of the public hub that are worth a try for code, with what their pages said of them. They are suggestions: nobody
 * here has measured them, and what the hub says when it is asked is what counts.
 */

export interface SuggestedModel {
  readonly repo: string;
  readonly name: string;
  readonly nParameters: string;
  /** Of its 8-bit form. */
  readonly sizeBytes: number;
  readonly licence: string;
  /** Its makers say that it was trained to fill in a middle. */
  readonly fillsIn: boolean;
}

export const SUGGESTED_MODELS: readonly SuggestedModel[] = [
  {
    repo: 'onnx-community/Qwen2.5-Coder-0.5B-Instruct',
    name: 'Qwen2.5-Coder 0.5B Instruct',
    nParameters: '0.5 B',
    sizeBytes: 639e6,
    licence: 'Apache-2.0',
    fillsIn: true,
  },
  {
    repo: 'onnx-community/Qwen2.5-Coder-1.5B',
    name: 'Qwen2.5-Coder 1.5B',
    nParameters: '1.5 B',
    sizeBytes: 1.58e9,
    licence: 'Apache-2.0',
    fillsIn: true,
  },
  {
    repo: 'onnx-community/Qwen2.5-Coder-1.5B-Instruct',
    name: 'Qwen2.5-Coder 1.5B Instruct',
    nParameters: '1.5 B',
    sizeBytes: 1.8e9,
    licence: 'Apache-2.0',
    fillsIn: true,
  },
  {
    repo: 'HuggingFaceTB/SmolLM-135M',
    name: 'SmolLM 135M',
    nParameters: '135 M',
    sizeBytes: 136e6,
    licence: 'Apache-2.0',
    fillsIn: false,
  },
];
