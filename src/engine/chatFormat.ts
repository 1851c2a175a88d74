/** Whether a proposal was tuned to converse, and by which template: read off what its folder says of itself. */
import type { ChatFormat } from '../core/chat/chatPrompt';
import { UserError } from '../core/errors';
import type { FimOrder } from '../core/fim';
import type { ProposalManifest } from '../core/manifest';
import type { Tokenizer } from '../core/model';
import { say } from '../core/sentence';
import { createChatTemplate, type TemplateSource } from './chatTemplate';
import { type ModelFolder, readModelFile, readOptionalJson } from './modelFiles';

/** For a model that residual.json says was tuned to converse in ChatML, and that brings no template. */
const CHATML = `{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

/**
 * A folder may bring a template for a conversation that its model was never tuned for, as base models share files with
 * their tuned relatives. Only where the end of an answer also ends the text was it tuned. A template that cannot be used
 * fails the chat alone.
 */
export async function readChatFormat(
  folder: ModelFolder,
  manifest: ProposalManifest | undefined,
  tokenizer: Tokenizer,
  order: FimOrder,
): Promise<ChatFormat> {
  const comment: ChatFormat = { style: 'comment', order };
  if (manifest?.chat === 'none') return comment;
  const saysSo = manifest?.chat === 'chatml';
  const source = await readTemplate(folder, tokenizer, saysSo ? CHATML : '');
  if (source.text === '') return comment;
  try {
    const template = createChatTemplate(source, tokenizer);
    return saysSo || source.endIds.includes(template.endToken) ? { style: 'template', template } : comment;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const wayOut = say`"${folder.id}": ${error.sentence} Get the model again, or write "chat": "none" into its residual.json to be answered with code.`;
    return { style: 'broken', problem: new UserError(error.code, wayOut) };
  }
}

/** The files that name a template, the one that counts first, as in transformers. */
async function readTemplate(folder: ModelFolder, tokenizer: Tokenizer, otherwise: string): Promise<TemplateSource> {
  const config = fieldsOf(await readOptionalJson(folder, 'tokenizer_config.json'));
  const generation = fieldsOf(await readOptionalJson(folder, 'generation_config.json'));
  const ownFile = fieldsOf(await readOptionalJson(folder, 'chat_template.json'));
  const jinja = await readModelFile(folder, 'chat_template.jinja').then(
    bytes => bytes.toString('utf8'),
    () => '',
  );
  const names = ['bos_token', 'eos_token', 'pad_token', 'unk_token'];
  const variables = Object.fromEntries(
    names.flatMap(name => {
      const text = tokenText(config[name]);
      return text === undefined ? [] : [[name, text]];
    }),
  );
  const endText = tokenizer.specialTexts.get(variables.eos_token ?? '');
  const endIds = [generation.eos_token_id].flat().filter(id => typeof id === 'number');
  return {
    text:
      [jinja, templateText(config.chat_template), templateText(ownFile.chat_template), otherwise].find(Boolean) ?? '',
    variables,
    endIds: endText === undefined ? endIds : [...endIds, endText],
  };
}

/** One template, or several by name, of which the default is for conversations without tools. */
function templateText(value: unknown): string {
  if (!Array.isArray(value)) return typeof value === 'string' ? value : '';
  const named = value.map(fieldsOf);
  const chosen = named.find(({ name }) => name === 'default') ?? named[0];
  return typeof chosen?.template === 'string' ? chosen.template : '';
}

function tokenText(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value : fieldsOf(value).content;
  return typeof text === 'string' ? text : undefined;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
