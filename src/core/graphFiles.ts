/**
 * Which files of a proposal's `onnx/` folder belong together: graphs are named after the type of their weights, and
 * external weights after their graph. Names are relative to the proposal's folder.
 */

export interface GraphFile {
  /** `onnx/model_q4.onnx`. */
  readonly name: string;
  /** `q4`; `fp32` for `onnx/model.onnx`. */
  readonly dtype: string;
}

/** Best on a CPU first: 8-bit weights, then 4-bit, then float32; half precision is slow here. */
const PREFERENCE = ['quantized', 'int8', 'uint8', 'q4', 'int4', 'fp32', 'fp16', 'q4f16', 'bnb4'];

const GRAPH = /^onnx\/model(?:_([\w.-]+))?\.onnx$/;

/** The graphs among `names`, the one to prefer on a CPU first. */
export function graphsOf(names: readonly string[]): GraphFile[] {
  const graphs = names.flatMap((name): GraphFile[] => {
    const match = GRAPH.exec(name);
    return match === null ? [] : [{ name, dtype: match[1] ?? 'fp32' }];
  });
  const rank = ({ dtype }: GraphFile) => (PREFERENCE.includes(dtype) ? PREFERENCE.indexOf(dtype) : PREFERENCE.length);
  return graphs.sort((a, b) => rank(a) - rank(b) || compare(a.name, b.name));
}

/** The graph with weights of that type; the usual exports call their float32 graph model.onnx. */
export function graphNameOf(dtype: string, names: readonly string[]): string {
  const name = `onnx/model_${dtype}.onnx`;
  return dtype === 'fp32' && !names.includes(name) && names.includes('onnx/model.onnx') ? 'onnx/model.onnx' : name;
}

/**
 * External weights of a graph: model_q4.onnx_data, model_q4.onnx_data_1, model_q4.onnx.data, model_int8.safetensors, and
 * shards, model_int8-00001-of-00006.safetensors.
 */
export function weightFilesOf(graph: string, names: readonly string[]): string[] {
  const stem = graph.slice(0, -'.onnx'.length);
  const isOfGraph = (rest: string) => rest.startsWith('.') || SHARD.test(rest);
  return [...new Set(names)].filter(
    name => name.startsWith(stem) && name !== graph && isOfGraph(name.slice(stem.length)),
  );
}

const SHARD = /^-\d{5}-of-\d{5}\.safetensors$/;

/** Not by locale: the same everywhere. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
