/** Takes secrets out of a place in code and what was written there, before either is kept or trained on. */
import type { CompletionText } from '../fim';
import { type SecretCounts, withoutSecrets } from './secrets';

/**
 * @param written what may stand at the cursor
 * @param count hears what was found
 * @returns the text without the lines that hold secrets; undefined where one stands in what was written.
 */
export function withoutSecretsAround(
  text: CompletionText,
  written: readonly string[],
  count: (found: SecretCounts) => void = () => {},
): CompletionText | undefined {
  const clean = (part: string) => {
    const redacted = withoutSecrets(part);
    count(redacted.nSecrets);
    return redacted.text;
  };
  const lineStart = text.prefix.lastIndexOf('\n') + 1;
  const line = text.prefix.slice(lineStart);
  // What stands right of the cursor may be what makes a secret of it, or a secret of its own.
  const lines = ['', ...written].flatMap(one => [line + one, line + one + text.lineRest, text.lineRest]);
  if (lines.some(one => clean(one) !== one)) return undefined;
  return {
    path: text.path,
    prefix: clean(text.prefix.slice(0, lineStart)) + line,
    lineRest: text.lineRest,
    suffix: clean(text.suffix),
    neighbours: text.neighbours.map(chunk => ({ path: chunk.path, text: clean(chunk.text) })),
  };
}
