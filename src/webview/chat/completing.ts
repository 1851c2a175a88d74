/** What is being completed in a question: a slash command at its start, or a file behind an `@`. Knows no page. */

export interface Completing {
  readonly kind: 'command' | 'context';
  /** Range of the text that a choice replaces: from the slash or the `@` to the cursor. */
  readonly from: number;
  readonly to: number;
  /** What was typed behind the slash or the `@`. */
  readonly query: string;
}

/** @param caret in UTF-16 units; a selection completes nothing and is not asked for. */
export function completingAt(text: string, caret: number): Completing | undefined {
  const before = text.slice(0, caret);
  const command = /^\s*\/([a-z]*)$/.exec(before);
  if (command !== null) return { kind: 'command', from: before.indexOf('/'), to: caret, query: command[1] };
  const context = /(?:^|[\s(])@([^\s@]*)$/.exec(before);
  if (context === null) return undefined;
  return { kind: 'context', from: caret - context[1].length - 1, to: caret, query: context[1] };
}

/** The text with the choice in place of what was typed, and where the cursor then stands. */
export function completed(text: string, { from, to }: Completing, choice: string): { text: string; caret: number } {
  const rest = text.slice(to);
  const gap = /^\s/.test(rest) ? '' : ' ';
  return { text: text.slice(0, from) + choice + gap + rest, caret: from + choice.length + 1 };
}
