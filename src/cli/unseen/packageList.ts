/**
 * models/eval/packages.json: packages first published after the models that are measured on them. Each is pinned by its
 * integrity, so that the same places are cut from it everywhere. Knows nothing of how they are fetched.
 */
import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../../core/errors';

/** `choose` packages decide (formats, gates, contexts); `report` ones are measured when all is decided. */
export const SPLITS = ['choose', 'report'] as const;
export type Split = (typeof SPLITS)[number];

export interface UnseenPackage {
  readonly registry: 'npm' | 'pypi';
  readonly name: string;
  readonly version: string;
  /** The archive's name as the registry's client writes it. */
  readonly file: string;
  /** Not before: a date or its beginning. `evidence` says how that is known. */
  readonly firstPublished: string;
  readonly evidence: string;
  readonly licence: string;
  /** Folders and files with what people wrote, those after `!` left out; `maps`: the sources in its source maps. */
  readonly from: 'maps' | readonly string[];
  /** Subresource Integrity: `sha512-…` or `sha256-…`, base64. */
  readonly integrity: string;
  readonly split: Split;
}

/** The first month of which a package may be. */
const YOUNGEST_MODEL = '2025-06';

export async function readPackageList(file: string): Promise<UnseenPackage[]> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UserError('package-list', `${file} cannot be read: ${messageOf(error)}`);
  }
  return parsePackageList(json, file);
}

/** @throws UserError that names the entry */
export function parsePackageList(json: unknown, file: string): UnseenPackage[] {
  if (!Array.isArray(json)) throw new UserError('package-list', `${file} is no list of packages.`);
  const packages = json.map((entry, i) => parseEntry(entry, `Entry ${i + 1} of ${file}`));
  const names = packages.map(one => `${one.registry}:${one.name}`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UserError('package-list', `${file} has ${twice} twice: a package has one split.`);
  return packages;
}

function parseEntry(entry: unknown, where: string): UnseenPackage {
  const values = (entry ?? {}) as Readonly<Record<string, unknown>>;
  const fail = (reason: string): never => {
    throw new UserError('package-list', `${where}: ${reason}.`);
  };
  const text = (key: string): string => {
    const value = values[key];
    return typeof value === 'string' && value !== '' ? value : fail(`${key} is no text`);
  };
  const oneOf = <T extends string>(key: string, allowed: readonly T[]): T =>
    allowed.find(value => value === values[key]) ?? fail(`${key} is none of ${allowed.join(', ')}`);
  const { from } = values;
  const isList = Array.isArray(from) && from.length > 0 && from.every(part => typeof part === 'string');
  if (from !== 'maps' && !isList) fail('from is neither "maps" nor a list of folders and files');
  const [registry, name, version] = [oneOf('registry', ['npm', 'pypi']), text('name'), text('version')];
  const parsed: UnseenPackage = {
    registry,
    name,
    version,
    file: registry === 'npm' ? `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz` : text('file'),
    firstPublished: text('firstPublished'),
    evidence: text('evidence'),
    licence: text('licence'),
    from: from as UnseenPackage['from'],
    integrity: text('integrity'),
    split: oneOf('split', SPLITS),
  };
  if (!/^sha(?:256|512)-[A-Za-z0-9+/]+=*$/.test(parsed.integrity)) fail('integrity is no sha256 or sha512');
  if (parsed.firstPublished < YOUNGEST_MODEL)
    fail(`first published ${parsed.firstPublished}, before ${YOUNGEST_MODEL}`);
  // Both become part of a command line and a path.
  if (!/^(?:@[\w.-]+\/)?[\w.-]+$/.test(name) || !/^[\w.+-]+$/.test(version)) fail('its name or version is none');
  if (!/^[\w.+-]+$/.test(parsed.file)) fail('file is no plain name');
  return parsed;
}
