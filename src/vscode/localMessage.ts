/** What went wrong, in the window's language where the sentence is known, for people; logs stay in English. */
import * as vscode from 'vscode';
import { messageOf, UserError } from '../core/errors';
import { spoken } from '../core/sentence';

export function localMessageOf(error: unknown): string {
  if (!(error instanceof UserError)) return messageOf(error);
  return spoken(error.sentence, template => vscode.l10n.t(template));
}
