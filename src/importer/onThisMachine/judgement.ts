/** What is known of a model that is listed, and why it cannot be imported where its files do not come to that. Reads nothing. */
import { type Sentence, say } from '../../core/sentence';

/** What the header of a GGUF says, as far as it matters here. */
export interface GgufFacts {
  readonly architecture?: string;
  readonly licence?: string;
  readonly nParameters?: number;
  readonly quantisation?: string;
  /** Why it cannot be imported, as importing would say it. */
  readonly obstacle?: Sentence;
}

export const notGguf = (): Sentence => say`Its file is no GGUF of version 2 or 3, or it is damaged.`;
export const missingParts = (nMissing: number, nParts: number): Sentence =>
  say`${nMissing} of its ${nParts} files are missing. Fetch it again with the program that it belongs to.`;
export const seesPictures = (): Sentence => say`It also reads pictures, with a part that cannot be imported.`;
export const isAdapter = (): Sentence => say`It is changed by an adapter, which cannot be imported.`;
export const noFile = (): Sentence => say`Its weights are not in one GGUF file.`;
export const pickled = (file: string): Sentence =>
  say`Its weights are in ${file}, a format that can run code and is never read. Look for safetensors.`;
/** The end of a sentence. */
export const quantisedAlready = (method: string): Sentence =>
  say`its weights are quantised in a way of their own ("${method}"). Get the model they were made from, or a GGUF`;
