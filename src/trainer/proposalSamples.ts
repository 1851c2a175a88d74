/**
 * What the proposal itself would write: responses drawn once from prompts of the workspace, for the objectives of the
 * Residual Alignment Model (arXiv 2505.19700). Kept in `samples.bin`; a drawing that was stopped goes on from there.
 */
import { createHash } from 'node:crypto';
import { setImmediate as eventsHadTheirTurn } from 'node:timers/promises';
import { throwIfAborted } from '../core/errors';
import type { Sequence, Tokenizer } from '../core/model';
import { type Random, seededRandom } from '../core/random';
import { valuesOf } from '../core/row';
import type { SamplePrompt } from '../core/training/prompts';
import { ResponseDrawing } from '../core/training/responseDrawing';
import { responseRow, type TrainingRow } from '../core/training/rows';
import type { Proposal } from '../engine/proposal';
import type { Objective, TrainingSpec } from '../protocol/training';
import { type Dataset, SAMPLE_LIMITS } from './dataset';
import { readJobFile, writeJobFile } from './jobFiles';
import { packSamples, type StoredSamples, unpackSamples } from './sampleFile';

export const SAMPLES_FILE = 'samples.bin';

/** How responses are drawn. */
export interface Drawing {
  /** Responses a prompt. */
  readonly m: number;
  readonly temperature: number;
  readonly topP: number;
}

/** `ram` as the paper draws; the self-normalised weights estimate the gradient of log Z only for draws from P itself. */
const DRAWINGS: Partial<Record<Objective, Drawing>> = {
  ram: { m: 1, temperature: 0.5, topP: 0.95 },
  'ram-normalised': { m: 4, temperature: 1, topP: 1 },
};

/** Of the job's minutes. */
const MOST_SHARE = 0.2;
/** Responses a minute of training; what a proposal of 6 M parameters draws in about a tenth of the time. */
const RESPONSES_A_MINUTE = 80;
const FEWEST_PROMPTS = 16;
const MOST_PROMPTS = 4000;
const WRITE_EVERY_MS = 5000;

/** The rows of one prompt: only responses are targets. */
export interface SampledRows {
  readonly truth: TrainingRow;
  /** [m] */
  readonly drawn: readonly TrainingRow[];
}

export class SampleSet {
  constructor(
    readonly m: number,
    private readonly prompts: readonly SamplePrompt[],
    private readonly responses: readonly (readonly Int32Array[])[],
    readonly elapsedMs: number,
  ) {}

  get nPrompts(): number {
    return this.responses.length;
  }

  /** Tokens that a file's own continuation has on average, its end among them. */
  get meanTruthTokens(): number {
    const truths = this.prompts.slice(0, this.nPrompts).map(({ truth }) => truth.length);
    return truths.reduce((sum, length) => sum + length, 0) / Math.max(1, this.nPrompts);
  }

  /** @param length T, at least 255: a prompt and its response, which is longest, without the last target. */
  rows(prompt: number, length: number): SampledRows {
    const { tokens, truth } = this.prompts[prompt];
    const row = (response: Int32Array) => responseRow([...tokens], [...response], length);
    return { truth: row(truth), drawn: this.responses[prompt].map(row) };
  }
}

/**
 * Draws what is still missing, for at most a fifth of the job's minutes in all. Objectives without samples get none.
 * @param onProgress hears how many prompts are done, of how many
 * @throws AbortError; what was drawn until then is kept.
 */
