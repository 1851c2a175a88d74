/** The files of a Hugging Face folder that are text: read with care for their size, and made where one may be missing. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type Sentence, say } from '../../core/sentence';
import { damaged, unreadable } from '../refusal';
import type { TextFiles } from '../sourceModel';
import { notReadable } from '../tensors/binaryFile';

/** The largest tokenizers are some 35 MB. */
const MAX_TEXT_BYTES = 100_000_000;

/** undefined where there is none. */
export async function textOf(folder: string, name: string): Promise<string | undefined> {
  const file = path.join(folder, name);
  const found = await stat(file).catch(error => (error.code === 'ENOENT' ? undefined : notReadable(name, error)));
  if (!found) return undefined;
  if (!found.isFile()) unreadable(name, say`it is no regular file`);
  if (found.size > MAX_TEXT_BYTES) damaged(name, say`it has ${found.size} bytes`);
  return readFile(file, 'utf8').catch(error => notReadable(name, error));
}

/** @throws UserError when it is no JSON object */
export function objectIn(name: string, text: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return damaged(name, say`it is not JSON`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) damaged(name, say`it is not a JSON object`);
  return json as Readonly<Record<string, unknown>>;
}

/** @throws UserError when there is no such file */
export async function mustText(folder: string, name: string, reason: Sentence): Promise<string> {
  return (await textOf(folder, name)) ?? unreadable(path.basename(folder), reason);
}

/** As they are, but for a chat template, which newer folders have in a file of its own. */
export async function hfTextFiles(folder: string, config: Readonly<Record<string, unknown>>): Promise<TextFiles> {
  const tokenizer = await mustText(
    folder,
    'tokenizer.json',
    say`it has no tokenizer.json. Get that file from where the model was published`,
  );
  const settings = (await textOf(folder, 'tokenizer_config.json')) ?? '{}';
  const template = await textOf(folder, 'chat_template.jinja');
  const generation = await textOf(folder, 'generation_config.json');
  return {
    'tokenizer.json': tokenizer,
    'tokenizer_config.json': template === undefined ? settings : withTemplate(settings, template),
    'generation_config.json': generation ?? JSON.stringify(stopTokens(config), null, 2),
  };
}

/** The file's counts where both have one, as in transformers. */
function withTemplate(settings: string, template: string): string {
  return JSON.stringify({ ...objectIn('tokenizer_config.json', settings), chat_template: template }, null, 2);
}

function stopTokens(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const keys = ['bos_token_id', 'eos_token_id', 'pad_token_id'];
  return Object.fromEntries(keys.filter(key => (config[key] ?? null) !== null).map(key => [key, config[key]]));
}

/** One more than the highest id that a tokenizer.json gives a text. */
export function tokensIn(text: string): number {
  const name = 'tokenizer.json';
  const { model, added_tokens: added } = objectIn(name, text);
  const { vocab } = (model ?? {}) as Readonly<Record<string, unknown>>;
  let highest = -1;
  const see = (id: unknown) => {
    if (!Number.isSafeInteger(id) || (id as number) < 0) damaged(name, say`it has the token id ${String(id)}`);
    highest = Math.max(highest, id as number);
  };
  // Unigram models list their pieces; the place is the id.
  if (Array.isArray(vocab)) highest = vocab.length - 1;
  else if (typeof vocab === 'object' && vocab !== null) for (const id of Object.values(vocab)) see(id);
  else damaged(name, say`it has no vocabulary`);
  if (Array.isArray(added)) for (const token of added) see((token as { readonly id?: unknown } | null)?.id);
  if (highest < 0) damaged(name, say`it has no vocabulary`);
  return highest + 1;
}

/** Of the front matter of a model card: `license: apache-2.0`, or `other` with a name. */
export function licenceInCard(card: string): string | undefined {
  const [, matter] = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---/.exec(card) ?? [];
  const valueAt = (key: string) =>
    new RegExp(`^${key}:[ \\t]*["']?([^"'#\\r\\n]*)`, 'm').exec(matter ?? '')?.[1].trim() || undefined;
  const licence = valueAt('license');
  return licence === 'other' ? (valueAt('license_name') ?? licence) : licence;
}
