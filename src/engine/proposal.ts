/**
 * Loads a proposal folder: ours (residual.json beside the Hugging Face files) or any usual export, whose form is read
 * off its graph and whose special tokens are found by name.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ChatFormat } from '../core/chat/chatPrompt';
import { UserError } from '../core/errors';
import type { FimOrder } from '../core/fim';
import { graphNameOf, graphsOf, weightFilesOf } from '../core/graphFiles';
import {
  FORMAT_VERSION,
  LOCATION_FILE,
  type ProposalManifest,
  parseLocation,
  parseProposalManifest,
} from '../core/manifest';
import type { SpecialTokens, Tokenizer } from '../core/model';
import { say } from '../core/sentence';
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
  /** `model_type` of config.json. */
  readonly architecture: string | undefined;
}

/** What is known of a folder before the expensive part. */
export interface ProposalFiles {
  /** Where the files are, which for a folder that is used in place is not where residual.json is. */
  readonly folder: ModelFolder;
  readonly manifest: ProposalManifest | undefined;
  readonly graphFile: string;
  /** Graph and external weights. */
  readonly sizeBytes: number;
  readonly weightFiles: readonly string[];
}

/**
 * @param wanted a graph of the folder, as `onnx/model_q4.onnx`; else the one that residual.json names or a CPU prefers
 * @throws UserError when the folder holds no model that can be loaded.
 */
export async function findProposalFiles(entry: ModelFolder, wanted?: string): Promise<ProposalFiles> {
  return named(entry, async () => {
    const json = await readOptionalJson(entry, 'residual.json');
    const manifest = json === undefined ? undefined : parseProposalManifest(json);
    const folder = await located(entry);
    const names = await onnxNames(folder);
    const graphFile =
      wanted ?? (manifest === undefined ? graphsOf(names)[0]?.name : graphNameOf(manifest.dtype, names));
    if (graphFile === undefined || !names.includes(graphFile)) {
      throw new UserError(
        'model-file-missing',
        say`${graphFile ?? 'onnx/model.onnx'} is missing in ${folder.dir}. A proposal is a folder with config.json, tokenizer.json and onnx/model*.onnx.`,
      );
    }
    // A listed file that is missing is one too, so that it is missed.
    const weightFiles = weightFilesOf(graphFile, [...names, ...Object.keys(manifest?.files ?? {})]);
    let sizeBytes = 0;
    for (const name of [graphFile, ...weightFiles]) sizeBytes += await fileSizeBytes(path.join(folder.dir, name));
    return { folder, manifest, graphFile, sizeBytes, weightFiles };
  });
}

/** Where the files are: in the folder itself, or where its location.json says that a person's own folder is. */
async function located(entry: ModelFolder): Promise<ModelFolder> {
  const json = await readOptionalJson(entry, LOCATION_FILE);
  if (json === undefined) return entry;
  const dir = parseLocation(json);
  if (!path.isAbsolute(dir))
    throw new UserError('manifest-invalid', say`${LOCATION_FILE}: "${dir}" is not a whole path.`);
  return { id: entry.id, dir };
}

