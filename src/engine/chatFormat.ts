/** Whether a proposal was tuned to converse, and in which format: read off what its folder says of itself. */
import type { ChatFormat } from '../core/chat/chatPrompt';
import type { FimOrder } from '../core/fim';
import type { ProposalManifest } from '../core/manifest';
import type { SpecialTokens } from '../core/model';
import { type ModelFolder, readModelFile, readOptionalJson } from './modelFiles';

/** The fields that are read of the files beside a model. */
interface ChatFiles {
  /** Of tokenizer_config.json or of a file of its own. */
  readonly template: string;
  /** Text of the token that ends a text, by tokenizer_config.json. */
  readonly endText: string | undefined;
  /** Ids that end a text, by generation_config.json. */
  readonly endIds: readonly number[];
}

/**
 * A folder may bring a template for a conversation that its model was never tuned for, as base models share files with
 * their tuned relatives. Only where the end of a turn also ends the text was it tuned.
 */
export async function readChatFormat(
  folder: ModelFolder,
  manifest: ProposalManifest | undefined,
  special: SpecialTokens,
  order: FimOrder,
): Promise<ChatFormat> {
  const comment: ChatFormat = { style: 'comment', order };
  if (special.imStart === undefined || special.imEnd === undefined || manifest?.chat === 'none') return comment;
  const { template, endText, endIds } = await readChatFiles(folder);
  const isTuned = template.includes('<|im_start|>') && (endText === '<|im_end|>' || endIds.includes(special.imEnd));
  if (manifest?.chat !== 'chatml' && !isTuned) return comment;
  // A model that can be asked not to think aloud is asked so by a thought that is over.
  return { style: 'chatml', opening: template.includes('enable_thinking') ? '<think>\n\n</think>\n\n' : '' };
}

async function readChatFiles(folder: ModelFolder): Promise<ChatFiles> {
  const config = fieldsOf(await readOptionalJson(folder, 'tokenizer_config.json'));
  const generation = fieldsOf(await readOptionalJson(folder, 'generation_config.json'));
  const ownFile = fieldsOf(await readOptionalJson(folder, 'chat_template.json'));
  const jinja = await readModelFile(folder, 'chat_template.jinja').then(
    bytes => bytes.toString('utf8'),
    () => '',
  );
  const endIds = [generation.eos_token_id].flat();
  return {
    template: [config.chat_template, ownFile.chat_template, jinja].map(templateText).join('\n'),
    endText: typeof config.eos_token === 'string' ? config.eos_token : textOf(fieldsOf(config.eos_token).content),
    endIds: endIds.filter(id => typeof id === 'number'),
  };
}

/** One template, or several by name. */
function templateText(value: unknown): string {
  if (!Array.isArray(value)) return textOf(value) ?? '';
  return value.map(each => textOf(fieldsOf(each).template) ?? '').join('\n');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
