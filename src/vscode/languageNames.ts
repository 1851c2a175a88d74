/** Languages by the names that VS Code shows them with. */
import * as vscode from 'vscode';

let names: ReadonlyMap<string, string> | undefined;
vscode.extensions.onDidChange(() => {
  names = undefined;
});

/** A language's name as VS Code shows it; its id when none is known. */
export function languageName(languageId: string): string {
  names ??= namesOfExtensions();
  return names.get(languageId) ?? languageId;
}

function namesOfExtensions(): Map<string, string> {
  // The editor's own, which no extension brings.
  const found = new Map([
    ['plaintext', 'Plain Text'],
    ['scminput', vscode.l10n.t('Commit messages')],
  ]);
  for (const { packageJSON } of vscode.extensions.all) {
    const languages: readonly { id?: string; aliases?: readonly string[] }[] = packageJSON.contributes?.languages ?? [];
    for (const { id, aliases } of languages)
      if (id !== undefined && aliases?.[0] && !found.has(id)) found.set(id, aliases[0]);
  }
  return found;
}
