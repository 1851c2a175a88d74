/** Answers cursors as the product would: the completer's request, the engine, tidying. */
import type { CompletionText } from '../core/fim';
import { lineProbability, remember } from '../core/remembered';
import { tidy } from '../core/tidy';
import { requestOf } from '../host/completer';
import type { Choice, ModuleSetting } from '../host/modules/moduleChoice';
import type { Completion } from '../protocol/messages';
import type { CliEngine } from './engine';
import type { Cursor, Outcome } from './evalMetrics';

/** As `residual.contextTokens` has it. */
export const CONTEXT_TOKENS = 768;

/** Where a line is completed: its rest was taken away. */
export type Spot = Pick<Cursor, 'path' | 'prefix' | 'suffix'>;

export interface Answer extends Outcome {
  /** What the models wrote, before it is tidied; absent where they wrote nothing. */
  readonly completion?: Completion;
}

export async function answerAll(engine: CliEngine, choice: Choice, cursors: readonly Cursor[]): Promise<Outcome[]> {
  await engine.warm(choice);
  const outcomes: Outcome[] = [];
  for (const cursor of cursors) {
    const { shown, probability, elapsedMs } = await answerOne(engine, choice, cursor, CONTEXT_TOKENS);
    outcomes.push({ shown, probability, elapsedMs });
  }
  return outcomes;
}

export async function answerOne(
  engine: Pick<CliEngine, 'complete'>,
  choice: Choice,
  spot: Spot,
  contextTokens: number,
): Promise<Answer> {
  const text = textOf(spot);
  const startMs = performance.now();
  const result = await engine.complete(requestOf({ text, choice, contextTokens, nCompletions: 1 }));
  const elapsedMs = performance.now() - startMs;
  const [completion] = result.completions;
  if (completion === undefined) return { shown: '', probability: 0, elapsedMs };
  const shown = tidy(completion.text, text)?.text ?? '';
  const probability = lineProbability(remember(completion.text, completion.tokens));
  return { shown, probability, elapsedMs, completion };
}

function textOf(spot: Spot): CompletionText {
  return {
    path: spot.path.split('/').slice(-3).join('/'),
    prefix: spot.prefix,
    lineRest: '',
    suffix: spot.suffix.replace(/^\n/, ''),
    neighbours: [],
  };
}

/** `A+B:0.3` is two modules composed. */
export function parseModules(argument: string): ModuleSetting[] {
  return argument.split('+').map(part => {
    const [id, strength] = part.split(':');
    return strength === undefined ? { id } : { id, strength: Number(strength) };
  });
}
