/** Answers cursors as the product would: the completer's request, the engine, tidying. */
import type { CompletionText } from '../core/fim';
import { lineProbability, remember } from '../core/remembered';
import { tidy } from '../core/tidy';
import { requestOf } from '../host/completer';
import type { Choice, ModuleSetting } from '../host/modules/moduleChoice';
import type { CliEngine } from './engine';
import type { Cursor, Outcome } from './evalMetrics';

export async function answerAll(engine: CliEngine, choice: Choice, cursors: readonly Cursor[]): Promise<Outcome[]> {
  await engine.warm(choice);
  const outcomes: Outcome[] = [];
  for (const cursor of cursors) {
    const text = textOf(cursor);
    const startMs = performance.now();
    const result = await engine.complete(requestOf({ text, choice, contextTokens: 768, nCompletions: 1 }));
    const elapsedMs = performance.now() - startMs;
    const [completion] = result.completions;
    const shown = completion && tidy(completion.text, text);
    const probability = completion === undefined ? 0 : lineProbability(remember(completion.text, completion.tokens));
    outcomes.push({ shown: shown?.text ?? '', probability, elapsedMs });
  }
  return outcomes;
}

function textOf(cursor: Cursor): CompletionText {
  return {
    path: cursor.path.split('/').slice(-3).join('/'),
    prefix: cursor.prefix,
    lineRest: '',
    suffix: cursor.suffix.replace(/^\n/, ''),
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
