/** From what a model writes behind a code fence to a language that this editor knows. */
import * as vscode from 'vscode';

const ALIASES: Readonly<Record<string, string>> = {
  bash: 'shellscript',
  cs: 'csharp',
  htm: 'html',
  js: 'javascript',
  jsx: 'javascriptreact',
  md: 'markdown',
  mjs: 'javascript',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  sh: 'shellscript',
  shell: 'shellscript',
  ts: 'typescript',
  tsx: 'typescriptreact',
  yml: 'yaml',
  zsh: 'shellscript',
};

/** @returns an id that documents can be opened with: plain text for what nobody knows. */
export async function languageIdOf(name: string): Promise<string> {
  const id = ALIASES[name] ?? name;
  return (await vscode.languages.getLanguages()).includes(id) ? id : 'plaintext';
}
