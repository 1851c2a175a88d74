/** Files that a person can name with an `@`, and their text. What is excluded is neither offered nor read. */
import * as vscode from 'vscode';
import type { ContextItem } from '../../core/chat/chat';
import { rankFiles } from '../../host/rankFiles';
import { listFiles } from '../../host/workspaceFiles';
import { mayRead, mayReadTarget } from '../admission';
import { unixNewlines } from '../documentText';
import { languageOfFile } from '../languageOfFile';
import { workspaceFolders } from '../modules/instantWorkspace';

/** A list is used this long: files that came meanwhile are offered a little later. */
const KEEP_MS = 15_000;
const MAX_LISTED = 20_000;
/** No prompt holds more; what is longer is cut before it is sent to the engine. */
const MAX_CHARS = 60_000;
const MAX_FILE_BYTES = 1_000_000;

interface List {
  readonly paths: readonly string[];
  readonly atMs: number;
}

export class ChatFiles {
  private list: Promise<List> | undefined;

  /** @returns paths as `shownFile` gives them, those changed last first where nothing else tells them apart. */
  async like(query: string, n: number): Promise<string[]> {
    const known = await this.list;
    if (known === undefined || Date.now() - known.atMs > KEEP_MS) this.list = listWorkspace();
    // An older list answers at once, and the next letter finds the new one.
    const { paths } = known ?? (await this.list)!;
    return rankFiles(paths, query, n);
  }

  /** @returns the file of the workspace that a path names, or undefined when there is none. */
  async find(path: string): Promise<vscode.Uri | undefined> {
    for (const uri of candidates(path)) {
      const found = await vscode.workspace.fs.stat(uri).then(
        ({ type }) => (type & vscode.FileType.File) !== 0,
        () => false,
      );
      if (found) return uri;
    }
    return undefined;
  }
}

/** Path of a file for people, models and `@`: relative to its folder, which is named when there are several. */
export function shownFile(uri: vscode.Uri): string {
  return vscode.workspace.asRelativePath(uri).replaceAll('\\', '/');
}

/** @returns undefined when the file is excluded, gone, too large or no text. What is open and unsaved counts. */
export async function readItem(uri: vscode.Uri, kind: ContextItem['kind']): Promise<ContextItem | undefined> {
  if (!(await mayReadTarget(uri))) return undefined;
  const open = vscode.workspace.textDocuments.find(document => document.uri.toString() === uri.toString());
  const text = open?.getText() ?? (await readText(uri));
  if (text === undefined || text.includes('\0')) return undefined;
  const languageId = open?.languageId ?? languageOfFile(uri.path);
  return { kind, path: shownFile(uri), languageId, text: unixNewlines(text.slice(0, MAX_CHARS)), firstLine: 1 };
}

async function readText(uri: vscode.Uri): Promise<string | undefined> {
  try {
    if ((await vscode.workspace.fs.stat(uri)).size > MAX_FILE_BYTES) return undefined;
    return new TextDecoder('utf-8', { fatal: true }).decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    return undefined;
  }
}

/** In a workspace of several folders the first part of a path is a folder's name. */
function candidates(path: string): vscode.Uri[] {
  const parts = path.split('/').filter(part => part !== '' && part !== '.');
  // Only what lies in the workspace can be named.
  if (parts.length === 0 || parts.includes('..')) return [];
  const folders = vscode.workspace.workspaceFolders ?? [];
  return [
    ...folders
      .filter(({ name }) => folders.length > 1 && name === parts[0])
      .map(({ uri }) => vscode.Uri.joinPath(uri, ...parts.slice(1))),
    ...folders.map(({ uri }) => vscode.Uri.joinPath(uri, ...parts)),
  ];
}

async function listWorkspace(): Promise<List> {
  const uris = vscode.workspace.isTrusted ? await listedFiles() : await foundFiles();
  return { paths: uris.filter(mayRead).slice(0, MAX_LISTED).map(shownFile), atMs: Date.now() };
}

async function listedFiles(): Promise<vscode.Uri[]> {
  const folders = workspaceFolders();
  if (folders.length === 0) return foundFiles();
  const files = await listFiles(folders, undefined, new AbortController().signal);
  return files.map(({ path }) => vscode.Uri.file(path));
}

/** Where git is not to be asked: a workspace that is not trusted, or not on this machine's disk. */
async function foundFiles(): Promise<vscode.Uri[]> {
  return vscode.workspace.findFiles('**/*', '**/{node_modules,.git}/**', MAX_LISTED);
}
