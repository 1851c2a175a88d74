/** How a source is refused: which file, why, and what a person can do. Reasons are clauses, without a full stop. */
import { UserError } from '../core/errors';
import { type Sentence, say } from '../core/sentence';

/** The file is not what it says it is: cut short, inconsistent, or made to harm. */
export function damaged(file: string, reason: Sentence): never {
  throw new UserError('damaged-model', say`"${file}" cannot be imported: ${reason}. Get the file again.`);
}

/** The file is in order, and importing does not know such models. */
export function unsupported(file: string, reason: Sentence): never {
  throw new UserError(
    'unsupported-model',
    say`"${file}" cannot be imported: ${reason}. Importing knows dense models of the families Llama, Mistral, SmolLM, Qwen2, Qwen3 and Granite, as GGUF or safetensors.`,
  );
}

/** Something is missing or cannot be read; the reason says what to do about it. */
export function unreadable(file: string, reason: Sentence): never {
  throw new UserError('unreadable-model', say`"${file}" cannot be imported: ${reason}.`);
}
