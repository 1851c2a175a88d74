/**
 * Loads a proposal folder: ours (residual.json beside the Hugging Face files) or any usual export, whose form is read
 * off its graph and whose special tokens are found by name.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ChatFormat } from '../core/chatPrompt';
import { UserError } from '../core/errors';
import type { FimOrder } from '../core/fim';
import { FORMAT_VERSION, type ProposalManifest, parseProposalManifest } from '../core/manifest';
import type { SpecialTokens, Tokenizer } from '../core/model';
import { readChatFormat } from './chatFormat';
import { DeltaGraph, isDeltaForm } from './deltaGraph';
import type { CausalGraph } from './graph';
import {
  type FileHashes,
  fileSizeBytes,
  type ModelFolder,
  named,
  parseModelJson,
  readModelFile,
  readModelJson,
  readOptionalJson,
  sha256,
} from './modelFiles';
import { OnnxModel } from './onnxModel';
import { isPastForm, PastGraph } from './pastGraph';
import { type Execution, openSession, type Session } from './session';
import { createTokenizer } from './tokenizer';

export interface Proposal {
  readonly manifest: ProposalManifest;
  readonly tokenizer: Tokenizer;
  readonly model: OnnxModel;
  readonly chat: ChatFormat;
}

/** What is known of a folder before the expensive part. */
export interface ProposalFiles {
  readonly folder: ModelFolder;
  readonly manifest: ProposalManifest | undefined;
  readonly graphFile: string;
  /** Graph and external weights. */
  readonly sizeBytes: number;
  readonly weightFiles: readonly string[];
}

/** @throws UserError when the folder holds no model that can be loaded. */
export async function findProposalFiles(folder: ModelFolder): Promise<ProposalFiles> {
  return named(folder, async () => {
    const json = await readOptionalJson(folder, 'residual.json');
    const manifest = json === undefined ? undefined : parseProposalManifest(json);
    const names = await onnxNames(folder);
    const graphName = manifest === undefined ? preferred(names) : nameOf(manifest.dtype, names);
    if (graphName === undefined || !names.includes(graphName)) {
      throw new UserError(
        'model-file-missing',
        `onnx/${graphName ?? 'model.onnx'} is missing in ${folder.dir}. A proposal is a folder with config.json, tokenizer.json and onnx/model*.onnx.`,
      );
    }
    const stem = graphName.slice(0, -'.onnx'.length);
    // External weights are named after their graph: model_q4.onnx_data, model_q4.onnx_data_1, model_int8.safetensors.
    // A listed file that is missing is one too, so that it is missed.
    const candidates = [...names.map(inOnnx), ...Object.keys(manifest?.files ?? {})];
    const isWeights = (name: string) => name.startsWith(inOnnx(`${stem}.`)) && name !== inOnnx(graphName);
    const weightFiles = [...new Set(candidates.filter(isWeights))];
    let sizeBytes = 0;
    for (const name of [inOnnx(graphName), ...weightFiles])
      sizeBytes += await fileSizeBytes(path.join(folder.dir, name));
    return { folder, manifest, graphFile: inOnnx(graphName), sizeBytes, weightFiles };
  });
}

/** @throws UserError naming the file, the reason and the next step. */
export async function loadProposal(files: ProposalFiles, hashes: FileHashes, execution: Execution): Promise<Proposal> {
  const { folder, manifest, graphFile } = files;
  return named(folder, async () => {
    const tokenizerBytes = await readModelFile(folder, 'tokenizer.json');
    const listed = manifest?.files ?? {};
    const names = ['tokenizer.json', 'config.json', 'tokenizer_config.json', graphFile, ...files.weightFiles];
    await hashes.verify(folder, listed, names, new Map([['tokenizer.json', tokenizerBytes]]));
    const tokenizer = createTokenizer({
      id: sha256(tokenizerBytes),
      json: parseModelJson(folder, 'tokenizer.json', tokenizerBytes),
      config: (await readOptionalJson(folder, 'tokenizer_config.json')) ?? {},
      special: manifest?.fim?.tokens,
    });
    const config = parseConfig(await readModelJson(folder, 'config.json'));
    const session = await openSession(path.join(folder.dir, graphFile), [], files.sizeBytes, execution);
    const contextLength = manifest?.contextLength ?? config.contextLength;
    const graph = await openGraph(session, config, contextLength);
    const model = new OnnxModel({
      tokenizerId: tokenizer.id,
      contextLength,
      graph,
      weightsBytes: files.sizeBytes,
      close: () => session.close(),
    });
    const chat = await readChatFormat(folder, manifest, tokenizer.special, fimOrder(manifest, tokenizer.special));
    return { manifest: manifest ?? describe(folder, config, graphFile, session), tokenizer, model, chat };
  });
}

