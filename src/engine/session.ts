/** ONNX Runtime sessions: how they are made, and one run at a time on each. */
import { InferenceSession, type Tensor } from './onnxruntime';

export type Feeds = Record<string, Tensor>;

export interface ExternalFile {
  /** The file name by which the graph addresses it. */
  readonly path: string;
  readonly data: Uint8Array;
}

export interface Execution {
  /** Threads of one pass. */
  readonly nThreads: number;
  /** Hears of each step that blocks the thread before it begins, with the weights it may read. */
  readonly onStep?: (weightsBytes: number) => void;
}

/**
 * @param model the path of a graph, beside which its own external files are found, or a graph's bytes
 * @param external weights handed over in memory; ONNX Runtime copies them before this resolves
 */
export async function openSession(
  model: string | Uint8Array,
  external: readonly ExternalFile[],
  weightsBytes: number,
  { nThreads, onStep = () => {} }: Execution,
): Promise<Session> {
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: nThreads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    // Threads that spin after a run take the cores from the other model's session.
    extra: { session: { force_spinning_stop: '1' } },
    ...(external.length > 0 ? { externalData: [...external] } : {}),
  };
  onStep(weightsBytes);
  const inner =
    typeof model === 'string'
      ? await InferenceSession.create(model, options)
      : await InferenceSession.create(model, options);
  return new Session(inner, () => onStep(weightsBytes));
}

/** A tensor's name, element type and shape; a symbolic dimension is its name. */
export interface TensorSignature {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

export class Session {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly inner: InferenceSession,
    private readonly onRun: () => void,
  ) {
    this.inputs = inner.inputMetadata.flatMap(signature);
    this.outputs = inner.outputMetadata.flatMap(signature);
  }

  /**
   * Runs are queued, because feeds are views of scratch buffers that the runtime reads in place a moment later:
   * `prepare` is called when its turn comes and its buffers are free again when the promise settles.
   * @param fetches the outputs that are needed, all when absent; others are not copied
   */
  run(prepare: () => Feeds, fetches?: readonly string[]): Promise<InferenceSession.ReturnType> {
    const run = this.#last.then(() => {
      this.onRun();
      return fetches === undefined ? this.inner.run(prepare()) : this.inner.run(prepare(), fetches);
    });
    this.#last = run.catch(() => {});
    return run;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.inner.release();
  }
}

function signature(metadata: InferenceSession.ValueMetadata): TensorSignature[] {
  return metadata.isTensor ? [{ name: metadata.name, type: metadata.type, shape: metadata.shape }] : [];
}
