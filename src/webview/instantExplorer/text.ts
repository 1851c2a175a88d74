/** White space that can be seen. */
export function visible(text: string): string {
  return text
    .replaceAll('\n', '↵')
    .replaceAll('\t', '⇥')
    .replace(/^ +| +$/g, spaces => '·'.repeat(spaces.length));
}
