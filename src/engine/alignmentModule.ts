/**
 * Loads a module folder: a manifest and weights, for a graph that Residual ships per architecture. A module from
 * elsewhere is therefore data only; the graph that runs is always one of ours, known by its hash.
 */
import path from 'node:path';
import { UserError } from '../core/errors';
import { type Architecture, type ModuleManifest, parseModuleManifest, weightsFileOf } from '../core/manifest';
import type { Tokenizer } from '../core/model';
import { say } from '../core/sentence';
import { DeltaGraph } from './deltaGraph';
import { readExternalTensors } from './externalTensors';
import {
  type FileHashes,
  fileSizeBytes,
  type ModelFolder,
  named,
  readFirst,
  readModelFile,
  readModelJson,
  sha256,
} from './modelFiles';
import { OnnxModel } from './onnxModel';
import type { ClosableModel } from './residentModels';
import { checkWeights } from './safetensors';
import { type Execution, openSession } from './session';

export interface AlignmentModule {
  readonly manifest: ModuleManifest;
  readonly model: ClosableModel;
}

/** Makes a model of ngram.bin; the tokenizer is the proposal's, whose id the manifest names. */
export type LoadNgram = (manifest: ModuleManifest, bytes: Uint8Array, tokenizer: Tokenizer) => ClosableModel;

export interface ModuleFiles {
  readonly folder: ModelFolder;
  readonly manifest: ModuleManifest;
  readonly sizeBytes: number;
}

export interface ModuleLoading {
  /** Folders that its architecture's graph may lie in. */
  readonly graphs: readonly string[];
  readonly hashes: FileHashes;
  readonly execution: Execution;
  readonly tokenizer: Tokenizer;
  readonly loadNgram: LoadNgram;
}

/** Positions of a module whose manifest does not say: rotary positions have no table that could end. */
const DEFAULT_CONTEXT_LENGTH = 32_768;

/** @throws UserError when the manifest is missing or not one this version reads. */
export async function findModuleFiles(folder: ModelFolder): Promise<ModuleFiles> {
  return named(folder, async () => {
    const manifest = parseModuleManifest(await readModelJson(folder, 'module.json'));
    const sizeBytes = await fileSizeBytes(path.join(folder.dir, weightsFileOf(manifest)));
    return { folder, manifest, sizeBytes };
  });
}

/** @throws UserError naming the file, the reason and the next step. */
export async function loadModule(files: ModuleFiles, loading: ModuleLoading): Promise<AlignmentModule> {
  const { folder, manifest } = files;
  return named(folder, async () => {
    const fileName = weightsFileOf(manifest);
    const weights = await readModelFile(folder, fileName);
    await loading.hashes.verify(folder, manifest.files, [fileName], new Map([[fileName, weights]]));
    const { architecture } = manifest;
    if (architecture === undefined) {
      return { manifest, model: loading.loadNgram(manifest, weights, loading.tokenizer) };
    }
    return { manifest, model: await openNeural(manifest, architecture, weights, loading) };
  });
}

async function openNeural(
  manifest: ModuleManifest,
  architecture: Architecture,
  weights: Uint8Array,
  { graphs, execution }: ModuleLoading,
): Promise<OnnxModel> {
  const graphBytes = await readGraph(graphs, architecture);
  const external = readExternalTensors(graphBytes);
  const fileName = weightsFileOf(manifest);
  checkWeights(fileName, weights, external);
  const location = external[0]?.location ?? fileName;
  const session = await openSession(graphBytes, [{ path: location, data: weights }], weights.byteLength, execution);
  const contextLength = manifest.contextLength ?? DEFAULT_CONTEXT_LENGTH;
  try {
    return new OnnxModel({
      tokenizerId: manifest.tokenizerSha256,
      contextLength,
      graph: new DeltaGraph(session, contextLength),
      weightsBytes: weights.byteLength,
      close: () => session.close(),
    });
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** @throws UserError when no folder has the graph, or it is not what its name says. */
export async function readGraph(graphs: readonly string[], { name, graphSha256 }: Architecture): Promise<Buffer> {
  const fileName = `${graphSha256}.onnx`;
  const bytes = await readFirst(graphs, fileName);
  if (bytes === undefined) {
    throw new UserError(
      'architecture-unknown',
      say`It was made for the architecture "${name}" (graph ${graphSha256.slice(0, 12)}…), which this version of Residual does not have. Update Residual, or get the module for this version.`,
    );
  }
  if (sha256(bytes) !== graphSha256) {
    throw new UserError(
      'model-file-changed',
      say`The graph ${fileName} of the architecture "${name}" is damaged or was changed. Install Residual again.`,
    );
  }
  return bytes;
}

/** What a module must fit. */
export interface Fitting {
  readonly id: string;
  readonly tokenizerId: string;
  readonly vocabSize: number;
}

/** @throws UserError when the module's manifest names another tokenizer than the proposal's. */
export function checkTokenizer(manifest: ModuleManifest, proposal: Fitting): void {
  if (manifest.tokenizerSha256 === proposal.tokenizerId) return;
  throw new UserError(
    'tokenizer-mismatch',
    say`"${manifest.id}" was made for another tokenizer (${manifest.tokenizerSha256.slice(0, 12)}…) than the one of the proposal "${proposal.id}" (${proposal.tokenizerId.slice(0, 12)}…). Choose a module made for this proposal, or another proposal.`,
  );
}

/** @throws UserError when the rows of the two models have different lengths. */
export function checkVocabulary({ manifest, model }: AlignmentModule, proposal: Fitting): void {
  if (model.vocabSize === proposal.vocabSize) return;
  throw new UserError(
    'tokenizer-mismatch',
    say`"${manifest.id}" gives ${model.vocabSize} probabilities a token and the proposal "${proposal.id}" ${proposal.vocabSize}. Choose a module made for this proposal, or another proposal.`,
  );
}
