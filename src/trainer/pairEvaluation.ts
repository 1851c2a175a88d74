/**
 * Measures a pair of proposal and aligner on held-out rows: how strong the aligner is to be (on the files that choose),
 * what the pair gains over the proposal alone (on the files that report), and how many lines it completes exactly.
 */
import { setImmediate as eventsHadTheirTurn } from 'node:timers/promises';
import { ByteConstraint } from '../core/byteConstraint';
import { type AlignerSource, type DecodeParams, decode } from '../core/decoder';
import { throwIfAborted } from '../core/errors';
import { buildPrompt } from '../core/fim';
import { seekAll } from '../core/lockstep';
import type { LanguageModel, Sequence } from '../core/model';
import { seededRandom } from '../core/random';
import { valuesOf } from '../core/row';
import type { HeldOutCut } from '../core/training/prompts';
import type { TrainingRow } from '../core/training/rows';
import { type Calibration, type StrengthRule, StrengthSearch, scorePair } from '../core/training/strengthSearch';
import { CompletionBytes } from '../engine/completion';
import { fimOrder, type Proposal } from '../engine/proposal';
import type { HeldOutRow } from './dataset';
import { rowsAtOnce } from './rowsAtOnce';

export interface Scores {
  /** Nats a token. */
  readonly nats: number;
  /** Share of the tokens that were the first choice. */
  readonly top1: number;
}

export interface PairScores {
  /** Tokens. */
  readonly n: number;
  readonly proposal: Scores;
  readonly aligner: Scores;
  readonly pair: Scores;
}

export interface PairEvaluation extends PairScores, Calibration {}

/** How the two are combined. */
export interface Combination {
  readonly rule: StrengthRule;
  /** Q0, for `ratio`. */
  readonly reference?: LanguageModel;
}

const GEOMETRIC: Combination = { rule: 'geometric' };

/**
 * Chooses strength and temperature on the rows that choose, unless they are chosen, and measures on those that report.
 * It is measured at temperature 1, as the proposal beside it is: the temperature is for those who draw, a greedy
 * completion knows none, and the proposal alone could be sharpened just as well.
 */
export async function evaluatePair(
  proposal: LanguageModel,
  aligner: LanguageModel,
  rows: readonly HeldOutRow[],
  signal: AbortSignal,
  combination: Combination = GEOMETRIC,
  chosen?: Calibration,
): Promise<PairEvaluation> {
  const choosing = rows.filter(row => row.half === 'choose');
  const calibration = chosen ?? (await searchStrength(proposal, aligner, choosing, signal, combination)).best();
  const reporting = rows.filter(row => row.half === 'report');
  const measured = { ...calibration, temperature: 1 };
  const scores = await measurePair(proposal, aligner, reporting, measured, signal, combination);
  return { ...scores, ...calibration };
}

/** Tries every strength on all of `rows`. */
export async function searchStrength(
  proposal: LanguageModel,
  aligner: LanguageModel,
  rows: readonly TrainingRow[],
  signal: AbortSignal,
  combination: Combination = GEOMETRIC,
): Promise<StrengthSearch> {
  const search = new StrengthSearch(combination.rule);
  const add = (p: Float32Array, q: Float32Array, target: number, q0?: Float32Array) => search.add(p, q, target, q0);
  await eachPosition(proposal, aligner, combination, rows, add, signal);
  return search;
}

/** Measures a pair whose strength is known, on all of `rows`: what a training under way asks for. */
export async function measurePair(
  proposal: LanguageModel,
  aligner: LanguageModel,
  rows: readonly TrainingRow[],
  calibration: Calibration,
  signal: AbortSignal,
  combination: Combination = GEOMETRIC,
): Promise<PairScores> {
  const { rule } = combination;
  const totals = { n: 0, proposal: new Total(), aligner: new Total(), pair: new Total() };
  const add = (p: Float32Array, q: Float32Array, target: number, q0?: Float32Array) => {
    totals.n++;
    totals.proposal.add(-p[target], isTop(p, target));
    totals.aligner.add(-q[target], isTop(q, target));
    const { nats, isTop: isPairTop } = scorePair(rule, calibration, p, q, target, q0);
    totals.pair.add(nats, isPairTop);
  };
  await eachPosition(proposal, aligner, combination, rows, add, signal);
  const { n } = totals;
  return { n, proposal: totals.proposal.mean(n), aligner: totals.aligner.mean(n), pair: totals.pair.mean(n) };
}

