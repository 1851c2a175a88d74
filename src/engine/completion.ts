/**
 * One completion request on models that are loaded: prompt → seek → decode → stop → text.
 * Knows tokens and text; knows nothing of files, scheduling or what a surface does with the result.
 */
import { ByteConstraint } from '../core/byteConstraint';
import { type AlignerSource, type DecodeParams, decode, type TokenStep } from '../core/decoder';
import { AbortError, UserError } from '../core/errors';
import { Explainer } from '../core/explanation';
import { buildPrompt, type Prompt } from '../core/fim';
import { seekAll } from '../core/lockstep';
import { calibratedStrength } from '../core/manifest';
import { mixtureWeight } from '../core/mixture';
import type { Tokenizer } from '../core/model';
import { NgramSequence } from '../core/ngram/ngram';
import { seededRandom } from '../core/random';
import { composes, type RuleName } from '../core/rules';
import { say } from '../core/sentence';
import { findStop, type Stop, stopAtLength } from '../core/stopping';
import type {
  CompleteProgress,
  CompleteRequest,
  CompleteResult,
  Completion,
  CompletionToken,
  TokenReasons,
  WarmRequest,
} from '../protocol/messages';
import type { Lease, LoadedModule, LoadedProposal } from './modelPool';
import { fimOrder } from './proposal';
import type { Turn } from './scheduler';
import { WarmSequences } from './warmSequences';

/** How many of the best first tokens are tried to find the completions that a person asked to see side by side. */
const FIRST_TOKENS_TRIED = 6;
/** Of what is read ahead: a completion waits for one chunk at most. Twice as many are read some 5 % faster. */
const CHUNK_AHEAD = 64;

/**
 * @param turn gives way to what is more urgent, at every token.
 * @param onProgress hears the first completion grow.
 * @throws UserError when the rules of the modules do not go together; AbortError when `signal` aborts.
 */
export async function runCompletion(
  lease: Lease,
  request: CompleteRequest,
  turn: Turn,
  onProgress: (progress: CompleteProgress) => void,
  signal: AbortSignal,
): Promise<CompleteResult> {
  const { tokenizer, sequence } = lease.proposal;
  const aligners = alignersOf(lease, request.rule);
  const startMs = performance.now();
  const { prompt, shortenedTo } = promptInTime(lease.proposal, request);

  let nCached = 0;
  let nPrefilled = 0;
  const seekPrompt = async () => {
    const constraint = new ByteConstraint(tokenizer, prompt.owed);
    const report = await seekAll(sequence, aligners, prompt.tokens, constraint, signal);
    nCached += report.nCached;
    nPrefilled += report.nPrefilled;
  };
  await seekPrompt();
  const prefilledMs = performance.now();

  const completions: Completion[] = [];
  const report = { nCached, nPrefilled };
  for (let rank = 0; completions.length < request.nCompletions && rank < FIRST_TOKENS_TRIED; rank++) {
    if (rank > 0) await seekPrompt();
    const params = paramsOf(request, lease, prompt, rank);
    const completion = await writeOne(
      sequence,
      aligners,
      params,
      tokenizer,
      request,
      prompt,
      turn,
      rank === 0 ? onProgress : ignore,
      signal,
    );
    if (completion === undefined) break;
    const text = completion.text.trim();
    if (rank === 0 || (text !== '' && completions.every(c => c.text.trim() !== text))) completions.push(completion);
  }
  return {
    completions,
    rule: request.rule ?? lease.modules[0]?.manifest.rule ?? 'geometric',
    ...(shortenedTo !== undefined && { shortenedTo }),
    ...report,
    timesMs: { load: lease.loadMs, prefill: prefilledMs - startMs, decode: performance.now() - prefilledMs },
  };
}

/**
 * Reads a prompt that a completion was too urgent to wait for, so that the next one there goes on from it.
 * @throws AbortError as soon as something more urgent waits; what was read until then stays cached.
 */
export async function readPrompt(
  lease: Lease,
  request: NonNullable<WarmRequest['prompt']>,
  turn: Turn,
  signal: AbortSignal,
): Promise<void> {
  const { tokens } = promptOf(lease.proposal, request, request.contextTokens);
  const between = async () => {
    if (turn.isInTheWay()) throw new AbortError();
  };
  await seekAll(lease.proposal.sequence, alignersOf(lease, undefined), tokens, undefined, signal, {
    between,
    chunk: CHUNK_AHEAD,
  });
}

/** The whole prompt, unless so much of it is new that a shorter one is there sooner. */
function promptInTime(
  proposal: LoadedProposal,
  request: CompleteRequest,
): { readonly prompt: Prompt; readonly shortenedTo?: number } {
  const { contextTokens, coldTokens } = request;
  const whole = promptOf(proposal, request, contextTokens);
  if (coldTokens === undefined || coldTokens >= contextTokens) return { prompt: whole };
  const nNewOfWhole = nNew(proposal, whole);
  if (nNewOfWhole <= coldTokens) return { prompt: whole };
  const short = promptOf(proposal, request, coldTokens);
  return nNewOfWhole <= nNew(proposal, short) ? { prompt: whole } : { prompt: short, shortenedTo: coldTokens };
}

/** Tokens that would have to be read. */
function nNew({ sequence }: LoadedProposal, { tokens }: Prompt): number {
  return tokens.length - (sequence instanceof WarmSequences ? sequence.sharedLength(tokens) : 0);
}

