/** Asking a person for a module's strength. */
import * as vscode from 'vscode';
import type { ModuleSetting } from '../../host/modules/moduleChoice';

/** The greatest that settings take. */
const MOST = 4;

/**
 * @param measured the strength measured to be best, where one was.
 * @returns the setting with the strength that was entered; undefined when the person turned away.
 */
export async function askStrength(
  setting: ModuleSetting,
  title: string,
  measured: number | undefined,
): Promise<ModuleSetting | undefined> {
  const entered = await vscode.window.showInputBox({
    title: vscode.l10n.t('Strength of {0}', title),
    prompt:
      measured === undefined
        ? vscode.l10n.t('0 is the proposal alone.')
        : vscode.l10n.t('0 is the proposal alone; {0} was measured to be best. Empty for that.', measured),
    value: String(setting.strength ?? measured ?? ''),
    validateInput: value => (isStrength(value.trim()) ? undefined : vscode.l10n.t('A number from 0 to 4, or nothing.')),
  });
  if (entered === undefined) return undefined;
  const { strength: _, ...rest } = setting;
  return entered.trim() === '' ? rest : { ...rest, strength: Number(entered) };
}

function isStrength(text: string): boolean {
  const strength = Number(text);
  return text === '' || (Number.isFinite(strength) && strength >= 0 && strength <= MOST);
}
