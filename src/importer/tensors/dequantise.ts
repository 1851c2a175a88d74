/**
 * What stored floats and blocks of 32 values mean as float32, to the bit as gguf-py and ggml compute it: products of a
 * scale and small integers are exact in doubles and in float32 alike, so that only the last addition rounds, and
 * rounding a double's sum to float32 is the same as adding in float32 (53 ≥ 2·24 + 2 bits).
 * Layouts: ggml-org/llama.cpp ggml/src/ggml-common.h; meaning: gguf-py/gguf/quants.py.
 */
import { halfFloatTable } from '../../engine/halfFloat';

export interface StorageType {
  /** As GGUF and safetensors call it. */
  readonly name: string;
  /** Values a block. */
  readonly blockSize: number;
  readonly blockBytes: number;
  /** Whole blocks: `out.length` is a multiple of `blockSize`, and `bytes` holds as many blocks. */
  dequantise(bytes: Uint8Array, out: Float32Array): void;
}

/** Values of a four-bit index in IQ4_NL and IQ4_XS. */
export const NON_LINEAR = Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

/** Twice the values of FP4 (E2M1): OCP Microscaling Formats 1.0, 5.3.3. */
const FP4_DOUBLED = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

export const SIMPLE_TYPES: readonly StorageType[] = [
  { name: 'F32', blockSize: 1, blockBytes: 4, dequantise: f32 },
  { name: 'F64', blockSize: 1, blockBytes: 8, dequantise: f64 },
  { name: 'F16', blockSize: 1, blockBytes: 2, dequantise: f16 },
  { name: 'BF16', blockSize: 1, blockBytes: 2, dequantise: bf16 },
  { name: 'Q4_0', blockSize: 32, blockBytes: 18, dequantise: q4_0 },
  { name: 'Q4_1', blockSize: 32, blockBytes: 20, dequantise: q4_1 },
  { name: 'Q5_0', blockSize: 32, blockBytes: 22, dequantise: q5_0 },
  { name: 'Q5_1', blockSize: 32, blockBytes: 24, dequantise: q5_1 },
  { name: 'Q8_0', blockSize: 32, blockBytes: 34, dequantise: q8_0 },
  { name: 'IQ4_NL', blockSize: 32, blockBytes: 18, dequantise: iq4_nl },
  { name: 'MXFP4', blockSize: 32, blockBytes: 17, dequantise: mxfp4 },
];

/** The bytes of floats are little-endian, as is every machine that this runs on. */
function f32(bytes: Uint8Array, out: Float32Array): void {
  new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes.subarray(0, out.byteLength));
}

function f64(bytes: Uint8Array, out: Float32Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < out.length; i++) out[i] = view.getFloat64(8 * i, true);
}

function f16(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let i = 0, p = 0; i < out.length; i++, p += 2) out[i] = half[bytes[p] | (bytes[p + 1] << 8)];
}

function bf16(bytes: Uint8Array, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0, p = 0; i < bits.length; i++, p += 2) bits[i] = (bytes[p] << 16) | (bytes[p + 1] << 24);
}

/** d, then 16 bytes of low nibbles (values 0–15) and high ones (16–31). */
function q4_0(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 18, o += 32) {
    const d = half[bytes[p] | (bytes[p + 1] << 8)];
    for (let i = 0; i < 16; i++) {
      const q = bytes[p + 2 + i];
      out[o + i] = d * ((q & 15) - 8);
      out[o + 16 + i] = d * ((q >> 4) - 8);
    }
  }
}

/** d, m, nibbles. */
function q4_1(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 20, o += 32) {
    const d = half[bytes[p] | (bytes[p + 1] << 8)];
    const m = half[bytes[p + 2] | (bytes[p + 3] << 8)];
    for (let i = 0; i < 16; i++) {
      const q = bytes[p + 4 + i];
      out[o + i] = d * (q & 15) + m;
      out[o + 16 + i] = d * (q >> 4) + m;
    }
  }
}

/** d, 32 fifth bits, nibbles. */
function q5_0(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 22, o += 32) {
    const d = half[bytes[p] | (bytes[p + 1] << 8)];
    const fifth = bytes[p + 2] | (bytes[p + 3] << 8) | (bytes[p + 4] << 16) | (bytes[p + 5] << 24);
    for (let i = 0; i < 16; i++) {
      const q = bytes[p + 6 + i];
      out[o + i] = d * (((q & 15) | (((fifth >>> i) & 1) << 4)) - 16);
      out[o + 16 + i] = d * (((q >> 4) | (((fifth >>> (16 + i)) & 1) << 4)) - 16);
    }
  }
}

/** d, m, 32 fifth bits, nibbles. */
function q5_1(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 24, o += 32) {
    const d = half[bytes[p] | (bytes[p + 1] << 8)];
    const m = half[bytes[p + 2] | (bytes[p + 3] << 8)];
    const fifth = bytes[p + 4] | (bytes[p + 5] << 8) | (bytes[p + 6] << 16) | (bytes[p + 7] << 24);
    for (let i = 0; i < 16; i++) {
      const q = bytes[p + 8 + i];
      out[o + i] = d * ((q & 15) | (((fifth >>> i) & 1) << 4)) + m;
      out[o + 16 + i] = d * ((q >> 4) | (((fifth >>> (16 + i)) & 1) << 4)) + m;
    }
  }
}

/** d, 32 signed bytes. */
function q8_0(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 34, o += 32) {
    const d = half[bytes[p] | (bytes[p + 1] << 8)];
    for (let i = 0; i < 32; i++) out[o + i] = d * ((bytes[p + 2 + i] << 24) >> 24);
  }
}

/** As Q4_0, its nibbles indices of a table. */
function iq4_nl(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 18, o += 32) {
    const d = half[bytes[p] | (bytes[p + 1] << 8)];
    for (let i = 0; i < 16; i++) {
      const q = bytes[p + 2 + i];
      out[o + i] = d * NON_LINEAR[q & 15];
      out[o + 16 + i] = d * NON_LINEAR[q >> 4];
    }
  }
}

/** An exponent (E8M0), nibbles that are FP4. */
function mxfp4(bytes: Uint8Array, out: Float32Array): void {
  for (let p = 0, o = 0; o < out.length; p += 17, o += 32) {
    const d = 2 ** (bytes[p] - 128);
    for (let i = 0; i < 16; i++) {
      const q = bytes[p + 1 + i];
      out[o + i] = d * FP4_DOUBLED[q & 15];
      out[o + 16 + i] = d * FP4_DOUBLED[q >> 4];
    }
  }
}