export async function proposalSamples(
  dir: string,
  spec: TrainingSpec,
  dataset: Dataset,
  proposal: Proposal,
  signal: AbortSignal,
  onProgress: (nDone: number, nPrompts: number) => void,
): Promise<SampleSet> {
  const drawing = DRAWINGS[spec.objective];
  if (drawing === undefined) return new SampleSet(0, [], [], 0);
  const wanted = Math.round((spec.minutes * RESPONSES_A_MINUTE) / drawing.m);
  const prompts = dataset.samplePrompts(Math.max(FEWEST_PROMPTS, Math.min(MOST_PROMPTS, wanted)));
  const key = keyOf(spec, dataset, proposal, drawing);
  const stored = await readSamples(dir, key);
  const responses = [...stored.responses];
  let elapsedMs = stored.elapsedMs;
  if (stored.isDone) return new SampleSet(drawing.m, prompts, responses, elapsedMs);

  const save = (isDone: boolean) =>
    writeJobFile(dir, SAMPLES_FILE, packSamples({ key, m: drawing.m, isDone, elapsedMs, responses }));
  const random = seededRandom(spec.seed);
  const sequence = proposal.model.open({ rows: 'whole' });
  // Where steps are counted and not minutes, the machine's speed has no say in what is learned.
  const limitMs = spec.nSteps === undefined ? MOST_SHARE * spec.minutes * 60_000 : Number.POSITIVE_INFINITY;
  let savedMs = elapsedMs;
  try {
    for (let i = responses.length; i < prompts.length; i++) {
      if (i >= FEWEST_PROMPTS && elapsedMs > limitMs) break;
      onProgress(i, prompts.length);
      const startMs = performance.now();
      await eventsHadTheirTurn();
      throwIfAborted(signal);
      responses.push(await draw(sequence, prompts[i], i, drawing, proposal.tokenizer, random, signal));
      elapsedMs += performance.now() - startMs;
      if (elapsedMs - savedMs > WRITE_EVERY_MS) {
        await save(false);
        savedMs = elapsedMs;
      }
    }
  } catch (error) {
    await save(false);
    throw error;
  } finally {
    sequence.close();
  }
  await save(true);
  onProgress(responses.length, responses.length);
  return new SampleSet(drawing.m, prompts, responses, elapsedMs);
}

/** Samples that nobody drew, in the shape of those that will be: what a step with them takes is known before. */
export function madeUpSamples(spec: TrainingSpec, dataset: Dataset): SampleSet {
  const { m } = DRAWINGS[spec.objective] ?? { m: 0 };
  const prompts = dataset.samplePrompts(FEWEST_PROMPTS);
  const responses = prompts.map(({ truth }) => Array.from({ length: m }, () => truth));
  return new SampleSet(m, prompts, responses, 0);
}

/** m responses to one prompt: up to the first token that begins a line or ends the text, which belongs to them. */
async function draw(
  sequence: Sequence,
  { tokens }: SamplePrompt,
  index: number,
  { m, temperature, topP }: Drawing,
  tokenizer: Tokenizer,
  random: Random,
  signal: AbortSignal,
): Promise<Int32Array[]> {
  const prompt = [...tokens];
  await sequence.seek(prompt, signal);
  const first = valuesOf(sequence.logps()).slice();
  const dice = new ResponseDrawing(first.length, temperature, topP);
  const responses: Int32Array[] = [];
  for (let k = 0; k < m; k++) {
    sequence.rewind(sequence.length - prompt.length);
    const response: number[] = [];
    for (let logps: Float32Array = first; ; logps = valuesOf(sequence.logps())) {
      const token = dice.draw(logps, random.uniform(index, k * SAMPLE_LIMITS.response + response.length));
      response.push(token);
      if (ends(token, tokenizer) || response.length === SAMPLE_LIMITS.response) break;
      await sequence.push(token, signal);
    }
    responses.push(Int32Array.from(response));
  }
  return responses;
}

/** Tokens without text end a middle too: the next file, padding. */
function ends(token: number, tokenizer: Tokenizer): boolean {
  const bytes = tokenizer.bytes(token);
  return bytes.length === 0 || bytes.includes(NEWLINE);
}

const NEWLINE = 10;

async function readSamples(dir: string, key: Buffer): Promise<Omit<StoredSamples, 'key' | 'm'>> {
  const bytes = await readJobFile(dir, SAMPLES_FILE);
  const stored = bytes && unpackSamples(bytes);
  return stored?.key.equals(key) ? stored : { isDone: false, elapsedMs: 0, responses: [] };
}

/** Of all that decides what is drawn. */
function keyOf(spec: TrainingSpec, dataset: Dataset, proposal: Proposal, drawing: Drawing): Buffer {
  const { id, files } = proposal.manifest;
  const parts = [dataset.fingerprint, spec.seed, spec.minutes, id, files, drawing, SAMPLE_LIMITS];
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
