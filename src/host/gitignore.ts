/**
 * .gitignore where there is no git to ask: globs with `*`, `**`, `?` and classes, folders, anchors and exceptions. Later
 * rules win, deeper files after their parents. Not covered: an exception inside an ignored folder, as in git itself.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

interface Rule {
  readonly pattern: RegExp;
  readonly isException: boolean;
  readonly isForFolders: boolean;
}

export class Gitignore {
  private constructor(private readonly rules: readonly Rule[]) {}

  /** The rules at the root of `dir`. */
  static async read(dir: string): Promise<Gitignore> {
    return new Gitignore([]).within(dir, '');
  }

  static parse(text: string, below = ''): Gitignore {
    return new Gitignore(text.split(/\r?\n/).flatMap(line => parseRule(line, below)));
  }

  /** These rules and those of the folder `relative` of `dir`. */
  async within(dir: string, relative: string): Promise<Gitignore> {
    try {
      const text = await readFile(path.join(dir, relative, '.gitignore'), 'utf8');
      return new Gitignore([...this.rules, ...Gitignore.parse(text, relative).rules]);
    } catch {
      return this;
    }
  }

  /** @param name a path below the root with '/'; a folder's ends with one. */
  ignores(name: string): boolean {
    const isFolder = name.endsWith('/');
    const bare = isFolder ? name.slice(0, -1) : name;
    let ignored = false;
    for (const { pattern, isException, isForFolders } of this.rules)
      if ((isFolder || !isForFolders) && pattern.test(bare)) ignored = !isException;
    return ignored;
  }
}

function parseRule(line: string, below: string): Rule[] {
  let glob = line.replace(/(?<!\\)\s+$/, '');
  if (glob === '' || glob.startsWith('#')) return [];
  const isException = glob.startsWith('!');
  if (isException) glob = glob.slice(1);
  const isForFolders = glob.endsWith('/');
  if (isForFolders) glob = glob.slice(0, -1);
  const isAnchored = glob.includes('/');
  if (glob.startsWith('/')) glob = glob.slice(1);
  const base = below === '' ? '' : `${literally(below)}/`;
  return [
    { pattern: new RegExp(`^${base}${isAnchored ? '' : '(?:.*/)?'}${translate(glob)}$`), isException, isForFolders },
  ];
}

function translate(glob: string): string {
  return glob.replace(/\/\*\*\/|\*\*\/|\/\*\*|\*+|\?|\[!?[^\]]+\]|\\.|\/|[^*?[\\/]+|[[\\]/g, part => {
    if (part === '/**/') return '/(?:.*/)?';
    if (part === '**/') return '(?:.*/)?';
    if (part === '/**') return '/.*';
    if (part.startsWith('*')) return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.startsWith('[') && part.length > 1) return part.replace('[!', '[^');
    return literally(part.startsWith('\\') ? part.slice(1) : part);
  });
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