/** By its manifest; a model that brings none is prefix-first where it knows a middle at all. */
export function fimOrder(manifest: ProposalManifest | undefined, special: SpecialTokens): FimOrder {
  if (manifest?.fim !== undefined) return manifest.fim.order;
  return special.fimMiddle === undefined ? 'none' : 'prefix-first';
}

async function openGraph(session: Session, config: Config, contextLength: number): Promise<CausalGraph> {
  try {
    if (isDeltaForm(session.inputs)) return new DeltaGraph(session, contextLength);
    if (isPastForm(session.inputs)) return new PastGraph(session, config);
  } catch (error) {
    await session.close();
    throw error;
  }
  const inputs = session.inputs.map(input => input.name).join(', ');
  await session.close();
  throw new UserError(
    'graph-unknown',
    `The graph has the inputs ${inputs}, which is no text decoder with a cache. Export the model with past_key_values for text generation.`,
  );
}

/** Best on a CPU first: 8-bit weights, then 4-bit, then float32; half precision is slow here. */
const PREFERENCE = ['quantized', 'int8', 'uint8', 'q4', 'int4', '', 'fp32', 'fp16', 'q4f16', 'bnb4'];

function preferred(names: readonly string[]): string | undefined {
  const graphs = names.filter(name => name.endsWith('.onnx'));
  const known = PREFERENCE.map(suffix => (suffix === '' ? 'model.onnx' : `model_${suffix}.onnx`));
  return known.find(name => graphs.includes(name)) ?? graphs.filter(name => name.startsWith('model')).sort()[0];
}

/** The usual exports call their float32 graph model.onnx. */
function nameOf(dtype: string, names: readonly string[]): string {
  const name = `model_${dtype}.onnx`;
  return dtype === 'fp32' && !names.includes(name) && names.includes('model.onnx') ? 'model.onnx' : name;
}

async function onnxNames({ dir }: ModelFolder): Promise<readonly string[]> {
  try {
    return await readdir(path.join(dir, 'onnx'));
  } catch {
    return [];
  }
}

function inOnnx(name: string): string {
  return `onnx/${name}`;
}

interface Config {
  readonly title: string | undefined;
  readonly kvHeads: number | undefined;
  readonly headDim: number | undefined;
  readonly vocabSize: number | undefined;
  readonly contextLength: number;
}

/** Positions of a model whose config.json does not say. */
const DEFAULT_CONTEXT_LENGTH = 2048;

function parseConfig(json: unknown): Config {
  const fields = (typeof json === 'object' && json !== null ? json : {}) as Readonly<Record<string, unknown>>;
  const count = (name: string) => {
    const value = fields[name];
    return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
  };
  const heads = count('num_attention_heads') ?? count('n_head');
  const width = count('hidden_size') ?? count('n_embd');
  return {
    title: typeof fields._name_or_path === 'string' && fields._name_or_path !== '' ? fields._name_or_path : undefined,
    kvHeads: count('num_key_value_heads') ?? heads,
    headDim: count('head_dim') ?? (heads !== undefined && width !== undefined ? width / heads : undefined),
    vocabSize: count('vocab_size'),
    contextLength: count('max_position_embeddings') ?? count('n_positions') ?? DEFAULT_CONTEXT_LENGTH,
  };
}

/** The manifest of a folder that brings none. */
function describe(folder: ModelFolder, config: Config, graphFile: string, session: Session): ProposalManifest {
  const dtype = /model_(\w+)\.onnx$/.exec(graphFile)?.[1] ?? 'fp32';
  return {
    formatVersion: FORMAT_VERSION,
    id: folder.id,
    title: config.title ?? folder.id,
    licence: 'unknown',
    graphForm: isDeltaForm(session.inputs) ? 'delta' : 'past',
    dtype,
    contextLength: config.contextLength,
    files: {},
  };
}
