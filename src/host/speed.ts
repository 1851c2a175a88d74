/** How fast this machine completes: from recent answers, or measured when somebody wants to know. Knows no editor. */
import type { CompleteRequest, CompleteResult } from '../protocol/messages';
import type { SpeedView } from '../protocol/pages/settingsState';
import type { CompletionEngine } from './completer';
import type { Choice } from './modules/moduleChoice';

/** Answers that are remembered for each pair of models. */
const N_RECENT = 40;
/** With fewer tokens, a prefill mostly measures what a request costs anyway. */
const LEAST_PREFILL = 48;
const N_MEASURED = 3;
const MEASURED_TOKENS = 32;

type Models = Pick<CompleteRequest, 'proposal' | 'modules'>;

interface Sample {
  readonly nPrefilled: number;
  readonly prefillMs: number;
  readonly nTokens: number;
  readonly decodeMs: number;
}

export class Speed {
  readonly #samples = new Map<string, Sample[]>();
  #nMeasured = 0;

  /** Remembers how long an answer took, and passes it on. */
  add(request: Models, result: CompleteResult): CompleteResult {
    // Several completions share one prefill and begin anew in between: they tell nothing of a single one.
    if (result.completions.length !== 1) return result;
    const key = keyOf(request.proposal.dir, weighingIds(request));
    const samples = this.#samples.get(key) ?? [];
    this.#samples.set(key, samples);
    samples.push({
      nPrefilled: result.nPrefilled,
      prefillMs: result.timesMs.prefill,
      nTokens: result.completions[0].tokens.length,
      decodeMs: result.timesMs.decode,
    });
    if (samples.length > N_RECENT) samples.shift();
    return result;
  }

  /** @param ids of the modules that weigh in; none for the proposal alone. */
  of(proposalDir: string, ids: readonly string[]): SpeedView | undefined {
    const samples = this.#samples.get(keyOf(proposalDir, ids));
    if (samples === undefined) return undefined;
    const prefills = samples.filter(({ nPrefilled }) => nPrefilled >= LEAST_PREFILL);
    const prefillMs = sum(prefills, ({ prefillMs: ms }) => ms);
    const nTokens = sum(samples, sample => sample.nTokens);
    return {
      nAnswers: samples.length,
      ...(prefillMs > 0 && { prefillTokensPerS: (1000 * sum(prefills, sample => sample.nPrefilled)) / prefillMs }),
      ...(nTokens > 0 && { decodeMsPerToken: sum(samples, ({ decodeMs }) => decodeMs) / nTokens }),
    };
  }

  /**
   * Completes made-up text a few times. What was measured before of these models is forgotten.
   * @throws AbortError, EngineGone, UserError
   */
  async measure(engine: CompletionEngine, choice: Choice, contextTokens: number, signal: AbortSignal): Promise<void> {
    const models = { proposal: choice.proposal, modules: choice.modules };
    const results: CompleteResult[] = [];
    for (let i = 0; i <= N_MEASURED; i++)
      results.push(await engine.complete(this.#request(models, contextTokens), () => {}, signal));
    this.#samples.delete(keyOf(choice.proposal.dir, weighingIds(models)));
    // The first one warms up what is slow once.
    for (const result of results.slice(1)) this.add(models, result);
  }

  /** Text that no cache knows, as long as the models are ever shown. */
  #request(models: Models, contextTokens: number): CompleteRequest {
    const k = ++this.#nMeasured;
    const line = (i: number) => `const value${k}x${i} = compute${k}(input[${i}], { depth: ${i % 7} });\n`;
    const prefix = Array.from({ length: Math.ceil(contextTokens / 16) }, (_, i) => line(i)).join('');
    return {
      ...models,
      text: { path: `src/measure${k}.ts`, prefix: `${prefix}const `, lineRest: '', suffix: '', neighbours: [] },
      sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 0, nCandidates: 8 },
      extent: 'block',
      maxTokens: MEASURED_TOKENS,
      contextTokens,
      nCompletions: 1,
      lane: 'preview',
    };
  }
}

function weighingIds({ modules }: Models): string[] {
  return modules.filter(({ strength }) => strength > 0).map(({ id }) => id);
}

/** Which modules weigh in matters for the time, their order does not. */
function keyOf(proposalDir: string, ids: readonly string[]): string {
  return JSON.stringify([proposalDir, [...ids].sort()]);
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