function promptOf(
  { manifest, model, tokenizer }: LoadedProposal,
  { text, maxTokens }: Pick<CompleteRequest, 'text' | 'maxTokens'>,
  nTokens: number,
): Prompt {
  const budget = Math.min(nTokens, model.contextLength - maxTokens);
  return buildPrompt(text, tokenizer, fimOrder(manifest, tokenizer.special), budget);
}

/** @returns undefined when there is no `firstRank`-th candidate. */
async function writeOne(
  proposal: LoadedProposal['sequence'],
  aligners: readonly AlignerSource[],
  params: DecodeParams,
  tokenizer: Tokenizer,
  request: CompleteRequest,
  prompt: Prompt,
  turn: Turn,
  onProgress: (progress: CompleteProgress) => void,
  signal: AbortSignal,
): Promise<Completion | undefined> {
  const output = new CompletionBytes(prompt.owed.length);
  const tokens: CompletionToken[] = [];
  const explainer = explainerOf(proposal, aligners, params, tokenizer, request, prompt);
  let stop: Stop | undefined;

  for await (const step of decode(proposal, aligners, params, signal)) {
    // Models have several tokens that end a middle (end of text, padding, the next file); none of them stands for text.
    const ended = tokenizer.bytes(step.token).length === 0;
    const text = ended ? '' : output.append(tokenizer.bytes(step.token));
    const token = { id: step.token, text, p: step.p, aligned: step.aligned };
    tokens.push(explainer === undefined ? token : { ...token, why: await explainer(step, signal) });
    if (ended) {
      stop = { reason: 'end', keep: output.text.length };
      break;
    }
    stop = findStop(output.text, request.extent, request.text);
    if (stop !== undefined) break;
    onProgress({ text: output.text });
    await turn.giveWay();
  }
  if (tokens.length === 0) return undefined;
  stop ??= stopAtLength(output.text);
  return { text: output.text.slice(0, stop.keep), tokens, stop: stop.reason };
}

/** @returns undefined unless the request asks for explanations. */
function explainerOf(
  proposal: LoadedProposal['sequence'],
  aligners: readonly AlignerSource[],
  params: DecodeParams,
  tokenizer: Tokenizer,
  { explain }: CompleteRequest,
  { owed }: Prompt,
): ((step: TokenStep, signal: AbortSignal) => Promise<TokenReasons>) | undefined {
  if (explain === undefined) return undefined;
  const explainer = new Explainer({ proposal, aligners, params, tokenizer, owed }, explain.nCandidates);
  return async (step, signal) => {
    const explanation = await explainer.explain(step, signal);
    const candidates = explanation.candidates.map(candidate => ({
      ...candidate,
      text: tokenizer.decode([candidate.id]),
    }));
    return { ...explanation, candidates };
  };
}

/** Collects bytes; `text` never ends inside a character and leaves out the bytes that the prompt was backed up by. */
export class CompletionBytes {
  private readonly decoder = new TextDecoder();
  text = '';

  constructor(private nOwed: number) {}

  /** @returns what the bytes added to the text. */
  append(bytes: Uint8Array): string {
    const skipped = Math.min(this.nOwed, bytes.length);
    this.nOwed -= skipped;
    const added = this.decoder.decode(bytes.subarray(skipped), { stream: true });
    this.text += added;
    return added;
  }
}

export function alignersOf(lease: Lease, override: RuleName | undefined): AlignerSource[] {
  const aligners = lease.modules.map((module): AlignerSource => {
    const rule = override ?? module.manifest.rule;
    if (rule === 'ratio' && module.q0 === undefined) {
      throw new UserError(
        'module-needs-reference',
        say`The ratio rule needs the model that "${module.manifest.id}" was trained from, and the module names none. Choose another rule.`,
      );
    }
    return {
      rule,
      strength: module.strength,
      sequence: module.sequence,
      ...(rule === 'ratio' && module.q0 && { reference: module.q0.sequence }),
      ...mixtureOf(module, lease.proposal.manifest.id),
    };
  });
  const sole = aligners.find(a => !composes(a.rule));
  if (sole !== undefined && aligners.length > 1) {
    throw new UserError(
      'rule-does-not-compose',
      say`The rule "${sole.rule}" decides alone: use one module with it, or choose geometric, product, ratio or joint.`,
    );
  }
  return aligners;
}

/** λ is calibrated together with the strength, so half the strength mixes in half as much. */
function mixtureOf({ manifest, sequence, strength }: LoadedModule, proposalId: string): Pick<AlignerSource, 'mixture'> {
  const weights = manifest.mixture?.[proposalId] ?? manifest.mixture?.default;
  if (weights === undefined || !(sequence instanceof NgramSequence)) return {};
  const scale = Math.min(1, strength / calibratedStrength(manifest, proposalId));
  return { mixture: () => scale * mixtureWeight(weights, sequence.recognition()) };
}

function paramsOf(request: CompleteRequest, lease: Lease, prompt: Prompt, rank: number): DecodeParams {
  const { tokenizer } = lease.proposal;
  const { sampling } = request;
  return {
    proposalTemperature: 1,
    topP: sampling.topP,
    repetitionPenalty: sampling.repetitionPenalty,
    temperature: sampling.temperature * (lease.modules[0]?.manifest.temperature ?? 1),
    nCandidates: sampling.nCandidates,
    endToken: tokenizer.special.endoftext,
    maxTokens: request.maxTokens,
    random: seededRandom(sampling.seed),
    history: [],
    constraint: new ByteConstraint(tokenizer, prompt.owed),
    ...(rank > 0 && { firstRank: rank }),
  };
}

function ignore(): void {}
