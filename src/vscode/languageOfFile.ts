/** The language of a file by its ending: opening a document only to learn it would load it into the editor. */

const LANGUAGES: Readonly<Record<string, string>> = {
  cjs: 'javascript',
  cts: 'typescript',
  htm: 'html',
  js: 'javascript',
  jsx: 'javascriptreact',
  markdown: 'markdown',
  md: 'markdown',
  mjs: 'javascript',
  mts: 'typescript',
  py: 'python',
  rs: 'rust',
  sh: 'shellscript',
  ts: 'typescript',
  tsx: 'typescriptreact',
  txt: 'plaintext',
  yml: 'yaml',
};

/** @returns a language's id; the ending itself where the language is not known by another name */
export function languageOfFile(path: string): string {
  const ending = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  return LANGUAGES[ending] ?? ending;
}
