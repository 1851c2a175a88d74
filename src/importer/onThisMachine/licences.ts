/** What a licence is called, from a whole text of one or from a model card. */

const MOST_CHARS = 100;

/** First matches win. By words that stand in the texts themselves. */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/apache license\s*,?\s*version 2\.0/i, 'apache-2.0'],
  [/\bmit license\b|permission is hereby granted, free of charge/i, 'mit'],
  [/qwen research license/i, 'qwen-research'],
  [/(tongyi )?qianwen license|qwen license/i, 'qwen'],
  [/llama ([\d.]+) community license/i, 'llama$1'],
  [/gemma terms of use/i, 'gemma'],
  [/bigcode openrail/i, 'bigcode-openrail-m'],
  [/deepseek license|deepseek model license/i, 'deepseek'],
  [/mistral ai non-production/i, 'mnpl'],
];

/** @returns undefined for an empty text; the first line of one that is not known */
export function licenceOfText(text: string): string | undefined {
  for (const [pattern, name] of KNOWN) {
    const match = pattern.exec(text);
    if (match !== null) return name.replace('$1', match[1] ?? '');
  }
  return line(text.split('\n').find(each => each.trim() !== ''));
}

/** The front matter of a model card: `license: apache-2.0`, or a name of its own beside `license: other`. */
export function licenceOfCard(card: string): string | undefined {
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? '';
  const field = (name: string) => line(new RegExp(`^${name}:[ \\t]*["']?([^"'#\\r\\n]+)`, 'm').exec(front)?.[1]);
  const licence = field('license');
  return licence === 'other' ? (field('license_name') ?? licence) : licence;
}

/** One line without control characters, as long as a name may be. */
export function line(text: string | undefined): string | undefined {
  const plain = text
    ?.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, MOST_CHARS)
    .trim();
  return plain === '' ? undefined : plain;
}
