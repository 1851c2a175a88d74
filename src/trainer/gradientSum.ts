/** The gradient of a step that is the sum of several micro-batches. */
import type { Batch, GradientGraph, GradientResult } from './gradientGraph';

export class GradientSum {
  readonly gradient: Float32Array<ArrayBuffer>;
  #loss = 0;
  #nTokens = 0;

  constructor(private readonly graph: GradientGraph) {
    this.gradient = new Float32Array(graph.flat.length);
  }

  /** Of all that was added since `clear`. */
  get loss(): number {
    return this.#loss;
  }

  /** Of what was trained on, without samples. */
  get nTokens(): number {
    return this.#nTokens;
  }

  clear(): void {
    this.gradient.fill(0);
    this.#loss = 0;
    this.#nTokens = 0;
  }

  /**
   * Adds a batch of what is trained on.
   * @param scale of its loss and gradient
   */
  async add(batch: Batch, scale = 1): Promise<GradientResult> {
    this.#nTokens += batch.nRows * batch.length;
    return this.addSamples(batch, scale);
  }

  /** Adds a batch of prompts and responses, whose tokens are not counted: most of them are context. */
  async addSamples(batch: Batch, scale = 1): Promise<GradientResult> {
    const result = await this.look(batch);
    const { gradient } = this.graph;
    for (let i = 0; i < gradient.length; i++) this.gradient[i] += scale * gradient[i];
    this.#loss += scale * result.loss;
    return result;
  }

  /** Runs a batch for its log-probabilities alone. */
  look(batch: Batch): Promise<GradientResult> {
    return this.graph.run(batch);
  }
}
