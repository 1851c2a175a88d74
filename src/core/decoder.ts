/**
 * The iterative token-level resampler: propose, align, reduce, one token at a time.
 * The order of operations per token is fixed: (mixture, where an aligner brings one: P′ takes P's place) → repetition
 * penalty on P → P's temperature → byte mask → nucleus → rule → temperature → draw.
 */
import type { ByteConstraint } from './byteConstraint';
import { argmax, Candidates, draw, nucleus, penaliseRepetitions, softmax, temperInPlace } from './distribution';
import { pushAll } from './lockstep';
import { mixInPlace } from './mixture';
import type { Sequence } from './model';
import type { Random } from './random';
import { SparseRow } from './row';
import { type Position, type RuleName, type Weighing, weigh } from './rules';

/** An aligner whose sequences stand at the same text as the proposal's. A strength of 0 is left out of the decoding. */
export interface AlignerSource {
  readonly rule: RuleName;
  readonly strength: number;
  readonly sequence: Sequence;
  /** The reference model Q0, for `ratio`. */
  readonly reference?: Sequence;
  /** λ in [0, 1) at the current position: how much of P′ comes from this aligner. Absent for P as it is. */
  readonly mixture?: () => number;
}

export interface DecodeParams {
  /** Temperature of P before the nucleus; 1 leaves P as it is. */
  readonly proposalTemperature: number;
  readonly topP: number;
  readonly repetitionPenalty: number;
  /** Temperature of the aligned distribution; 0 takes its maximum. */
  readonly temperature: number;
  readonly nCandidates: number;
  readonly endToken: number;
  readonly maxTokens: number;
  readonly random: Random;
  /** Tokens the repetition penalty looks at; grows with what is drawn. */
  readonly history: number[];
  /** Bytes the completion has to begin with (token healing). */
  readonly constraint?: ByteConstraint;
  /** Index into the aligned candidates, best first, that the first token is forced to: how distinct completions start. */
  readonly firstRank?: number;
}

/** What happened at one position. The arrays are reused: read them before asking for the next step. */
export interface TokenStep {
  readonly token: number;
  /** P(token) over the whole vocabulary at temperature 1, before penalty and mask. */
  readonly p: number;
  /** Probability in the distribution the token was drawn from; when greedy, in the aligned distribution at temperature 1. */
  readonly aligned: number;
  readonly candidates: Candidates;
  /** Aligned probability of each candidate. */
  readonly alignedProbs: Float64Array;
  /** What was scored, by token: log P (or P′) after penalty, temperature and byte mask, any constant off. */
  readonly pLogits: Float32Array;
  /** What each aligner added to the logit of each candidate, in the order of the aligners, those of strength 0 left out. */
  readonly terms: readonly Float64Array[];
}

/**
 * Decodes from sequences that stand at the prompt (`seekAll`). Only what P lists is looked at, and what an aligner that is
 * mixed in lists. The nucleus is that of P's whole distribution, of which it may hold less than `topP` where P lists less;
 * with another temperature of P than 1, or under a byte mask, it is that of the listed tokens alone. Yields each token before it is appended, so that a caller who has
 * seen enough pays for no further pass. Ends after `maxTokens`, after the end token, or where the byte constraint
 * leaves no token.
 * @throws AbortError when `signal` aborts.
 */
export async function* decode(
  proposal: Sequence,
  aligners: readonly AlignerSource[],
  params: DecodeParams,
  signal: AbortSignal,
): AsyncGenerator<TokenStep> {
  const active = aligners.filter(a => a.strength !== 0);
  const { vocabSize } = proposal.logps();
  const rawLogps = new SparseRow(vocabSize);
  const pLogits = new SparseRow(vocabSize);
  const scores = new Float64Array(vocabSize);
  const probs = new Float64Array(vocabSize);
  const terms = active.map(() => new Float64Array(vocabSize));
  const candidates = new Candidates(vocabSize);

  for (let position = 0; position < params.maxTokens; position++) {
    signal.throwIfAborted();
    rawLogps.copy(proposal.logps());
    let logShare = 0;
    for (const { sequence, mixture } of active) {
      if (mixture === undefined) continue;
      const lambda = mixture();
      mixInPlace(rawLogps, sequence.logps(), lambda);
      logShare += Math.log1p(-lambda);
    }
    pLogits.copy(rawLogps);
    penaliseRepetitions(pLogits, params.history, params.repetitionPenalty);
    temperInPlace(pLogits, params.proposalTemperature);
    const masked = params.constraint?.mask(pLogits) ?? false;
    const hasRest = params.proposalTemperature === 1 && !masked;
    nucleus(pLogits, params.topP, candidates, hasRest ? pLogits.logRest : -Infinity);
    if (candidates.n === 0) return;

    const at: Position = {
      rawLogps,
      ...(active.some(a => a.mixture) && { unmixed: { logps: proposal.logps(), logShare } }),
      pLogits: pLogits.values,
      masked,
      endToken: params.endToken,
      nCandidates: params.nCandidates,
      uniform: k => params.random.uniform(position, k),
    };
    weigh(at, active.map(weighing), candidates, scores, terms);

    softmax(scores, candidates.n, params.temperature === 0 ? 1 : params.temperature, probs);
    const index =
      position === 0 && params.firstRank !== undefined
        ? rank(probs, candidates.n, params.firstRank)
        : params.temperature === 0
          ? argmax(scores, candidates.n)
          : draw(probs, candidates.n, params.random.uniform(position, 0));
    if (index < 0) return;
    const token = candidates.ids[index];
    params.constraint?.consume(token);
    yield {
      token,
      p: Math.exp(proposal.logps().logp(token)),
      aligned: probs[index],
      candidates,
      alignedProbs: probs,
      pLogits: pLogits.values,
      terms,
    };

    if (token === params.endToken) return;
    params.history.push(token);
    if (position + 1 === params.maxTokens) return;
    await pushAll(proposal, active, token, params.constraint, signal);
  }
}

/** What an aligner says at the position its sequence stands at. */
export function weighing(aligner: AlignerSource): Weighing {
  return {
    rule: aligner.rule,
    strength: aligner.strength,
    qLogps: aligner.sequence.logps(),
    ...(aligner.reference && { q0Logps: aligner.reference.logps() }),
    ...(aligner.mixture && { isMixedIn: true }),
  };
}

/** Index of the candidate with the `k`-th largest probability (0 is the best), −1 when fewer have any. */
function rank(probs: Float64Array, n: number, k: number): number {
  const order = Array.from({ length: n }, (_, i) => i).filter(i => probs[i] > 0);
  order.sort((a, b) => probs[b] - probs[a] || a - b);
  return order[k] ?? -1;
}
