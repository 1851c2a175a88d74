/** Text from files that anybody may have made, where VS Code would read more than text in it: links and icons. */

/** For messages: VS Code makes links of `[…](command:…)` in them, and runs what they name. */
export function plainMessage(text: string): string {
  return text.replaceAll('](', '] (');
}

/** For labels of quick picks and of the status bar: VS Code makes icons of `$(…)` in them. */
export function plainLabel(text: string): string {
  return text.replaceAll('$(', '\\$(');
}
