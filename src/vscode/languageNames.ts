/** Languages by the names that VS Code shows them with. */
import * as vscode from 'vscode';

let names: ReadonlyMap<string, string> | undefined;
let endings: ReadonlyMap<string, string> | undefined;
vscode.extensions.onDidChange(() => {
  names = undefined;
  endings = undefined;
});

/** A language's name as VS Code shows it; its id when none is known. */
export function languageName(languageId: string): string {
  names ??= namesOfExtensions();
  return names.get(languageId) ?? languageId;
}

/** The name of the language that a file with this name is of; undefined when none is known. Reads no file. */
export function languageOfFile(file: string): string | undefined {
  endings ??= endingsOfExtensions();
  const name = file.slice(file.lastIndexOf('/') + 1).toLowerCase();
  const known = endings;
  const candidates = [name, ...[...name].flatMap((char, at) => (char === '.' ? [name.slice(at)] : []))];
  const id = candidates.map(candidate => known.get(candidate)).find(Boolean);
  return id === undefined ? undefined : languageName(id);
}

/** Language ids by whole names and by endings with their dot, in lower case. */
function endingsOfExtensions(): Map<string, string> {
  const found = new Map<string, string>();
  for (const { packageJSON } of vscode.extensions.all) {
    const languages: readonly LanguageContribution[] = packageJSON.contributes?.languages ?? [];
    for (const { id, extensions = [], filenames = [] } of languages) {
      for (const name of [...extensions, ...filenames])
        if (id !== undefined && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), id);
    }
  }
  return found;
}

interface LanguageContribution {
  readonly id?: string;
  readonly extensions?: readonly string[];
  readonly filenames?: readonly string[];
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
