/** Whether a proposal was tuned to converse, and by which template: read off what its folder says of itself. */
import type { ChatFormat } from '../core/chat/chatPrompt';
import type { ChatTemplate } from '../core/chat/chatTemplate';
import { UserError } from '../core/errors';
import type { FimOrder } from '../core/fim';
import type { ProposalManifest } from '../core/manifest';
import type { Tokenizer } from '../core/model';
import { say } from '../core/sentence';
import { createChatTemplate, type TemplateSource } from './chatTemplate';
import { type ModelFolder, readModelFile, readOptionalJson } from './modelFiles';

/** For a model that residual.json says was tuned to converse in ChatML, and that brings no template. */
const CHATML = `{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

/** What the files beside a model say; what is not an object says nothing. */
export interface ChatFiles {
  /** tokenizer_config.json, generation_config.json and chat_template.json, parsed. */
  readonly config: unknown;
  readonly generation: unknown;
  readonly ownFile?: unknown;
  /** chat_template.jinja. */
  readonly jinja?: string;
}

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
  try {
    const template = templateOf(await readChatFiles(folder), tokenizer, { saysSo });
    return template === undefined ? comment : { style: 'template', template };
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'chat-template') throw error;
    const wayOut = say`"${folder.id}": ${error.sentence} Get the model again, or write "chat": "none" into its residual.json to be answered with code.`;
    return { style: 'broken', problem: new UserError(error.code, wayOut) };
  }
}

/**
 * @param saysSo its manifest says that it was tuned to converse in ChatML
 * @returns undefined for a model that was not tuned to converse
 * @throws UserError `chat-template` when the template cannot be used
 */
export function templateOf(
  files: ChatFiles,
  tokenizer: Tokenizer,
  { saysSo }: { readonly saysSo: boolean },
): ChatTemplate | undefined {
  const source = sourceOf(files, tokenizer, saysSo ? CHATML : '');
  if (source.text === '') return undefined;
  const template = createChatTemplate(source, tokenizer);
  return saysSo || source.endIds.includes(template.endToken) ? template : undefined;
}

async function readChatFiles(folder: ModelFolder): Promise<ChatFiles> {
  const jinja = readModelFile(folder, 'chat_template.jinja').then(
    bytes => bytes.toString('utf8'),
    () => '',
  );
  return {
    config: await readOptionalJson(folder, 'tokenizer_config.json'),
    generation: await readOptionalJson(folder, 'generation_config.json'),
    ownFile: await readOptionalJson(folder, 'chat_template.json'),
    jinja: await jinja,
  };
}

/** Of the files that name a template the first counts, as in transformers. */
function sourceOf(files: ChatFiles, tokenizer: Tokenizer, otherwise: string): TemplateSource {
  const [config, generation, ownFile] = [files.config, files.generation, files.ownFile].map(fieldsOf);
  const names = ['bos_token', 'eos_token', 'pad_token', 'unk_token'];
  const variables = Object.fromEntries(
    names.flatMap(name => {
      const text = tokenText(config[name]);
      return text === undefined ? [] : [[name, text]];
    }),
  );
  const endId = tokenizer.specialTexts.get(variables.eos_token ?? '');
  const endIds = [generation.eos_token_id].flat().filter(id => typeof id === 'number');
  const texts = [files.jinja, templateText(config.chat_template), templateText(ownFile.chat_template), otherwise];
  return {
    text: texts.find(Boolean) ?? '',
    variables,
    endIds: endId === undefined ? endIds : [...endIds, endId],
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