/** Visits the rows of logps of all models at every position that counts. They are valid during the visit only. */
async function eachPosition(
  proposal: LanguageModel,
  aligner: LanguageModel,
  { reference }: Combination,
  rows: readonly TrainingRow[],
  visit: (p: Float32Array, q: Float32Array, target: number, q0?: Float32Array) => void,
  signal: AbortSignal,
): Promise<void> {
  const sequences = [proposal, aligner, ...(reference ? [reference] : [])].map(model => model.open({ rows: 'whole' }));
  const nRows = rowsAtOnce(proposal.vocabSize);
  try {
    for (const { tokens, targets, weights } of rows) {
      for (const sequence of sequences) sequence.rewind(sequence.length);
      const last = weights.findLastIndex(weight => weight > 0);
      for (let start = 0; start <= last; start += nRows) {
        const end = Math.min(start + nRows, last + 1);
        await eventsHadTheirTurn();
        throwIfAborted(signal);
        if (weights.subarray(start, end).every(weight => weight === 0)) {
          for (const sequence of sequences) await sequence.seek([...tokens.subarray(0, end)], signal);
          continue;
        }
        const chunk = [...tokens.subarray(start, end)];
        const logps: (readonly Float32Array[])[] = [];
        for (const sequence of sequences) logps.push((await sequence.verify(chunk, signal)).map(valuesOf));
        const [p, q, q0] = logps;
        for (let i = start; i < end; i++)
          if (weights[i] > 0) visit(p[i - start], q[i - start], targets[i], q0?.[i - start]);
      }
    }
  } finally {
    for (const sequence of sequences) sequence.close();
  }
}

class Total {
  #nats = 0;
  #nTop = 0;

  add(nats: number, isFirst: boolean): void {
    this.#nats += nats;
    if (isFirst) this.#nTop++;
  }

  mean(n: number): Scores {
    return { nats: this.#nats / Math.max(1, n), top1: this.#nTop / Math.max(1, n) };
  }
}

function isTop(logps: Float32Array, target: number): boolean {
  for (let v = 0; v < logps.length; v++) if (logps[v] > logps[target]) return false;
  return true;
}

export interface ExactMatch {
  readonly n: number;
  /** Shares of the places at which the line was completed as its author wrote it. */
  readonly proposal: number;
  readonly aligned: number;
}

/** Tokens of a prompt: what most of a completion's quality needs, and half of what is served at most. */
const PROMPT_TOKENS = 512;
const MOST_TOKENS = 48;

/** Completes each place to the end of its line, greedily, as it would be served: by the proposal alone and by the pair. */
export async function exactMatch(
  proposal: Proposal,
  aligner: LanguageModel,
  cuts: readonly HeldOutCut[],
  strength: number,
  signal: AbortSignal,
  { rule, reference }: Combination = GEOMETRIC,
): Promise<ExactMatch> {
  const p = proposal.model.open();
  const q = aligner.open();
  const q0 = reference?.open();
  const aligners: AlignerSource[] = [{ rule, strength, sequence: q, ...(q0 && { reference: q0 }) }];
  const contextLength = Math.min(
    ...[proposal.model, aligner, ...(reference ? [reference] : [])].map(m => m.contextLength),
  );
  const budget = Math.min(PROMPT_TOKENS, contextLength - MOST_TOKENS);
  let nProposal = 0;
  let nAligned = 0;
  try {
    for (const cut of cuts) {
      if (await completes(proposal, p, [], cut, budget, signal)) nProposal++;
      if (await completes(proposal, p, aligners, cut, budget, signal)) nAligned++;
    }
  } finally {
    for (const sequence of [p, q, q0]) sequence?.close();
  }
  const n = cuts.length;
  return { n, proposal: nProposal / Math.max(1, n), aligned: nAligned / Math.max(1, n) };
}

async function completes(
  { tokenizer, manifest }: Proposal,
  sequence: Sequence,
  aligners: readonly AlignerSource[],
  { text, truth }: HeldOutCut,
  budget: number,
  signal: AbortSignal,
): Promise<boolean> {
  const prompt = buildPrompt(text, tokenizer, fimOrder(manifest, tokenizer.special), budget);
  const constraint = new ByteConstraint(tokenizer, prompt.owed);
  await seekAll(sequence, aligners, prompt.tokens, constraint, signal);
  const params: DecodeParams = {
    proposalTemperature: 1,
    topP: 0.95,
    repetitionPenalty: 1,
    temperature: 0,
    nCandidates: 8,
    endToken: tokenizer.special.endoftext,
    maxTokens: MOST_TOKENS,
    random: seededRandom(0),
    history: [],
    constraint,
  };
  const written = new CompletionBytes(prompt.owed.length);
  for await (const { token } of decode(sequence, aligners, params, signal)) {
    const bytes = tokenizer.bytes(token);
    if (bytes.length === 0) break;
    written.append(bytes);
    if (written.text.includes('\n')) break;
  }
  await eventsHadTheirTurn();
  return written.text.split('\n', 1)[0].trimEnd() === truth.trimEnd();
}
