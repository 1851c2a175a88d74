/** How a language spells comments, and what its files and code blocks are called. Languages that are not listed are taken for C's family. */

/** A comment as lines: `open` and `close` stand on lines of their own where a language has them. */
export interface CommentMarks {
  readonly open?: string;
  readonly line: string;
  readonly close?: string;
}

export interface CommentLanguage {
  /** The name behind the fence of a code block. */
  readonly fence: string;
  /** With the dot. */
  readonly ending: string;
  readonly marks: CommentMarks;
  /** Indentation, and not brackets, says where a block ends. */
  readonly isIndented?: boolean;
}

const DOC: CommentMarks = { open: '/**', line: ' * ', close: ' */' };
const HASH: CommentMarks = { line: '# ' };
const MARKUP: CommentMarks = { open: '<!--', line: '  ', close: '-->' };

const LANGUAGES: Readonly<Record<string, CommentLanguage>> = {
  typescript: { fence: 'ts', ending: '.ts', marks: DOC },
  typescriptreact: { fence: 'tsx', ending: '.tsx', marks: DOC },
  javascript: { fence: 'js', ending: '.js', marks: DOC },
  javascriptreact: { fence: 'jsx', ending: '.jsx', marks: DOC },
  json: { fence: 'json', ending: '.json', marks: DOC },
  css: { fence: 'css', ending: '.css', marks: DOC },
  python: { fence: 'python', ending: '.py', marks: HASH, isIndented: true },
  html: { fence: 'html', ending: '.html', marks: MARKUP },
  markdown: { fence: 'markdown', ending: '.md', marks: MARKUP },
  shellscript: { fence: 'sh', ending: '.sh', marks: HASH },
  yaml: { fence: 'yaml', ending: '.yaml', marks: HASH, isIndented: true },
  ruby: { fence: 'ruby', ending: '.rb', marks: HASH },
};

/** The language that a question without code is answered in, unless it names one. */
export const DEFAULT_LANGUAGE = 'typescript';

export function commentLanguage(languageId: string): CommentLanguage {
  return Object.hasOwn(LANGUAGES, languageId)
    ? LANGUAGES[languageId]
    : { fence: languageId, ending: '', marks: languageId === 'plaintext' ? HASH : DOC };
}

/** The editor's name of the language that a code block's fence names. */
export function languageOfFence(fence: string): string {
  const wanted = fence.toLowerCase();
  if (wanted === '') return DEFAULT_LANGUAGE;
  const known = Object.entries(LANGUAGES).find(
    ([id, language]) => id === wanted || language.fence === wanted || language.ending === `.${wanted}`,
  );
  return known?.[0] ?? wanted;
}

const NAMES: readonly (readonly [RegExp, string])[] = [
  [/\bpython\b/i, 'python'],
  [/\b(?:tsx|react)\b/i, 'typescriptreact'],
  [/\btypescript\b/i, 'typescript'],
  [/\bjavascript\b/i, 'javascript'],
  [/\bcss\b/i, 'css'],
  [/\bhtml\b/i, 'html'],
  [/\b(?:bash|shell)\b/i, 'shellscript'],
];

/** The language that a question names, by the editor's name. */
export function namedLanguage(question: string): string | undefined {
  return NAMES.find(([name]) => name.test(question))?.[1];
}

/** `text` as a comment, closed and with a newline behind it. */
export function wholeComment({ open, line, close }: CommentMarks, text: string): string {
  const lines = harmless(text, close).map(each => `${line}${each}`.trimEnd());
  return `${[...(open ? [open] : []), ...lines, ...(close ? [close] : [])].join('\n')}\n`;
}

/** A comment that says `text` and goes on where it ends. */
export function begunComment({ open, line, close }: CommentMarks, text: string): string {
  const lines = harmless(text, close).map((each, i, all) =>
    i + 1 < all.length ? `${line}${each}`.trimEnd() : line + each,
  );
  return [...(open ? [open] : []), ...lines].join('\n');
}

/** A question that spells the end of a comment does not end it. */
function harmless(text: string, close: string | undefined): string[] {
  const end = close?.trim();
  return (end ? text.replaceAll(end, [...end].join(' ')) : text).split('\n');
}
