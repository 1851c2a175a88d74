/** What went wrong, in the window's language where the sentence is known, for people; logs stay in English. */
import * as vscode from 'vscode';
import { sentenceOf } from '../core/errors';
import { type Sentence, told } from '../core/sentence';

export function localMessageOf(error: unknown): string {
  return localText(sentenceOf(error));
}

export function localText(text: Sentence | string): string {
  return told(text, template => vscode.l10n.t(template));
}
