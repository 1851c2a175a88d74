/**
 * Explains a suggestion by replaying the request that wrote it: a request names all it needs and a draw depends on seed
 * and position alone, so the same tokens come again, this time with reasons. Knows no editor.
 */
import type { CompleteRequest, CompleteResult, Completion, TokenReasons } from '../protocol/messages';
import type { WhyToken, WhyView } from '../protocol/pages/why';
import type { Latest } from './feedback/feedback';
import type { Suggestion } from './suggestion';

/** Listed per token by probability, before and after the alignment each. */
const N_CANDIDATES = 6;

export interface ExplainingEngine {
  complete(request: CompleteRequest, signal: AbortSignal): Promise<CompleteResult>;
}

/**
 * @param index which of what was offered side by side.
 * @throws AbortError, EngineGone, UserError
 */
export async function explain(
  { offer, state }: Latest,
  index: number,
  engine: ExplainingEngine,
  signal: AbortSignal,
): Promise<WhyView> {
  const suggestion = offer.answer.suggestions[index] ?? offer.answer.suggestions[0];
  const { origin } = suggestion;
  const request: CompleteRequest = { ...origin.request, lane: 'preview', explain: { nCandidates: N_CANDIDATES } };
  const modules = request.modules
    .map(({ id, strength }, i) => ({ id, strength, title: origin.titles[i] ?? id }))
    .filter(({ strength }) => strength !== 0);
  const { completions, rule } = await engine.complete(request, signal);
  const shown = origin.completions[suggestion.index];
  // A module that learns between the two may have come to fewer completions.
  const replayed = completions[suggestion.index] ?? completions[0];
  const differsAt = firstDifference(shown, replayed);
  const alone = modules.length === 0 ? undefined : await aloneOf(request, replayed, engine, signal);
  return {
    state,
    file: fileOf(offer.document),
    languageId: offer.languageId,
    proposal: request.proposal.id,
    modules,
    rule,
    choices: offer.texts.map(text => text.trim().split(/\r?\n/, 1)[0]),
    index: offer.answer.suggestions.indexOf(suggestion),
    tokens: tokensOf(replayed, suggestion, differsAt !== undefined),
    stop: replayed.stop,
    alone,
    differsAt,
  };
}

/** What the same request writes without modules, and how much of it is the same. */
async function aloneOf(
  { explain: _, ...request }: CompleteRequest,
  aligned: Completion,
  engine: ExplainingEngine,
  signal: AbortSignal,
): Promise<NonNullable<WhyView['alone']>> {
  const { completions } = await engine.complete({ ...request, modules: [], nCompletions: 1 }, signal);
  const { text } = completions[0];
  let nSame = 0;
  while (nSame < text.length && text[nSame] === aligned.text[nSame]) nSame++;
  return { text, nSame };
}

function firstDifference(shown: Completion, replayed: Completion): number | undefined {
  const n = Math.max(shown.tokens.length, replayed.tokens.length);
  for (let i = 0; i < n; i++) if (shown.tokens[i]?.id !== replayed.tokens[i]?.id) return i;
  return undefined;
}

function tokensOf(replayed: Completion, suggestion: Suggestion, isDifferent: boolean): WhyToken[] {
  const nTyped = isDifferent ? 0 : suggestion.nTyped;
  const end = isDifferent ? replayed.text.length : nTyped + nShownOf(replayed.text.slice(nTyped), suggestion.text);
  let start = 0;
  return replayed.tokens.map(({ id, text, p, aligned, why = NO_REASONS }) => {
    const from = start;
    start += text.length;
    const clamp = (at: number) => Math.max(0, Math.min(text.length, at - from));
    const owed = owedPart(why.candidates.find(candidate => candidate.id === id)?.text ?? text, text);
    const nBefore = owed.length;
    return { id, text: owed + text, nTyped: nBefore + clamp(nTyped), nShown: nBefore + clamp(end), p, aligned, why };
  });
}

/** What a token repeats of the text before the cursor: the prompt was backed up to the start of a word. */
function owedPart(whole: string, written: string): string {
  const isPart = whole.length > written.length && whole.endsWith(written) && !whole.includes('\ufffd');
  return isPart ? whole.slice(0, whole.length - written.length) : '';
}

const NO_REASONS: TokenReasons = { nNucleus: 0, lambdas: [], candidates: [], alone: undefined, changedBy: [] };

/**
 * How many characters of what was written are in what is shown of it: tidying cuts the end off and sets white space
 * right, and changes nothing else.
 */
export function nShownOf(written: string, shown: string): number {
  let at = 0;
  let end = 0;
  for (const char of shown) {
    if (/\s/.test(char)) continue;
    while (at < written.length && /\s/.test(written[at])) at++;
    if (!written.startsWith(char, at)) break;
    at += char.length;
    end = at;
  }
  return end;
}

function fileOf(document: string): string {
  const path = document.replace(/[?#].*$/, '');
  const name = path.slice(path.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
