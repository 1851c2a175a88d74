/**
 * A graph of a decoder's linear layers, one behind the other, in the number formats that importing writes and with made-up
 * weights: what one pass through it costs is what one pass through so many weights of a model costs.
 */
import type { ImportFormat } from '../../protocol/importing';
import { GraphWriter, type OutsideTensor, sizeBytesOf } from '../graph/graphWriter';
import { Numbers } from '../graph/numberFormats';
import type { MatrixForm } from '../weights/storedWeights';

/** A layer widens and narrows again, as feed-forward parts do. */
export const WIDTH = 1024;
const HIDDEN = 4096;
/** Together more than the caches of a processor hold, and made in a moment. */
const N_MATRICES = 16;
export const N_PRODUCTS = N_MATRICES * WIDTH * HIDDEN;

const FORMS: Readonly<Record<ImportFormat, MatrixForm>> = {
  int8: { kind: 'rows' },
  int4: { kind: 'blocks', bits: 4, blockSize: 32 },
};
/** What scales divide by, so that no output grows from layer to layer. */
const SPREAD: Readonly<Record<ImportFormat, number>> = { int8: 37, int4: 16 };
const FILE = 'weights';

export interface ProductGraph {
  /** From `x` to `y`, float32 [T, WIDTH]. */
  readonly model: Uint8Array;
  readonly external: { readonly path: string; readonly data: Uint8Array };
}

/** @param fill writes noise: what is multiplied must not be all alike */
export function productGraph(format: ImportFormat, fill: (bytes: Uint8Array) => void): ProductGraph {
  const graph = new GraphWriter();
  const numbers = new Numbers(graph);
  let x = graph.input('x', 'float32', ['T', WIDTH]);
  for (let i = 0; i < N_MATRICES; i++) {
    const [nIn, nOut] = i % 2 === 0 ? [WIDTH, HIDDEN] : [HIDDEN, WIDTH];
    const source = { tensors: [], nOut, nIn, firstRow: 0 };
    x = numbers.linear(x, `m${i}`, source, FORMS[format], 'T');
  }
  graph.node('Identity', [x], 1, { outputs: ['y'] });
  graph.output('y', 'float32', ['T', WIDTH]);
  const offsets = new Map<OutsideTensor, number>();
  let sizeBytes = 0;
  for (const tensor of graph.outside) {
    offsets.set(tensor, sizeBytes);
    sizeBytes += sizeBytesOf(tensor);
  }
  const data = new Uint8Array(sizeBytes);
  const noise = noiseFor(format, fill);
  for (const [tensor, offset] of offsets) {
    const into = data.subarray(offset, offset + sizeBytesOf(tensor));
    // The same noise in each: what counts is that there are so many bytes to read.
    if (tensor.type !== 'float32') into.set(noise.subarray(0, into.length));
    else floatsIn(into).fill(1 / (SPREAD[format] * Math.sqrt(nInOf(tensor))));
  }
  return {
    model: graph.write(tensor => ({ location: FILE, offset: offsets.get(tensor) as number })),
    external: { path: FILE, data },
  };
}

/** Of one matrix; both shapes have as many weights. */
function noiseFor(format: ImportFormat, fill: (bytes: Uint8Array) => void): Uint8Array {
  const noise = new Uint8Array(format === 'int8' ? WIDTH * HIDDEN : (WIDTH * HIDDEN) / 2);
  fill(noise);
  // Seven bits, in two's complement, as importing writes them.
  if (format === 'int8') for (let k = 0; k < noise.length; k++) noise[k] = ((noise[k] & 127) - 64) & 255;
  return noise;
}

/** Scales have a row for each output, and the layers take turns. */
function nInOf({ shape }: OutsideTensor): number {
  return shape[0] === HIDDEN ? WIDTH : HIDDEN;
}

function floatsIn(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
