/** A template in ChatML, as many models bring one, for tests that are about what is said and not how. */
import type { ChatTemplate } from '../../../src/core/chat/chatTemplate';
import type { Tokenizer } from '../../../src/core/model';
import { createChatTemplate } from '../../../src/engine/chatTemplate';

export const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

export function chatml(tokenizer: Tokenizer): ChatTemplate {
  return createChatTemplate({ text: CHATML, variables: {}, endIds: [] }, tokenizer);
}
