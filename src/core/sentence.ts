/** What is said to a person, its values kept apart, so that a surface can say it in another language. */

export interface Sentence {
  /** In English, with `{0}`, `{1}`, … where the values go. */
  readonly template: string;
  readonly values: readonly (string | Sentence)[];
}

/** Tag of a template literal: say`There is no module "${id}".` */
export function say(parts: TemplateStringsArray, ...values: readonly (string | number | Sentence)[]): Sentence {
  return {
    template: parts.map((part, i) => (i < values.length ? `${part}{${i}}` : part)).join(''),
    values: values.map(value => (typeof value === 'number' ? String(value) : value)),
  };
}

/**
 * @param translate gives a template in another language, or itself.
 * @returns the whole text, sentences within sentences included.
 */
export function spoken({ template, values }: Sentence, translate: (template: string) => string = t => t): string {
  return translate(template).replace(/\{(\d+)\}/g, (placeholder, index) => {
    const value = values[Number(index)];
    if (value === undefined) return placeholder;
    return typeof value === 'string' ? value : spoken(value, translate);
  });
}

/** A text as it is, or a sentence said. */
export function told(value: Sentence | string, translate?: (template: string) => string): string {
  return typeof value === 'string' ? value : spoken(value, translate);
}

/** @returns undefined for what is no sentence; never throws. */
export function parseSentence(value: unknown): Sentence | undefined {
  const { template, values } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof template !== 'string' || !Array.isArray(values)) return undefined;
  const parsed = values.map(each => (typeof each === 'string' ? each : parseSentence(each)));
  return parsed.every((each): each is string | Sentence => each !== undefined)
    ? { template, values: parsed }
    : undefined;
}
