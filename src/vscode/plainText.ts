/** Text from files that anybody may have made, where VS Code would read more than text in it: links and icons. */

/** For messages: VS Code makes links of `[…](command:…)` in them, and runs what they name. */
export function plainMessage(text: string): string {
  return text.replaceAll('](', '] (');
}

/** For labels of quick picks and of the status bar: VS Code makes icons of `$(…)` in them. */
export function plainLabel(text: string): string {
  return text.replaceAll('$(', '\\$(');
}

/** For the status bar, which has room for little: what is longer ends in an ellipsis, at a whole character. */
export function shortLabel(text: string, most: number): string {
  const chars = [...text];
  return plainLabel(
    chars.length <= most
      ? text
      : `${chars
          .slice(0, most - 1)
          .join('')
          .trimEnd()}…`,
  );
}
