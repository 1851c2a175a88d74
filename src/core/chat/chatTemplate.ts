/** What a chat prompt needs to know of a model's own template. The engine renders it; the core only hands it turns. */
import type { ChatRole } from './chat';

/** A turn as a template is given it. */
export interface Message {
  readonly role: ChatRole;
  readonly content: string;
}

export interface ChatTemplate {
  /**
   * @returns the conversation up to where its next answer begins. Special tokens are those that the template itself wrote;
   * what a message spells is text.
   * @throws UserError when the template refuses these messages
   */
  tokens(messages: readonly Message[]): readonly number[];
  /** The token that the template writes behind an answer. */
  readonly endToken: number;
  /** All tokens that end an answer, `endToken` among them. */
  readonly stopTokens: ReadonlySet<number>;
}
