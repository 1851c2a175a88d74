/**
 * From a model as people have it to a proposal folder in delta form, in one pass over the source. The folder appears as a whole or not at all.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { throwIfAborted, UserError } from '../core/errors';
import { FORMAT_VERSION } from '../core/manifest';
import type { Tokenizer } from '../core/model';
import { say } from '../core/sentence';
import { calibrationTokens, tokenizerOf } from './calibration/calibrationText';
import { LayerInputs } from './calibration/layerInputs';
import { FORMATS, type Format, nParametersOf, numberPlanOf, weightBytesOf } from './formats';
import { buildProposalGraph, type ProposalGraph } from './graph/proposalGraph';
import { openSource } from './openSource';
import { configOf, fimFieldOf, writesChat } from './proposalFiles';
import type { SourceModel } from './sourceModel';
import { Shards } from './weights/shards';
import { writeWeights } from './weights/writeWeights';

export interface ImportSpec {
  /** A GGUF file, any shard of one, or a folder with safetensors. */
  readonly source: string;
  /** The proposal folder; must not exist. */
  readonly out: string;
  readonly id: string;
  /** The model's own name when absent. */
  readonly title?: string;
  /** What the source says when absent. */
  readonly licence?: string;
  readonly format: Format;
}

export interface ImportProgress {
  readonly phase: 'reading' | 'quantising' | 'writing';
  readonly done: number;
  readonly total: number;
}

export interface ImportPlan {
  readonly title: string;
  readonly licence?: string;
  readonly family: string;
  readonly nParameters: number;
  readonly sourceBytes: number;
  readonly formats: readonly { readonly format: Format; readonly sizeBytes: number; readonly memoryBytes: number }[];
  readonly contextLength: number;
  /** Whether it was trained to fill in the middle. */
  readonly fim: boolean;
  /** Whether it was tuned to converse. */
  readonly chat: boolean;
}

/** Measured with a model of 0.5 B: what the engine takes, as a multiple of the weights. */
const MEMORY_FACTOR: Readonly<Record<Format, number>> = { int8: 1.4, int4: 1.7, fp32: 1.4 };
/** Left free on the disk beside what is written. */
const MARGIN_BYTES = 64 * 1024 * 1024;
const MOST_THREADS = 4;

/** @throws UserError naming what keeps the source from being imported */
export async function planImport(source: string): Promise<ImportPlan> {
  const model = await openSource(source);
  try {
    const formats = FORMATS.filter(format => format !== 'fp32').map(format => {
      const sizeBytes = weightBytesOf(model, format);
      return { format, sizeBytes, memoryBytes: Math.round(sizeBytes * MEMORY_FACTOR[format]) };
    });
    return {
      title: model.title,
      ...(model.licence !== undefined && { licence: model.licence }),
      family: model.shape.family,
      nParameters: nParametersOf(model),
      sourceBytes: model.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      formats,
      contextLength: model.shape.contextLength,
      fim: fimFieldOf(model, tokenizerOf(model)) !== undefined,
      chat: writesChat(model, tokenizerOf(model)),
    };
  } finally {
    await model.close();
  }
}

/**
 * @throws UserError naming what keeps the source from being imported; AbortError. Either leaves nothing behind.
 */
