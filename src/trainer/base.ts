/** The module that training starts from, as numbers, and a model of the numbers that training arrives at. */
import { UserError } from '../core/errors';
import type { Architecture, ModuleManifest } from '../core/manifest';
import { say } from '../core/sentence';
import { checkTokenizer, type Fitting, findModuleFiles, readGraph } from '../engine/alignmentModule';
import { DeltaGraph } from '../engine/deltaGraph';
import { type ExternalTensor, readExternalTensors } from '../engine/externalTensors';
import { FileHashes, type ModelFolder, named, readModelFile, sha256 } from '../engine/modelFiles';
import { OnnxModel } from '../engine/onnxModel';
import type { ClosableModel } from '../engine/residentModels';
import { checkWeights } from '../engine/safetensors';
import { openSession } from '../engine/session';
import { type Layout, layoutOf, readParameters, writeParameters } from './parameters';

export const WEIGHTS_FILE = 'model.safetensors';

export interface Base {
  readonly manifest: ModuleManifest;
  readonly architecture: Architecture;
  readonly weightsSha256: string;
  readonly layout: Layout;
  readonly tensors: readonly ExternalTensor[];
  /** [N] */
  readonly flat: Float32Array<ArrayBuffer>;
  readonly graph: Uint8Array;
}

/** @throws UserError when the module is damaged, for another proposal, or none that gradients can be computed for. */
export async function loadBase(folder: ModelFolder, graphs: readonly string[], proposal: Fitting): Promise<Base> {
  const { manifest } = await findModuleFiles(folder);
  return named(folder, async () => {
    const { architecture } = manifest;
    if (architecture === undefined) {
      throw new UserError(
        'training-base-ngram',
        say`"${manifest.id}" counts words and has no weights to train. Start from a neural module, such as "generic".`,
      );
    }
    checkTokenizer(manifest, proposal);
    const weights = await readModelFile(folder, WEIGHTS_FILE);
    await new FileHashes().verify(folder, manifest.files, [WEIGHTS_FILE], new Map([[WEIGHTS_FILE, weights]]));
    const graph = await readGraph(graphs, architecture);
    const tensors = readExternalTensors(graph);
    checkWeights(WEIGHTS_FILE, weights, tensors);
    const layout = layoutOf(tensors);
    const flat = readParameters(weights, tensors, layout);
    return { manifest, architecture, weightsSha256: sha256(weights), layout, tensors, flat, graph };
  });
}

/** The weights as a module's file holds them. */
export function weightsFile({ tensors, layout }: Base, flat: Float32Array): Buffer<ArrayBuffer> {
  return writeParameters(flat, tensors, layout);
}

/** A model of exactly what would ship: rounded as in the file. */
export async function alignerOf(base: Base, flat: Float32Array, nThreads: number): Promise<ClosableModel> {
  const data = weightsFile(base, flat);
  const location = base.tensors[0].location;
  const session = await openSession(base.graph, [{ path: location, data }], data.byteLength, { nThreads });
  const contextLength = base.manifest.contextLength ?? Number.MAX_SAFE_INTEGER;
  return new OnnxModel({
    tokenizerId: base.manifest.tokenizerSha256,
    contextLength,
    graph: new DeltaGraph(session, contextLength),
    weightsBytes: data.byteLength,
    close: () => session.close(),
  });
}
