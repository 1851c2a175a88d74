/** What was written at one place, kept whole, so that other gates and other figures can be had without asking again. */
import { lineProbability, type Remembered, remember } from '../../core/remembered';
import type { Answer } from '../answer';
import type { Place } from './places';

export interface LineResult
  extends Pick<Place, 'id' | 'package' | 'path' | 'language' | 'kind' | 'truth' | 'isRepeated'> {
  /** What the models wrote, and what of it a person would have seen without a gate. */
  readonly written: string;
  readonly shown: string;
  /** What `residual.showGate` is compared with. */
  readonly probability: number;
  /** Text, probability under P alone, and in the distribution that was drawn from. The text begins behind the cursor. */
  readonly tokens: readonly (readonly [text: string, p: number, aligned: number])[];
  readonly stop: string;
  readonly elapsedMs: number;
}

export function lineResult(place: Place, { completion, shown, probability, elapsedMs }: Answer): LineResult {
  const { id, package: name, path, language, kind, truth, isRepeated } = place;
  return {
    ...{ id, package: name, path, language, kind, truth, isRepeated },
    written: completion?.text ?? '',
    shown,
    probability,
    tokens: completion?.tokens.map(({ text, p, aligned }) => [text, round(p), round(aligned)] as const) ?? [],
    stop: completion?.stop ?? 'nothing',
    elapsedMs: Math.round(elapsedMs),
  };
}

export type GateScore = (result: LineResult) => number;

/**
 * Scores that a gate could be set on, each in [0, 1], of the tokens of the first line, its end included: the product's own,
 * the joint probability under P alone over the whole vocabulary, its least sure token, and the geometric mean.
 */
export const GATE_SCORES: Readonly<Record<'product' | 'joint' | 'least' | 'mean', GateScore>> = {
  product: result => result.probability,
  joint: result => lineProbability(rememberedOf(result)),
  least: result => Math.min(...probsOf(result)),
  mean: result => Math.exp(Math.log(lineProbability(rememberedOf(result))) / Math.max(1, probsOf(result).length)),
};

/** Whether the first token with text behind the cursor begins as the author went on; its line's end counts as an end. */
export function isFirstTokenRight({ tokens, truth }: LineResult): boolean {
  const first = tokens.find(([text]) => text !== '')?.[0];
  if (first === undefined) return false;
  const [line, ...more] = first.split('\n');
  return more.length > 0 ? line.trimEnd() === truth : truth.startsWith(line);
}

function rememberedOf({ written, tokens }: LineResult): Remembered {
  return remember(
    written,
    tokens.map(([text, p]) => ({ text, aligned: p })),
  );
}

/** Of the tokens that the first line that is not blank is made of, its end included. */
function probsOf(result: LineResult): number[] {
  const { text, tokens } = rememberedOf(result);
  const nChars = /^\s*[^\n]*/.exec(text)![0].length;
  const probs = tokens.filter((_, i) => i === 0 || tokens[i - 1].end <= nChars).map(({ logp }) => Math.exp(logp));
  return probs.length === 0 ? [0] : probs;
}

function round(p: number): number {
  return Number(p.toPrecision(5));
}
