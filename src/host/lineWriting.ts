/** One line written to be looked at: on the preview lane, when nobody types. */
import type { CompletionText } from '../core/fim';
import { type Clock, type CompletionEngine, requestOf } from './completer';
import type { Choice } from './modules/moduleChoice';
import type { Quiet } from './quiet';

export interface LineEngine {
  readonly engine: CompletionEngine;
  readonly quiet: Quiet;
  readonly contextTokens: number;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * @returns what was written to the end of the line, and how long the engine took, waiting for a pause in typing not
 * included
 * @throws what the engine throws; AbortError
 */
export async function writeLine(
  { engine, quiet, contextTokens, clock }: LineEngine,
  choice: Choice,
  text: CompletionText,
  signal: AbortSignal,
): Promise<{ readonly written: string; readonly elapsedMs: number }> {
  const request = {
    ...requestOf({ choice, text, contextTokens, nCompletions: 1 }),
    extent: 'line' as const,
    lane: 'preview' as const,
  };
  return quiet.run(async s => {
    const startMs = clock.now();
    const { completions } = await engine.complete(request, () => {}, s);
    return { written: (completions[0]?.text ?? '').split('\n', 1)[0], elapsedMs: clock.now() - startMs };
  }, signal);
}
