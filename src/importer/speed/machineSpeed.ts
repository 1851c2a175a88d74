/**
 * How fast this machine multiplies: the runtime's own products, of the shape and in the forms that an imported model has,
 * on noise, for a few seconds at most. An estimate of a model, without its attention and its caches.
 */
import { randomFillSync } from 'node:crypto';
import { throwIfAborted } from '../../core/errors';
import { Tensor } from '../../engine/onnxruntime';
import { openSession } from '../../engine/session';
import type { ImportFormat, MachineSpeed } from '../../protocol/importing';
import { N_PRODUCTS, productGraph, WIDTH } from './productGraph';

/** Of everything, both forms together. */
const MOST_MS = 5000;
/** Tokens evaluated at once, of the order of a chunk of a prompt. */
const N_PREFILLED = 64;
const MOST_RUNS = 9;

/** @param nThreads of one pass, as completions have */
export async function machineSpeed(nThreads: number, signal: AbortSignal): Promise<MachineSpeed[]> {
  const formats: readonly ImportFormat[] = ['int8', 'int4'];
  const speeds: MachineSpeed[] = [];
  for (const format of formats) {
    throwIfAborted(signal);
    speeds.push(await speedOf(format, nThreads, performance.now() + MOST_MS / formats.length, signal));
  }
  return speeds;
}

async function speedOf(
  format: ImportFormat,
  nThreads: number,
  endMs: number,
  signal: AbortSignal,
): Promise<MachineSpeed> {
  const { model, external } = productGraph(format, randomFillSync);
  const weightsBytes = external.data.length;
  const session = await openSession(model, [external], weightsBytes, { nThreads });
  try {
    const leftMs = endMs - performance.now();
    // Two thirds for the passes that differ less from one to the next, and take longer.
    const stepMs = await medianMs(1, performance.now() + leftMs / 3);
    const prefillMs = await medianMs(N_PREFILLED, endMs);
    return {
      format,
      stepBytesPerS: (1000 * weightsBytes) / stepMs,
      prefillProductsPerS: (1000 * N_PRODUCTS * N_PREFILLED) / prefillMs,
    };
  } finally {
    await session.close();
  }

  /** At least two passes, of which the first one does not count. */
  async function medianMs(nTokens: number, untilMs: number): Promise<number> {
    const x = new Tensor('float32', Float32Array.from({ length: nTokens * WIDTH }, noise), [nTokens, WIDTH]);
    const times: number[] = [];
    while (times.length < 2 || (times.length < MOST_RUNS && performance.now() < untilMs)) {
      throwIfAborted(signal);
      const startedMs = performance.now();
      await session.run(() => ({ x }));
      times.push(performance.now() - startedMs);
    }
    const counted = times.slice(1).sort((a, b) => a - b);
    return counted[Math.floor(counted.length / 2)];
  }
}

/** In (−1, 1), the same every time. */
function noise(_: unknown, i: number): number {
  return Math.sin(i * 12.9898) * 0.9;
}
