/** Numbers and names of the settings panel as people read them. */
import type { ModuleOrigin, ScopeKind, SettingView } from '../../protocol/pages/settingsState';
import { t } from '../page';

const language = document.documentElement.lang || undefined;

export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** A strength, or any number of a slider: always two digits, so that nothing jumps while it moves. */
export function fixed(value: number): string {
  return new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
}

export function size(bytes: number): string {
  if (bytes < 1e5) return t('{0} kB', number(Math.ceil(bytes / 1e3)));
  return bytes < 1e9 ? t('{0} MB', number(bytes / 1e6, 1)) : t('{0} GB', number(bytes / 1e9, 1));
}

export function memory(bytes: number): string {
  return t('{0} MiB', number(bytes / 2 ** 20));
}

export function origin(of: ModuleOrigin, extension?: string): string {
  if (extension !== undefined) return t('From the extension {0}', extension);
  switch (of) {
    case 'shipped':
      return t('Ships with Residual');
    case 'personal':
      return t('Added by you');
    case 'team':
      return t('Shared by this workspace');
    case 'workspace':
      return t('Built from this workspace');
  }
}

/** Where a value is written. */
export function scopeName(kind: ScopeKind): string {
  switch (kind) {
    case 'user':
      return t('User settings');
    case 'workspace':
      return t('Workspace settings');
    case 'folder':
      return t('Folder settings');
  }
}

/** Where a value comes from, in words. */
export function sourceText({ source, isSetHere, isLocked, overriddenIn }: SettingView<unknown>): string {
  if (isLocked) return t('Belongs to this machine: change it under User');
  if (overriddenIn !== undefined) return t('Overridden in {0}', scopeName(overriddenIn));
  if (isSetHere) return t('Set here');
  return source === 'default' ? t('Default') : t('From {0}', scopeName(source));
}
