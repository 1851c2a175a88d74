/**
 * What in a folder could be imported, told from names alone, so that a folder on this machine and one on a hub are judged
 * alike: GGUF files, whole ones, and a model in safetensors.
 */
import { groupGgufs, isGgufName } from '../../core/ggufNames';
import { type ListedFile, sizeOf } from './proposalLayout';

export interface Importable<F extends ListedFile = ListedFile> {
  readonly form: 'gguf' | 'safetensors';
  /** The file's name without its ending, or `safetensors`. */
  readonly label: string;
  /** All that is needed; the first one is what an import begins with where it is a GGUF. */
  readonly files: readonly F[];
  readonly sizeBytes: number;
}

/** Beside the weights: the first two are needed. */
const TEXT = [
  'config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'generation_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'README.md',
  'LICENSE',
  'LICENSE.txt',
  'LICENSE.md',
  'NOTICE',
];
const N_NEEDED = 2;
const INDEX = 'model.safetensors.index.json';
/** No other folder than one, no odd character. */
const SAFE_GGUF = /^(?:\w[\w.-]{0,100}\/)?\w[\w.-]{0,150}\.gguf$/i;
const SHARD = /^model-(\d{5})-of-(\d{5})\.safetensors$/;

/** GGUF files first, the smallest before the others: of one model they differ in how much was left of it. */
export function importablesOf<F extends ListedFile>(files: readonly F[]): Importable<F>[] {
  const ggufs = groupGgufs(files.filter(isSafeGguf))
    .filter(group => group.files.length === group.nParts)
    .map(({ stem, files: parts }): Importable<F> => importable('gguf', stem, parts))
    .sort((a, b) => a.sizeBytes - b.sizeBytes);
  const safetensors = safetensorsOf(files);
  return safetensors === undefined ? ggufs : [...ggufs, safetensors];
}

function safetensorsOf<F extends ListedFile>(files: readonly F[]): Importable<F> | undefined {
  const byName = new Map(files.map(file => [file.name, file]));
  if (!TEXT.slice(0, N_NEEDED).every(name => byName.has(name))) return undefined;
  const weights = weightsOf(byName);
  if (weights === undefined) return undefined;
  const text = TEXT.flatMap(name => byName.get(name) ?? []);
  return importable('safetensors', 'safetensors', [...text, ...weights]);
}

function weightsOf<F extends ListedFile>(byName: ReadonlyMap<string, F>): F[] | undefined {
  const index = byName.get(INDEX);
  const shards = [...byName.values()].filter(({ name }) => SHARD.test(name));
  const nWanted = Number(SHARD.exec(shards[0]?.name ?? '')?.[2] ?? 0);
  if (index !== undefined && shards.length > 0 && shards.length === nWanted) return [index, ...shards];
  const single = byName.get('model.safetensors');
  return single && [single];
}

function isSafeGguf({ name }: ListedFile): boolean {
  return SAFE_GGUF.test(name) && isGgufName(name.split('/').at(-1) as string);
}

function importable<F extends ListedFile>(form: Importable['form'], label: string, files: readonly F[]): Importable<F> {
  return { form, label, files, sizeBytes: sizeOf(files) };
}
