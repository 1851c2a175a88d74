/**
 * The K-quants and IQ4_XS: blocks of 256 values in groups of 16 or 32, whose scales are small integers times one
 * half-precision number. Element e of a block is the value `e & 31` of its eighth `e >> 5`.
 * Layouts: ggml-org/llama.cpp ggml/src/ggml-common.h; meaning: gguf-py/gguf/quants.py.
 */
import { halfFloatTable } from '../../engine/halfFloat';
import { NON_LINEAR, type StorageType } from './dequantise';

const BLOCK = 256;

export const K_TYPES: readonly StorageType[] = [
  { name: 'Q2_K', blockSize: BLOCK, blockBytes: 84, dequantise: q2_k },
  { name: 'Q3_K', blockSize: BLOCK, blockBytes: 110, dequantise: q3_k },
  { name: 'Q4_K', blockSize: BLOCK, blockBytes: 144, dequantise: q4_k },
  { name: 'Q5_K', blockSize: BLOCK, blockBytes: 176, dequantise: q5_k },
  { name: 'Q6_K', blockSize: BLOCK, blockBytes: 210, dequantise: q6_k },
  { name: 'IQ4_XS', blockSize: BLOCK, blockBytes: 136, dequantise: iq4_xs },
];

/** 16 bytes of scale and minimum (a nibble each), 64 of two bits a value, d, dmin. */
function q2_k(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 84, o += BLOCK) {
    const d = half[bytes[p + 80] | (bytes[p + 81] << 8)];
    const dMin = half[bytes[p + 82] | (bytes[p + 83] << 8)];
    for (let group = 0; group < 16; group++) {
      const scale = d * (bytes[p + group] & 15);
      const minimum = dMin * (bytes[p + group] >> 4);
      const quants = p + 16 + 32 * (group >> 3) + 16 * (group & 1);
      const shift = 2 * ((group >> 1) & 3);
      for (let i = 0; i < 16; i++) out[o + 16 * group + i] = scale * ((bytes[quants + i] >> shift) & 3) - minimum;
    }
  }
}

/** 32 bytes of third bits, 64 of two bits a value, 12 of sixteen six-bit scales, d. A third bit that is clear means −4. */
function q3_k(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 110, o += BLOCK) {
    const d = half[bytes[p + 108] | (bytes[p + 109] << 8)];
    const scales = p + 96;
    for (let group = 0; group < 16; group++) {
      const low = group < 8 ? bytes[scales + group] & 15 : bytes[scales + group - 8] >> 4;
      const high = (bytes[scales + 8 + (group & 3)] >> (2 * (group >> 2))) & 3;
      const scale = d * ((low | (high << 4)) - 32);
      const quants = p + 32 + 32 * (group >> 3) + 16 * (group & 1);
      const thirds = p + 16 * (group & 1);
      const shift = 2 * ((group >> 1) & 3);
      const bit = group >> 1;
      for (let i = 0; i < 16; i++) {
        const third = ((bytes[thirds + i] >> bit) & 1) ^ 1;
        out[o + 16 * group + i] = scale * (((bytes[quants + i] >> shift) & 3) - 4 * third);
      }
    }
  }
}

/** Scale of one of the eight groups of Q4_K and Q5_K: six bits of the twelve bytes at `at`. */
function sixBitScale(bytes: Uint8Array, at: number, group: number): number {
  return group < 4 ? bytes[at + group] & 63 : (bytes[at + group + 4] & 15) | ((bytes[at + group - 4] >> 6) << 4);
}

/** Minimum of the same group. */
function sixBitMinimum(bytes: Uint8Array, at: number, group: number): number {
  return group < 4 ? bytes[at + group + 4] & 63 : (bytes[at + group + 4] >> 4) | ((bytes[at + group] >> 6) << 4);
}

/** d, dmin, 12 bytes of scales and minima, 128 of nibbles: low ones of 32 bytes, then their high ones. */
function q4_k(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 144, o += BLOCK) {
    const d = half[bytes[p] | (bytes[p + 1] << 8)];
    const dMin = half[bytes[p + 2] | (bytes[p + 3] << 8)];
    for (let group = 0; group < 8; group++) {
      const scale = d * sixBitScale(bytes, p + 4, group);
      const minimum = dMin * sixBitMinimum(bytes, p + 4, group);
      const quants = p + 16 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let i = 0; i < 32; i++) out[o + 32 * group + i] = scale * ((bytes[quants + i] >> shift) & 15) - minimum;
    }
  }
}

/** As Q4_K, with 32 bytes of fifth bits before the nibbles: bit g of byte i for value i of group g. */
function q5_k(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 176, o += BLOCK) {
    const d = half[bytes[p] | (bytes[p + 1] << 8)];
    const dMin = half[bytes[p + 2] | (bytes[p + 3] << 8)];
    for (let group = 0; group < 8; group++) {
      const scale = d * sixBitScale(bytes, p + 4, group);
      const minimum = dMin * sixBitMinimum(bytes, p + 4, group);
      const quants = p + 48 + 32 * (group >> 1);
      const shift = 4 * (group & 1);
      for (let i = 0; i < 32; i++) {
        const q = ((bytes[quants + i] >> shift) & 15) | (((bytes[p + 16 + i] >> group) & 1) << 4);
        out[o + 32 * group + i] = scale * q - minimum;
      }
    }
  }
}

/** 128 bytes of low nibbles, 64 of two high bits a value, 16 signed scales, d. */
function q6_k(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 210, o += BLOCK) {
    const d = half[bytes[p + 208] | (bytes[p + 209] << 8)];
    for (let group = 0; group < 16; group++) {
      const scale = d * ((bytes[p + 192 + group] << 24) >> 24);
      const eighth = group >> 1;
      const low = p + 64 * (eighth >> 2) + 32 * (eighth & 1) + 16 * (group & 1);
      const lowShift = 4 * ((eighth >> 1) & 1);
      const high = p + 128 + 32 * (eighth >> 2) + 16 * (group & 1);
      const highShift = 2 * (eighth & 3);
      for (let i = 0; i < 16; i++) {
        const q = ((bytes[low + i] >> lowShift) & 15) | (((bytes[high + i] >> highShift) & 3) << 4);
        out[o + 16 * group + i] = scale * (q - 32);
      }
    }
  }
}

/** d, 16 bits of the scales' two high bits, 4 bytes of their low nibbles, 128 of nibbles in halves of 32 values. */
function iq4_xs(bytes: Uint8Array, out: Float32Array): void {
  const half = halfFloatTable();
  for (let p = 0, o = 0; o < out.length; p += 136, o += BLOCK) {
    const d = half[bytes[p] | (bytes[p + 1] << 8)];
    const highs = bytes[p + 2] | (bytes[p + 3] << 8);
    for (let group = 0; group < 8; group++) {
      const low = (bytes[p + 4 + (group >> 1)] >> (4 * (group & 1))) & 15;
      const scale = d * ((low | (((highs >> (2 * group)) & 3) << 4)) - 32);
      const quants = p + 8 + 16 * group;
      for (let i = 0; i < 16; i++) {
        const q = bytes[quants + i];
        out[o + 32 * group + i] = scale * NON_LINEAR[q & 15];
        out[o + 32 * group + 16 + i] = scale * NON_LINEAR[q >> 4];
      }
    }
  }
}