/** @throws UserError naming the file, the reason and the next step. */
export async function loadProposal(files: ProposalFiles, hashes: FileHashes, execution: Execution): Promise<Proposal> {
  const { folder, manifest, graphFile } = files;
  return named(folder, async () => {
    const tokenizerBytes = await readModelFile(folder, 'tokenizer.json');
    const listed = manifest?.files ?? {};
    const names = ['tokenizer.json', 'config.json', 'tokenizer_config.json', graphFile];
    await hashes.verify(folder, listed, names, new Map([['tokenizer.json', tokenizerBytes]]));
    // The weights' hashes are known before anything is evaluated; meanwhile the session is made.
    const verified = hashes.verify(folder, listed, files.weightFiles);
    verified.catch(() => {});
    const tokenizer = await tokenizerOf(files, tokenizerBytes);
    const config = parseConfig(await readModelJson(folder, 'config.json'));
    const session = await openSession(path.join(folder.dir, graphFile), [], files.sizeBytes, execution).catch(
      async error => {
        // Damage is what a runtime stumbles over, and the better explanation.
        await verified;
        throw error;
      },
    );
    await verified.catch(async error => {
      await session.close();
      throw error;
    });
    const contextLength = manifest?.contextLength ?? config.contextLength;
    const graph = await openGraph(session, config, contextLength);
    const model = new OnnxModel({
      tokenizerId: tokenizer.id,
      contextLength,
      graph,
      weightsBytes: files.sizeBytes,
      close: () => session.close(),
    });
    const chat = await readChatFormat(folder, manifest, tokenizer, fimOrder(manifest, tokenizer.special));
    const described = manifest ?? describe(folder, config, graphFile, session, tokenizer.special);
    return { manifest: described, tokenizer, model, chat, architecture: config.architecture };
  });
}

/**
 * A proposal's tokenizer without its model.
 * @throws UserError naming the file, the reason and the next step.
 */
export async function loadTokenizer(files: ProposalFiles): Promise<Tokenizer> {
  return named(files.folder, async () => tokenizerOf(files, await readModelFile(files.folder, 'tokenizer.json')));
}

async function tokenizerOf({ folder, manifest }: ProposalFiles, bytes: Buffer): Promise<Tokenizer> {
  return createTokenizer({
    id: sha256(bytes),
    json: parseModelJson(folder, 'tokenizer.json', bytes),
    config: (await readOptionalJson(folder, 'tokenizer_config.json')) ?? {},
    special: manifest?.fim?.tokens,
  });
}

/**
 * By its manifest, where one without `fim` says that there is no middle; a model that brings none is prefix-first where
 * it has the tokens: only their presence can be seen, not whether it was trained with them.
 */
export function fimOrder(manifest: ProposalManifest | undefined, special: SpecialTokens): FimOrder {
  if (manifest !== undefined) return manifest.fim?.order ?? 'none';
  const { fimPrefix, fimSuffix, fimMiddle } = special;
  return [fimPrefix, fimSuffix, fimMiddle].includes(undefined) ? 'none' : 'prefix-first';
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
    say`The graph has the inputs ${inputs}, which is no text decoder with a cache. Export the model with past_key_values for text generation.`,
  );
}

async function onnxNames({ dir }: ModelFolder): Promise<readonly string[]> {
  try {
    return (await readdir(path.join(dir, 'onnx'))).map(name => `onnx/${name}`);
  } catch {
    return [];
  }
}

interface Config {
  readonly title: string | undefined;
  readonly architecture: string | undefined;
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
  const text = (name: string) => {
    const value = fields[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const heads = count('num_attention_heads') ?? count('n_head');
  const width = count('hidden_size') ?? count('n_embd');
  return {
    title: text('_name_or_path'),
    architecture: text('model_type'),
    kvHeads: count('num_key_value_heads') ?? heads,
    headDim: count('head_dim') ?? (heads !== undefined && width !== undefined ? width / heads : undefined),
    vocabSize: count('vocab_size'),
    contextLength: count('max_position_embeddings') ?? count('n_positions') ?? DEFAULT_CONTEXT_LENGTH,
  };
}

/** The manifest of a folder that brings none. */
function describe(
  folder: ModelFolder,
  config: Config,
  graphFile: string,
  session: Session,
  special: SpecialTokens,
): ProposalManifest {
  const order = fimOrder(undefined, special);
  return {
    formatVersion: FORMAT_VERSION,
    id: folder.id,
    title: config.title ?? folder.id,
    licence: 'unknown',
    graphForm: isDeltaForm(session.inputs) ? 'delta' : 'past',
    dtype: graphsOf([graphFile])[0]?.dtype ?? 'fp32',
    ...(order !== 'none' && { fim: { order, tokens: { ...special } } }),
    contextLength: config.contextLength,
    files: {},
  };
}
