/**
 * Why a token was written, read from the step that wrote it: P's candidates, what each aligner made of them, and which
 * aligners changed what P alone would have taken. What-ifs are decided by the decoder itself, with fewer aligners.
 */
import { ByteConstraint } from './byteConstraint';
import { type AlignerSource, type DecodeParams, decode, type TokenStep, weighing } from './decoder';
import { logSumExp } from './distribution';
import type { Sequence, Tokenizer } from './model';

export interface ExplainedCandidate {
  readonly id: number;
  /** P at temperature 1 over the whole vocabulary. */
  readonly p: number;
  /** P, or P′ where an aligner is mixed in, within the nucleus: what was weighed. 0 outside. */
  readonly proposed: number;
  /** Q of each aligner over the whole vocabulary. */
  readonly q: readonly number[];
  /**
   * Importance weight by each aligner, 1 on average over what was proposed: for one aligner, proposed · weight is the
   * aligned probability (at temperature 1). All 0 where it vetoed every candidate, so that P's own were kept.
   */
  readonly weights: readonly number[];
  /** In the distribution that was drawn from. */
  readonly aligned: number;
}

export interface Explanation {
  readonly nNucleus: number;
  /** λ of each aligner: how much of P′ comes from it. 0 for one that is not mixed in. */
  readonly lambdas: readonly number[];
  /** The most probable ones before and after the alignment, what was drawn and what P would have taken; most proposed first. */
  readonly candidates: readonly ExplainedCandidate[];
  /** What P alone would have taken here, after the same text. */
  readonly alone: number | undefined;
  /**
   * Indices of the aligners that changed P's choice: those without which another token had been taken. Where none of
   * them was needed, those that had sufficed alone; where none had, all.
   */
  readonly changedBy: readonly number[];
}

/** What one decoding was begun with. */
export interface Explained {
  readonly proposal: Sequence;
  /** Without those of strength 0. */
  readonly aligners: readonly AlignerSource[];
  readonly params: DecodeParams;
  readonly tokenizer: Tokenizer;
  /** Bytes that the completion had to begin with. */
  readonly owed: Uint8Array;
}

/** Follows one decoding from its first token; costs some passes over the vocabulary a token, and none of a model. */
export class Explainer {
  private position = 0;
  private owed: Uint8Array;

  /** @param nCandidates listed by probability, before and after the alignment each. */
  constructor(
    private readonly run: Explained,
    private readonly nCandidates: number,
  ) {
    this.owed = run.owed;
  }

  /** To be asked for every step, before the next one is. */
  async explain(step: TokenStep, signal: AbortSignal): Promise<Explanation> {
    const { aligners, tokenizer } = this.run;
    const alone = await this.taken([], signal);
    const changedBy = alone === step.token ? [] : await this.changers(step.token, signal);
    const explanation = {
      nNucleus: step.candidates.n,
      lambdas: aligners.map(({ mixture }) => mixture?.() ?? 0),
      candidates: candidatesOf(step, alone, this.run, this.nCandidates),
      alone,
      changedBy,
    };
    this.position++;
    this.owed = this.owed.subarray(Math.min(this.owed.length, tokenizer.bytes(step.token).length));
    return explanation;
  }

  private async changers(token: number, signal: AbortSignal): Promise<number[]> {
    const { aligners } = this.run;
    const all = aligners.map((_, k) => k);
    if (all.length === 1) return all;
    const whereTaken = async (among: (k: number) => AlignerSource[], isTaken: boolean) => {
      const found: number[] = [];
      for (const k of all) if (((await this.taken(among(k), signal)) === token) === isTaken) found.push(k);
      return found;
    };
    const needed = await whereTaken(k => aligners.filter((_, other) => other !== k), false);
    if (needed.length > 0) return needed;
    const sufficient = await whereTaken(k => [aligners[k]], true);
    return sufficient.length > 0 ? sufficient : all;
  }

  /** The token that the same draw takes at this position with some aligners alone. No sequence is moved. */
  private async taken(aligners: readonly AlignerSource[], signal: AbortSignal): Promise<number | undefined> {
    const { proposal, params, tokenizer } = this.run;
    const { position } = this;
    const { firstRank, ...others } = params;
    const one: DecodeParams = {
      ...others,
      maxTokens: 1,
      random: { uniform: (_, draw) => params.random.uniform(position, draw) },
      history: [...params.history],
      constraint: new ByteConstraint(tokenizer, this.owed),
      ...(position === 0 && firstRank !== undefined && { firstRank }),
    };
    for await (const { token } of decode(proposal, aligners, one, signal)) return token;
    return undefined;
  }
}

function candidatesOf(
  { token, candidates, alignedProbs, pLogits, terms }: TokenStep,
  alone: number | undefined,
  { proposal, aligners }: Explained,
  nCandidates: number,
): ExplainedCandidate[] {
  const { n, ids } = candidates;
  const proposedLogps = Float64Array.from(ids.subarray(0, n), id => pLogits[id]);
  const z = logSumExp(proposedLogps);
  for (let i = 0; i < n; i++) proposedLogps[i] -= z;

  const weighings = aligners.map(weighing);
  const logWeights = terms.map(ofAligner => {
    const added = ofAligner.slice(0, n);
    const mean = logSumExp(added.map((term, i) => term + proposedLogps[i]));
    return added.map(term => (mean === -Infinity ? -Infinity : term - mean));
  });

  const listed = new Set([...best(proposedLogps, nCandidates), ...best(alignedProbs.subarray(0, n), nCandidates)]);
  for (let i = 0; i < n; i++) if (ids[i] === token || ids[i] === alone) listed.add(i);
  const explained = [...listed].map(
    (i): ExplainedCandidate => ({
      id: ids[i],
      p: Math.exp(proposal.logps().logp(ids[i])),
      proposed: Math.exp(proposedLogps[i]),
      q: weighings.map(({ qLogps }) => Math.exp(qLogps.logp(ids[i]))),
      weights: logWeights.map(weights => Math.exp(weights[i])),
      aligned: alignedProbs[i],
    }),
  );
  if (alone !== undefined && !explained.some(({ id }) => id === alone)) {
    // Mixing a module in has pushed P's own choice out of the nucleus.
    const q = weighings.map(({ qLogps }) => Math.exp(qLogps.logp(alone)));
    const weights = weighings.map(() => 0);
    explained.push({ id: alone, p: Math.exp(proposal.logps().logp(alone)), proposed: 0, q, weights, aligned: 0 });
  }
  return explained.sort((a, b) => b.proposed - a.proposed || b.aligned - a.aligned || a.id - b.id);
}

/** Indices of the `n` largest values. */
function best(values: Float64Array, n: number): number[] {
  return Array.from(values.keys())
    .sort((a, b) => values[b] - values[a] || a - b)
    .slice(0, n);
}