export async function importProposal(
  spec: ImportSpec,
  onProgress: (progress: ImportProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const model = await openSource(spec.source);
  try {
    const proposal = buildProposalGraph(model, numberPlanOf(model, spec.format));
    const shards = new Shards(proposal.graph.outside, `model_${spec.format}`);
    const parent = path.dirname(path.resolve(spec.out));
    await mkdir(parent, { recursive: true });
    await checkFree(spec.out);
    await checkRoom(parent, shards.sizeBytes);
    const dir = path.join(parent, `.importing-${randomUUID()}`);
    await mkdir(dir);
    try {
      await fill(dir, model, proposal, shards, spec, onProgress, signal);
      throwIfAborted(signal);
      await rename(dir, spec.out);
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  } finally {
    await model.close();
  }
}

async function fill(
  dir: string,
  model: SourceModel,
  { graph, stored }: ProposalGraph,
  shards: Shards,
  spec: ImportSpec,
  onProgress: (progress: ImportProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const onnx = path.join(dir, 'onnx');
  await mkdir(onnx);
  const sources = await hashSources(model, onProgress, signal);
  const tokenizer = tokenizerOf(model);
  const texts: Record<string, string> = { ...model.text, 'config.json': configOf(model) };
  const hashes: Record<string, string> = {};
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(path.join(dir, name), text);
    hashes[name] = createHash('sha256').update(text).digest('hex');
  }
  const graphFile = `onnx/model_${spec.format}.onnx`;
  const bytes = graph.write(tensor => shards.placeOf(tensor));
  await writeFile(path.join(dir, graphFile), bytes);
  hashes[graphFile] = createHash('sha256').update(bytes).digest('hex');

  const total = nParametersOf(model);
  let done = 0;
  const execution = { nThreads: Math.min(MOST_THREADS, availableParallelism()) };
  const inputs = new LayerInputs(model, calibrationTokens(tokenizer), execution);
  const files = await shards.create(onnx);
  try {
    const count = (n: number) => {
      done += n;
      onProgress({ phase: 'quantising', done: Math.min(done, total), total });
    };
    await writeWeights(model, stored, files, name => inputs.momentsOf(name, signal), count, signal);
  } finally {
    await inputs.close();
    await files.close();
  }
  let written = 0;
  for (const { name, sizeBytes } of shards.files) {
    hashes[`onnx/${name}`] = await sha256Of(path.join(onnx, name), signal);
    written += sizeBytes;
    onProgress({ phase: 'writing', done: written, total: shards.sizeBytes });
  }
  await writeFile(path.join(dir, 'residual.json'), manifestOf(model, tokenizer, spec, hashes, sources));
}

interface SourceHash {
  readonly name: string;
  readonly sha256: string;
}

async function hashSources(
  model: SourceModel,
  onProgress: (progress: ImportProgress) => void,
  signal: AbortSignal,
): Promise<readonly SourceHash[]> {
  const total = model.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let done = 0;
  const hashed: SourceHash[] = [];
  for (const file of model.files) {
    onProgress({ phase: 'reading', done, total });
    hashed.push({ name: file.name, sha256: await sha256Of(file.path, signal) });
    done += file.sizeBytes;
  }
  return hashed;
}

function manifestOf(
  model: SourceModel,
  tokenizer: Tokenizer,
  spec: ImportSpec,
  files: Readonly<Record<string, string>>,
  sources: readonly SourceHash[],
): string {
  const fim = fimFieldOf(model, tokenizer);
  const manifest = {
    formatVersion: FORMAT_VERSION,
    id: spec.id,
    title: spec.title ?? model.title,
    licence: spec.licence ?? model.licence ?? 'unknown',
    graphForm: 'delta',
    dtype: spec.format,
    ...(fim !== undefined && { fim }),
    contextLength: model.shape.contextLength,
    files: Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))),
    importedFrom: sources,
    evaluation: [],
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

async function sha256Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 22 })) {
    throwIfAborted(signal);
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

async function checkFree(out: string): Promise<void> {
  if ((await stat(out).catch(() => undefined)) === undefined) return;
  throw new UserError('import-out-taken', say`${out} is there already. Choose another folder, or delete it.`);
}

async function checkRoom(dir: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const free = bavail * bsize;
  if (neededBytes + MARGIN_BYTES <= free) return;
  const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);
  throw new UserError(
    'disk-full',
    say`${megabytes(neededBytes + MARGIN_BYTES)} MB are needed on the disk with ${dir}, and ${megabytes(free)} MB are free. Make room and try again.`,
  );
}
