/**
 * The gradient of a training step in ONNX Runtime: the graph of models/train/train_graph.py, which says what goes in and
 * out. Weights stay in one vector here; the runtime reads it in place and writes the gradient into another.
 */
import { UserError } from '../core/errors';
import { say } from '../core/sentence';
import { readFirst } from '../engine/modelFiles';
import { InferenceSession, Tensor } from '../engine/onnxruntime';

/** One micro-batch of B rows of T tokens. */
export interface Batch {
  /** B, even. */
  readonly nRows: number;
  /** T */
  readonly length: number;
  /** [B·T] */
  readonly tokens: Int32Array;
  /** [B·T]; anything where neither weight nor mask counts. */
  readonly targets: Int32Array;
  /** [B·T], already divided by what they are a mean over. */
  readonly weights: Float32Array;
  readonly preference?: {
    /** [B·T], 1 where a target belongs to its row's log-probability. */
    readonly mask: Float32Array;
    /** [B/2, B] */
    readonly pairs: Float32Array;
    /** [B/2] */
    readonly offsets: Float32Array;
    readonly sharpness: number;
  };
  readonly joint?: {
    /** [B·T, C], the target first. */
    readonly ids: Int32Array;
    /** [B·T, C] */
    readonly logps: Float32Array;
    /** [B·T], already divided. */
    readonly weights: Float32Array;
    readonly beta: number;
  };
}

export interface GradientResult {
  readonly loss: number;
  /** [B·T] nats, valid until the next run. */
  readonly nll: Float32Array;
  /** [B/2], chosen before rejected, without the offsets. */
  readonly margins: Float32Array;
}

export class GradientGraph {
  readonly #parameters: Tensor;
  readonly #gradient: Tensor;

  private constructor(
    private readonly session: InferenceSession,
    /** [N], what the runtime reads at every run. */
    readonly flat: Float32Array<ArrayBuffer>,
    /** [N], what the last run has written. */
    readonly gradient: Float32Array<ArrayBuffer>,
    private readonly nCandidates: number,
  ) {
    this.#parameters = new Tensor('float32', flat, [flat.length]);
    this.#gradient = new Tensor('float32', gradient, [gradient.length]);
  }

  /**
   * @param graphs folders that the graph may lie in
   * @param architecture its name, as module.json has it
   * @param flat the parameters; the graph keeps and reads this array
   * @param joint whether the loss on the proposal's candidates is wanted
   * @throws UserError when modules of this architecture cannot be trained here.
   */
  static async open(
    graphs: readonly string[],
    architecture: string,
    flat: Float32Array<ArrayBuffer>,
    { nThreads, form }: { readonly nThreads: number; readonly form: 'plain' | 'joint' },
  ): Promise<GradientGraph> {
    const name = `training-${architecture}${form === 'joint' ? '-joint' : ''}.onnx`;
    const graph = await readFirst(graphs, name);
    if (graph === undefined) {
      throw new UserError(
        'training-architecture',
        say`Modules of the architecture "${architecture}" cannot be trained with this version of Residual. Start from another module.`,
      );
    }
    const session = await InferenceSession.create(graph, {
      intraOpNumThreads: nThreads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // Without its arena the runtime gives 32 MB back and asks for them again at every operation on the vocabulary: a
      // quarter less memory, and a quarter more time, most of it the system's.
      enableCpuMemArena: true,
      extra: { session: { 'intra_op.allow_spinning': '0', set_denormal_as_zero: '1' } },
    });
    const input = session.inputMetadata.find(({ name: of }) => of === 'flat');
    const n = input?.isTensor ? input.shape[0] : undefined;
    if (n !== flat.length) {
      await session.release();
      throw new UserError(
        'training-architecture',
        say`The base has ${flat.length} parameters, and its architecture "${architecture}" has ${`${n}`}. Install Residual again, or start from another module.`,
      );
    }
    const candidates = session.inputMetadata.find(({ name: of }) => of === 'candidates');
    const nCandidates = candidates?.isTensor ? Number(candidates.shape[2]) : 0;
    return new GradientGraph(session, flat, new Float32Array(flat.length), nCandidates);
  }

  /** Computes loss and gradient of one micro-batch. */
  async run(batch: Batch): Promise<GradientResult> {
    const { nRows, length, preference, joint } = batch;
    const nPairs = nRows / 2;
    const rows = [nRows, length];
    const floats = (values: Float32Array, shape: readonly number[]) => new Tensor('float32', values, shape);
    const feeds: Record<string, Tensor> = {
      flat: this.#parameters,
      tokens: integers(batch.tokens, rows),
      targets: integers(batch.targets, rows),
      weights: floats(batch.weights, rows),
      mask: floats(preference?.mask ?? new Float32Array(nRows * length), rows),
      pairs: floats(preference?.pairs ?? new Float32Array(nPairs * nRows), [nPairs, nRows]),
      offsets: floats(preference?.offsets ?? new Float32Array(nPairs), [nPairs]),
      sharpness: floats(Float32Array.of(preference?.sharpness ?? 0), []),
    };
    if (this.nCandidates > 0) {
      const wide = [nRows, length, this.nCandidates];
      const n = nRows * length * this.nCandidates;
      feeds.candidates = integers(joint?.ids ?? new Int32Array(n), wide);
      feeds.candidate_logps = floats(joint?.logps ?? new Float32Array(n), wide);
      feeds.joint_weights = floats(joint?.weights ?? new Float32Array(nRows * length), rows);
      feeds.joint_beta = floats(Float32Array.of(joint?.beta ?? 0), []);
    }
    const results = await this.session.run(feeds, { gradient: this.#gradient, loss: null, nll: null, margins: null });
    return {
      loss: (results.loss.data as Float32Array)[0],
      nll: results.nll.data as Float32Array,
      margins: results.margins.data as Float32Array,
    };
  }

  close(): Promise<void> {
    return this.session.release();
  }
}

/** The graph wants an id where there is none to predict, too. */
function integers(values: Int32Array, shape: readonly number[]): Tensor {
  return new Tensor(
    'int64',
    BigInt64Array.from(values, value => BigInt(Math.max(0, value))),
    shape,
  );
}
