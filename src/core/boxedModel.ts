/**
 * The proposal that comes with Residual, and the extension that brings it: data alone, installed beside ours, so that an update
 * of the one is not a download of the other.
 */
export const BOXED_MODEL = {
  proposal: 'qwen2.5-coder-0.5b',
  extension: 'residual.residual-model-qwen2-5-coder-0-5b',
  title: 'Residual Model: Qwen2.5-Coder 0.5B',
} as const;
