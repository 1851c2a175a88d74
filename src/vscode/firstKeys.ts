/**
 * The first keys in a new editor. VS Code listens to keys for ghost text only once its window has been idle, up to five
 * seconds after an editor was opened (its `InlineCompletionsController` is instantiated `Eventually`): what a person
 * types before, while a window starts, asks nobody. It is asked about once, as that typing would have.
 */
import * as vscode from 'vscode';

/** VS Code asks 50 ms after a key; who hears nothing for this long is not going to. */
const SILENCE_MS = 250;

export class FirstKeys implements vscode.Disposable {
  /** Documents whose keys VS Code is known to listen to, or was made to. */
  private readonly heard = new WeakSet<vscode.TextDocument>();
  private timer: NodeJS.Timeout | undefined;
  private readonly subscription = vscode.workspace.onDidChangeTextDocument(event => this.onChange(event));

  /** To be called whenever VS Code asks for completions in a document. */
  onAsked(document: vscode.TextDocument): void {
    this.heard.add(document);
  }

  dispose(): void {
    this.subscription.dispose();
    clearTimeout(this.timer);
  }

  private onChange({ document, contentChanges, reason }: vscode.TextDocumentChangeEvent): void {
    if (this.heard.has(document) || reason !== undefined) return;
    if (contentChanges.length !== 1 || contentChanges[0].text === '') return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.askAbout(document), SILENCE_MS);
  }

  private askAbout(document: vscode.TextDocument): void {
    if (this.heard.has(document) || vscode.window.activeTextEditor?.document !== document) return;
    if (vscode.workspace.getConfiguration('editor', document).get('inlineSuggest.enabled') === false) return;
    this.heard.add(document);
    // A VS Code that knows no such argument may refuse it: then the next key is answered, as before.
    vscode.commands
      .executeCommand('editor.action.inlineSuggest.trigger', { explicit: false })
      .then(undefined, () => {});
  }
}
