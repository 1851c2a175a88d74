/** Preference pairs: what is left of one without secrets, and what it is as two rows. */
import { buildPrompt, type FimOrder } from '../core/fim';
import type { Tokenizer } from '../core/model';
import { withoutSecretsAround } from '../core/training/pairSecrets';
import { responseRow, type TrainingRow } from '../core/training/rows';
import type { Split } from '../core/training/splitFiles';
import type { PreferencePair } from '../protocol/training';

export interface PairRows {
  readonly chosen: TrainingRow;
  readonly rejected: TrainingRow;
  /** `choose` and `report` are never trained on: one decides, the other tells whether the preference was learned. */
  readonly split: Split;
}

/** Responses are cut to this share of a row, so that the prompt says something. */
const MOST_RESPONSE = 0.4;
/** Of so many pairs one is held out, and of many no more than is needed to judge. */
const HELD_OUT_OF = 5;
const MOST_HELD_OUT = 24;

/**
 * @param nSecrets counts what was found
 * @returns undefined where a secret stands in what was completed, or nothing distinguishes the two.
 */
export function withoutSecretsInPair(
  pair: PreferencePair,
  nSecrets: { keys: number; tokens: number; addresses: number },
): PreferencePair | undefined {
  const { chosen, rejected } = pair;
  if (chosen === rejected) return undefined;
  const text = withoutSecretsAround(pair.text, [chosen, rejected], found => {
    for (const kind of ['keys', 'tokens', 'addresses'] as const) nSecrets[kind] += found[kind];
  });
  return text && { text, chosen, rejected };
}

/**
 * Each pair as two rows of `length` tokens with one prompt, as served: what the prompt was backed up by belongs to both
 * responses, which end with the end token.
 */
export function rowsOfPairs(
  pairs: readonly PreferencePair[],
  tokenizer: Tokenizer,
  order: FimOrder,
  length: number,
): PairRows[] {
  const mostResponse = Math.floor(length * MOST_RESPONSE);
  const splits = splitPairs(pairs);
  return pairs.map((pair, i) => {
    const prompt = buildPrompt(pair.text, tokenizer, order, length - mostResponse);
    const owed = new TextDecoder().decode(prompt.owed);
    // A small budget may be overdrawn by a long path.
    const shown = prompt.tokens.slice(Math.max(0, prompt.tokens.length - (length - mostResponse)));
    const row = (written: string) => {
      const response = tokenizer.encode(owed + written.replace(/\r\n?/g, '\n'));
      const whole = [...response.slice(0, mostResponse - 1), tokenizer.special.endoftext];
      return responseRow(shown, whole, length);
    };
    return {
      chosen: row(pair.chosen),
      rejected: row(pair.rejected),
      split: splits[i],
    };
  });
}

/** The same answer given again in the same file tells nothing new: it stays on one side. */
function splitPairs(pairs: readonly PreferencePair[]): Split[] {
  const every = Math.max(HELD_OUT_OF, Math.ceil(pairs.length / MOST_HELD_OUT));
  const sides = new Map<string, Split>();
  let nHeldOut = 0;
  return pairs.map(({ text, chosen, rejected }) => {
    const answer = JSON.stringify([text.path, chosen, rejected]);
    let side = sides.get(answer);
    if (side === undefined) {
      const isHeldOut = sides.size % every === every - 1;
      side = !isHeldOut ? 'train' : nHeldOut++ % 2 === 0 ? 'report' : 'choose';
      sides.set(answer, side);
    }
    return side;
  });
}
