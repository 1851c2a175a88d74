/** Which of a package's files people wrote, in a language that is measured. */
import { secretsIn } from '../../core/training/secrets';
import { unfit } from '../../core/training/unfit';
import type { TextFiles } from './archive';
import type { UnseenPackage } from './packageList';

export type Language = 'ts' | 'tsx' | 'js' | 'py';

export interface Source {
  readonly path: string;
  readonly language: Language;
  readonly text: string;
}

const FEWEST_LINES = 30;
const MOST_LINES = 600;

const LANGUAGES: readonly (readonly [RegExp, Language])[] = [
  [/\.[mc]?ts$/, 'ts'],
  [/\.tsx$/, 'tsx'],
  [/\.(?:[mc]?js|jsx)$/, 'js'],
  [/\.py$/, 'py'],
];
/** Marks that compilers and bundlers leave in JavaScript. */
const COMPILED =
  /__esModule|__awaiter|__decorate|__extends\(|_interopRequire|__importDefault|__webpack_require__|_jsxRuntime|_jsxs?\(|__spreadArray|__toESM|__commonJS|__publicField|__name\(|__export\(/;

/** Whether a file of the archive has to be read for it. */
export function isWanted(path: string, { from }: Pick<UnseenPackage, 'from'>): boolean {
  if (from === 'maps') return path.endsWith('.map') && !path.includes('node_modules/');
  const below = (folder: string) => (folder.endsWith('/') ? path.startsWith(folder) : path === folder);
  const [out, taken] = [from.filter(f => f.startsWith('!')), from.filter(f => !f.startsWith('!'))];
  return languageOf(path) !== undefined && taken.some(below) && !out.some(folder => below(folder.slice(1)));
}

/** In the order of their paths; of equal files the first. Those with a secret in them are left out whole. */
export function sourcesOf(files: TextFiles, one: Pick<UnseenPackage, 'from'>): Source[] {
  const texts = one.from === 'maps' ? mappedSources(files) : files;
  const seen = new Set<string>();
  const sources: Source[] = [];
  for (const [path, text] of [...texts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const language = languageOf(path);
    const nLines = text.trimEnd().split('\n').length;
    if (language === undefined || nLines < FEWEST_LINES || nLines > MOST_LINES || seen.has(text)) continue;
    if (unfit(path, text) !== undefined || isData(text) || (language === 'js' && COMPILED.test(text))) continue;
    if (secretsIn(text).some(({ kind }) => kind !== 'addresses')) continue;
    seen.add(text);
    sources.push({ path, language, text });
  }
  return sources;
}

/** Declarations are written by compilers more often than not. */
function languageOf(path: string): Language | undefined {
  if (/\.d\.[mc]?ts$/.test(path)) return undefined;
  return LANGUAGES.find(([pattern]) => pattern.test(path))?.[1];
}

/** Tables of numbers and of other alphabets say little about writing code. */
function isData(text: string): boolean {
  const nOf = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
  return nOf(/\d/g) > text.length / 5 || nOf(/[^\p{ASCII}]/gu) > text.length / 20;
}

/** What source maps (ECMA-426) hold of the package's own sources, by their paths below it. */
function mappedSources(maps: TextFiles): TextFiles {
  const texts = new Map<string, string>();
  for (const map of maps.values()) {
    for (const [path, text] of sourcesIn(map)) if (!texts.has(path)) texts.set(path, text);
  }
  return texts;
}

function sourcesIn(map: string): (readonly [string, string])[] {
  let json: unknown;
  try {
    json = JSON.parse(map);
  } catch {
    return []; // a .map that is none
  }
  const { sources, sourcesContent } = (json ?? {}) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(sources) || !Array.isArray(sourcesContent)) return [];
  return sources.flatMap((source: unknown, i) => {
    const text: unknown = sourcesContent[i];
    if (typeof source !== 'string' || typeof text !== 'string' || /node_modules|^\w+:|\0/.test(source)) return [];
    return [[source.replace(/^(?:\.{1,2}\/)+/, ''), text.replace(/\r\n?/g, '\n')] as const];
  });
}
