/** How much memory a proposal will take, before it is loaded. */
import os from 'node:os';
import type { Variant } from './proposalLayout';

export interface MemoryNeed {
  /** What the engine will grow by while it loads. */
  readonly neededBytes: number;
  /** What this machine, or the container that it is, has left. */
  readonly availableBytes: number;
  /** What `residual.memoryMiB` must be at least. */
  readonly allowanceMiB: number;
}

/**
 * Measured with float32 and 8-bit models of 114 and 456 MiB: weights inside a graph are held twice while it loads
 * (1.93 and 2.13 times), those beside it once (1.09).
 */
const INSIDE = 2.1;
const BESIDE = 1.1;

/** Room for caches and for modules of the usual size beside the weights. */
const BESIDE_WEIGHTS_MIB = 256;
const STEP_MIB = 128;

const MIB = 1024 * 1024;

export function memoryNeed({ files, graphFile, sizeBytes }: Variant, availableBytes = available()): MemoryNeed {
  const insideBytes = files.find(({ name }) => name === graphFile)?.sizeBytes ?? 0;
  const neededBytes = INSIDE * insideBytes + BESIDE * (sizeBytes - insideBytes);
  return { neededBytes, availableBytes, allowanceMiB: allowanceFor(sizeBytes) };
}

/** What `residual.memoryMiB` must be at least for weights of that size. */
export function allowanceFor(weightsBytes: number): number {
  return STEP_MIB * Math.ceil((weightsBytes / MIB + BESIDE_WEIGHTS_MIB) / STEP_MIB);
}

/** What this machine, or the container that it is, has left. */
export function available(): number {
  // Knows of a container's limit; not in every Node that may run this.
  const { availableMemory } = process as { readonly availableMemory?: () => number };
  return Math.min(os.freemem(), availableMemory?.() ?? Number.POSITIVE_INFINITY);
}
