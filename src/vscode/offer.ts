/** Messages with buttons. */

/** A message whose buttons do what they say. */
export async function offer(
  show: (message: string, ...actions: string[]) => Thenable<string | undefined>,
  message: string,
  actions: Readonly<Record<string, () => unknown>>,
): Promise<void> {
  const chosen = await show(message, ...Object.keys(actions));
  if (chosen !== undefined) await actions[chosen]();
}
