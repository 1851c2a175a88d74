/** Tokens as people read them. */
import { t } from '../page';

/** White space that can be seen, for a label. */
export function visible(text: string): string {
  if (text === '') return t('end');
  return text
    .replaceAll('\n', '↵')
    .replaceAll('\t', '⇥')
    .replace(/^ +| +$/g, spaces => '·'.repeat(spaces.length));
}

/** Line breaks that can be seen and still break the line. */
export function broken(text: string): string {
  return text.replaceAll('\n', '↵\n');
}

/** `a, b and c` in the window's language. */
export function list(texts: readonly string[]): string {
  return new Intl.ListFormat(document.documentElement.lang || 'en').format(texts);
}

export function badge(module: number): string {
  return module < 9 ? String.fromCodePoint(0x2460 + module) : `(${module + 1})`;
}
