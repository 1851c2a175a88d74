/**
 * Collects chunks of code around what a person does: files they left, places they edited, text they copied, files that
 * are open or imported. The choice for a document is made in the background and kept for a while: neighbours stand at
 * the front of the prompt, so that every change of theirs costs the whole KV cache.
 */
import * as vscode from 'vscode';
import { CHUNK_LINES, ChunkRing, chooseChunks, windowsOf } from '../core/chunks';
import type { TextChunk } from '../core/fim';
import { isReadable, mayReadTarget } from './admission';
import { shownPath, unixNewlines } from './documentText';

/** Characters of all neighbours together; the prompt takes what fits its budget. */
const BUDGET_CHARS = 3000;
/** The choice is made anew at most this often while one document is written. */
const KEEP_MS = 30_000;
/** A longer chunk, as of a file without line ends, never fits the budget. */
const MAX_CHUNK_CHARS = BUDGET_CHARS;
/** Larger files are data rather than code, and slow to cut up. */
const MAX_FILE_CHARS = 200_000;
/** Text before the cursor, and at a file's head, that is looked at. */
const MAX_LOOKED_AT_CHARS = 20_000;
const MAX_OPEN_FILES = 12;
const MAX_IMPORTS = 6;

interface Chosen {
  readonly chunks: readonly TextChunk[];
  readonly atMs: number;
}

export class Neighbours implements vscode.Disposable {
  private readonly ring = new ChunkRing();
  private readonly chosen = new Map<string, Chosen>();
  private readonly disposable: vscode.Disposable;
  private left: vscode.TextEditor | undefined;
  private lastEdit: { document: vscode.TextDocument; line: number } | undefined;

  constructor() {
    this.left = vscode.window.activeTextEditor;
    this.disposable = vscode.Disposable.from(
      vscode.window.onDidChangeActiveTextEditor(editor => {
        if (this.left !== undefined) this.remember(this.left.document, this.left.selection.active.line);
        this.left = editor;
        if (editor !== undefined) this.chosen.delete(editor.document.uri.toString());
      }),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        const line = contentChanges[0]?.range.start.line;
        if (line === undefined) return;
        const last = this.lastEdit;
        const isFar = last !== undefined && (last.document !== document || Math.abs(last.line - line) > CHUNK_LINES);
        if (isFar) this.remember(last.document, last.line);
        this.lastEdit = { document, line };
      }),
      vscode.workspace.onDidCloseTextDocument(document => this.chosen.delete(document.uri.toString())),
      vscode.languages.registerDocumentPasteEditProvider(
        '*',
        new CopyWatcher((document, range) => this.rememberRange(document, range)),
        {
          copyMimeTypes: ['text/plain'],
          providedPasteEditKinds: [],
        },
      ),
    );
  }

  /** The neighbours to show now; a better choice may follow in the background. */
  for(document: vscode.TextDocument, position: vscode.Position): readonly TextChunk[] {
    const key = document.uri.toString();
    const known = this.chosen.get(key);
    const nowMs = Date.now();
    if (known !== undefined && nowMs - known.atMs < KEEP_MS) return known.chunks;
    // Said before the work is done, so that the keys meanwhile do not start it again.
    this.chosen.set(key, { chunks: known?.chunks ?? [], atMs: nowMs });
    void this.choose(document, position).then(chunks => this.chosen.set(key, { chunks, atMs: nowMs }));
    return known?.chunks ?? [];
  }

  dispose(): void {
    this.disposable.dispose();
  }

  private async choose(document: vscode.TextDocument, position: vscode.Position): Promise<TextChunk[]> {
    const before = unixNewlines(
      document
        .getText(new vscode.Range(new vscode.Position(Math.max(0, position.line - 60), 0), position))
        .slice(-MAX_LOOKED_AT_CHARS),
    );
    const open = vscode.workspace.textDocuments
      .filter(other => other !== document && other.languageId === document.languageId && isReadable(other))
      .slice(-MAX_OPEN_FILES);
    const imported = await importedFiles(document);
    const candidates = [
      ...this.ring.all(),
      ...open.flatMap(other => windowsIn(other.uri, other.getText())),
      ...imported.flatMap(({ uri, text }) => windowsIn(uri, text)),
    ];
    return chooseChunks(candidates, shownPath(document.uri), before, BUDGET_CHARS);
  }

  private remember(document: vscode.TextDocument, line: number): void {
    const first = Math.max(0, line - CHUNK_LINES / 2);
    this.rememberRange(document, new vscode.Range(first, 0, first + CHUNK_LINES, 0));
  }

  private rememberRange(document: vscode.TextDocument, range: vscode.Range): void {
    if (document.isClosed || !isReadable(document)) return;
    const text = unixNewlines(document.getText(document.validateRange(range))).trimEnd();
    if (text.length <= MAX_CHUNK_CHARS) this.ring.add({ path: shownPath(document.uri), text });
  }
}

/** Copying is only heard of by those who could change what is pasted; this one never does. */
class CopyWatcher implements vscode.DocumentPasteEditProvider {
  constructor(private readonly onCopy: (document: vscode.TextDocument, range: vscode.Range) => void) {}

  prepareDocumentPaste(document: vscode.TextDocument, ranges: readonly vscode.Range[]): void {
    for (const range of ranges) {
      const nLines = range.end.line - range.start.line + 1;
      if (nLines > 1 && nLines <= 2 * CHUNK_LINES) this.onCopy(document, range);
    }
  }

  provideDocumentPasteEdits(): undefined {
    return undefined;
  }
}

/** @returns nothing for data: a huge file, or one that is no text. */
function windowsIn(uri: vscode.Uri, text: string): TextChunk[] {
  if (text.length > MAX_FILE_CHARS || text.includes('\0')) return [];
  return windowsOf(shownPath(uri), unixNewlines(text)).filter(window => window.text.length <= MAX_CHUNK_CHARS);
}

/** Files that a TypeScript, JavaScript or Python document imports by a relative path, as far as they are found. */
async function importedFiles(document: vscode.TextDocument): Promise<{ uri: vscode.Uri; text: string }[]> {
  const head = document.getText(new vscode.Range(0, 0, 120, 0)).slice(0, MAX_LOOKED_AT_CHARS);
  const specifiers = [...head.matchAll(/(?:from|require\(|import)\s*['"](\.{1,2}\/[^'"\n]+)['"]/g)].map(m => m[1]);
  const found: { uri: vscode.Uri; text: string }[] = [];
  for (const specifier of new Set(specifiers)) {
    if (found.length === MAX_IMPORTS) break;
    const file = await readFirst(vscode.Uri.joinPath(document.uri, '..', specifier.replace(/\.[cm]?js$/, '')));
    if (file !== undefined) found.push(file);
  }
  return found;
}

async function readFirst(base: vscode.Uri): Promise<{ uri: vscode.Uri; text: string } | undefined> {
  for (const ending of ['.ts', '.tsx', '/index.ts', '.js', '.jsx', '.mjs', '/index.js', '']) {
    const uri = base.with({ path: base.path + ending });
    try {
      const { type, size } = await vscode.workspace.fs.stat(uri);
      if (type !== vscode.FileType.File || size > MAX_FILE_CHARS || !(await mayReadTarget(uri))) continue;
      return { uri, text: new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)) };
    } catch {
      // not this one
    }
  }
  return undefined;
}
