/**
 * Writes protocol buffers' wire format: the three field types that ONNX files need, and nothing of what they mean.
 * (protobuf.dev, "Encoding".)
 */

/** A field whose value is an integer of at most 53 bits; negative ones take ten bytes, as two's complement of 64 bits. */
export function intField(number: number, value: number): Uint8Array {
  return joined([varint(number * 8), value < 0 ? negativeVarint(value) : varint(value)]);
}

export function floatField(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return joined([varint(number * 8 + 5), bytes]);
}

/** A string, bytes, or a message that is already written. */
export function bytesField(number: number, content: string | Uint8Array): Uint8Array {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return joined([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** Integers in one field, one behind the other. */
export function packedField(number: number, values: readonly number[]): Uint8Array {
  return bytesField(number, joined(values.map(value => (value < 0 ? negativeVarint(value) : varint(value)))));
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function negativeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) + 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
