/** Source text to count: what lies in node_modules, as much as is asked for. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

const SOURCES = path.resolve(__dirname, '../../node_modules');

export interface Source {
  readonly name: string;
  readonly text: string;
}

/** Sources that are no data and not minified, at most `nChars`. @param dir defaults to the project's own packages. */
export async function readSources(nChars: number, dir = SOURCES): Promise<Source[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile()).map(entry => path.join(entry.parentPath, entry.name));
  const sources: Source[] = [];
  let left = nChars;
  for (const file of files.sort()) {
    if (left <= 0) break;
    if (!/\.(?:[cm]?[jt]s|tsx)$/.test(file) || file.includes('.min.')) continue;
    const text = await readFile(file, 'utf8');
    if (text.length < 500 || text.length > 200_000 || /[^\n]{1000}/.test(text)) continue;
    sources.push({ name: path.relative(dir, file).split(path.sep).join('/'), text });
    left -= text.length;
  }
  return sources;
}

/** Sources of `nChars` in all; where there are not enough, they come again under other names with other words. */
export function grown(sources: readonly Source[], nChars: number): Source[] {
  const all: Source[] = [];
  let left = nChars;
  for (let round = 0; left > 0; round++) {
    for (const { name, text } of sources) {
      if (left <= 0) break;
      const own = round === 0 ? text : text.replaceAll(/\b([a-z]{5,})([A-Z])/g, `$1${round}$2`);
      all.push({ name: `${round}/${name}`, text: own });
      left -= own.length;
    }
  }
  return all;
}
