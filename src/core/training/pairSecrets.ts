/** Takes secrets out of a place in code and what was written there, before either is kept or trained on. */
import type { CompletionText } from '../fim';
import type { Extent } from './privateKeys';
import { type SecretCounts, secretsIn, withoutSecrets } from './secrets';

/**
 * @param written what may stand at the cursor
 * @param count hears what was found
 * @returns the text without the lines that hold secrets; undefined where one stands in what was written, or around it.
 */
export function withoutSecretsAround(
  text: CompletionText,
  written: readonly string[],
  count: (found: SecretCounts) => void = () => {},
): CompletionText | undefined {
  const clean = (part: string, extent: Extent) => {
    const redacted = withoutSecrets(part, extent);
    count(redacted.nSecrets);
    return redacted.text;
  };
  const { prefix, lineRest, suffix } = text;
  const lineStart = prefix.lastIndexOf('\n') + 1;
  // What stands right of the cursor may be what makes a secret of it, or a secret of its own.
  if (clean(lineRest, 'whole') !== lineRest) return undefined;
  for (const one of ['', ...written]) {
    for (const line of [one, one + lineRest]) {
      // A secret may begin far above the cursor and end below it.
      const lineEnd = prefix.length + line.length;
      const touches = secretsIn(`${prefix}${line}\n${suffix}`, 'part').filter(
        ({ start, end }) => start <= lineEnd && end > lineStart,
      );
      if (touches.length === 0) continue;
      const found = { keys: 0, tokens: 0, addresses: 0 };
      for (const { kind } of touches) found[kind]++;
      count(found);
      return undefined;
    }
  }
  return {
    path: text.path,
    prefix: clean(prefix.slice(0, lineStart), 'part') + prefix.slice(lineStart),
    lineRest,
    suffix: clean(suffix, 'part'),
    neighbours: text.neighbours.map(chunk => ({ path: chunk.path, text: clean(chunk.text, 'part') })),
  };
}
