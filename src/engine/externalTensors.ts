/**
 * Reads from an ONNX graph which tensors it expects in which external file, and nothing else: the few protobuf fields
 * ModelProto.graph (7), GraphProto.initializer (5) and in TensorProto dims (1), data_type (2), name (8),
 * external_data (13) and data_location (14). Field numbers: onnx/onnx.proto, IR version 10.
 */

export interface ExternalTensor {
  readonly name: string;
  /** TensorProto.DataType. */
  readonly dataType: number;
  readonly shape: readonly number[];
  /** File name relative to the graph. */
  readonly location: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

const EXTERNAL = 1;

/** @throws Error when the bytes are not a protobuf message. */
export function readExternalTensors(graph: Uint8Array): readonly ExternalTensor[] {
  const tensors: ExternalTensor[] = [];
  for (const model of fieldsOf(graph)) {
    if (model.number !== 7) continue;
    for (const entry of fieldsOf(model.bytes)) {
      const tensor = entry.number === 5 ? parseTensor(entry.bytes) : undefined;
      if (tensor) tensors.push(tensor);
    }
  }
  return tensors;
}

function parseTensor(bytes: Uint8Array): ExternalTensor | undefined {
  const shape: number[] = [];
  const external = new Map<string, string>();
  let name = '';
  let dataType = 0;
  let location = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) shape.push(...(field.isBytes ? varints(field.bytes) : [field.value]));
    else if (field.number === 2) dataType = field.value;
    else if (field.number === 8) name = text(field.bytes);
    else if (field.number === 13) external.set(...parseEntry(field.bytes));
    else if (field.number === 14) location = field.value;
  }
  if (location !== EXTERNAL) return undefined;
  return {
    name,
    dataType,
    shape,
    location: external.get('location') ?? '',
    offset: Number(external.get('offset') ?? 0),
    sizeBytes: Number(external.get('length') ?? 0),
  };
}

/** StringStringEntryProto: key (1), value (2). */
function parseEntry(bytes: Uint8Array): [string, string] {
  let key = '';
  let value = '';
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) key = text(field.bytes);
    else if (field.number === 2) value = text(field.bytes);
  }
  return [key, value];
}

interface Field {
  readonly number: number;
  readonly isBytes: boolean;
  /** Value of a varint field. */
  readonly value: number;
  /** Content of a length-delimited field. */
  readonly bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw truncated();
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) {
      yield { number, isBytes: false, value: varint(), bytes: NO_BYTES };
      continue;
    }
    const sizeBytes = wireType === 2 ? varint() : wireType === 1 ? 8 : wireType === 5 ? 4 : Number.NaN;
    if (!(at + sizeBytes <= bytes.length)) throw truncated();
    yield { number, isBytes: wireType === 2, value: 0, bytes: bytes.subarray(at, at + sizeBytes) };
    at += sizeBytes;
  }
}

function varints(bytes: Uint8Array): number[] {
  const values: number[] = [];
  let value = 0;
  let scale = 1;
  for (const byte of bytes) {
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte < 128) {
      values.push(value);
      value = 0;
      scale = 1;
    }
  }
  return values;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function truncated(): Error {
  return new Error('The graph is not a whole ONNX file.');
}
