/** What the engine is asked about a folder that may become a proposal, and what it answers. */
import type { Fim, GraphForm } from '../core/manifest';
import type { FolderRef } from './messages';

export interface InspectRequest {
  /** In the Hugging Face layout, with or without a residual.json. */
  readonly proposal: FolderRef;
  /** A graph of the folder, as `onnx/model_q4.onnx`; else the one that residual.json names or a CPU prefers. */
  readonly graphFile?: string;
}

/** A model that was loaded, asked for some tokens, and closed again. */
export interface InspectResult {
  /** `model_type` of config.json, such as `qwen2`. */
  readonly architecture: string | undefined;
  readonly graphFile: string;
  readonly graphForm: GraphForm;
  readonly dtype: string;
  readonly tokenizerSha256: string;
  readonly vocabSize: number;
  /** Positions of the model, prompt and completion together. */
  readonly contextLength: number;
  /** Absent when the vocabulary has no tokens to mark a middle: completions then ignore what follows the cursor. */
  readonly fim: Fim | undefined;
  /** Graph and external weights on disk. */
  readonly weightsBytes: number;
  /** What the engine grew by while the model was loaded, at least the weights. */
  readonly memoryBytes: number;
  readonly cacheBytesPerToken: number;
  readonly loadMs: number;
  /** One step behind a short text, the median of several. */
  readonly msPerToken: number;
}
