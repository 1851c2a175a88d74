/** A GGUF file of a few keys and tensors, by the format's description (ggml-org/ggml docs/gguf.md). */

export interface GgufParts {
  readonly version?: number;
  readonly values: Readonly<Record<string, string | number | readonly string[]>>;
  /** Name, dimensions with the contiguous one first, ggml's number of the type, bytes. */
  readonly tensors?: readonly (readonly [name: string, dims: readonly number[], type: number, sizeBytes: number])[];
}

const U32 = 4;
const STRING = 8;
const ARRAY = 9;
const ALIGNMENT = 32;

export function ggufBytes({ version = 3, values, tensors = [] }: GgufParts): Buffer {
  const parts: Buffer[] = [];
  const u32 = (n: number) => parts.push(Buffer.from(new Uint32Array([n]).buffer));
  const u64 = (n: number) => parts.push(Buffer.from(new BigUint64Array([BigInt(n)]).buffer));
  const text = (s: string) => {
    u64(Buffer.byteLength(s));
    parts.push(Buffer.from(s));
  };
  parts.push(Buffer.from('GGUF'));
  u32(version);
  u64(tensors.length);
  u64(Object.keys(values).length);
  for (const [key, value] of Object.entries(values)) {
    text(key);
    if (typeof value === 'string') {
      u32(STRING);
      text(value);
    } else if (typeof value === 'number') {
      u32(U32);
      u32(value);
    } else {
      u32(ARRAY);
      u32(STRING);
      u64(value.length);
      for (const one of value) text(one);
    }
  }
  let offset = 0;
  for (const [name, dims, type, sizeBytes] of tensors) {
    text(name);
    u32(dims.length);
    for (const dim of dims) u64(dim);
    u32(type);
    u64(offset);
    offset += padded(sizeBytes);
  }
  const head = Buffer.concat(parts);
  return Buffer.concat([head, Buffer.alloc(padded(head.length) - head.length + offset)]);
}

function padded(n: number): number {
  return Math.ceil(n / ALIGNMENT) * ALIGNMENT;
}
