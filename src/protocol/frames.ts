/** Length-prefixed frames over a byte stream: four bytes of big-endian length, then that many bytes of UTF-8 JSON. */

const HEADER_BYTES = 4;

/** A prompt and its neighbours are far below this; a longer frame is a broken or hostile peer. */
export const MAX_FRAME_BYTES = 32 * 1024 * 1024;

/** The peer does not speak the protocol; the only answer is to close the connection. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** @throws FrameError when the message is longer than `maxBytes`. */
export function encodeFrame(message: unknown, maxBytes: number = MAX_FRAME_BYTES): Buffer {
  const text = JSON.stringify(message);
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > maxBytes) throw new FrameError(`A message of ${sizeBytes} bytes exceeds the limit of ${maxBytes}.`);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + sizeBytes);
  frame.writeUInt32BE(sizeBytes, 0);
  frame.write(text, HEADER_BYTES);
  return frame;
}

/** Cuts a stream of arbitrary chunks back into frames; chunks are joined once per frame, not once per chunk. */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #nBytes = 0;

  constructor(private readonly maxBytes: number = MAX_FRAME_BYTES) {}

  /**
   * Takes the next bytes and returns the messages they complete.
   * @throws FrameError when a length exceeds the limit or a frame is not JSON.
   */
  push(chunk: Uint8Array): unknown[] {
    this.#chunks.push(chunk);
    this.#nBytes += chunk.byteLength;
    const messages: unknown[] = [];
    for (;;) {
      const sizeBytes = this.#peekLength();
      if (sizeBytes === undefined || this.#nBytes < HEADER_BYTES + sizeBytes) return messages;
      const bytes = this.#joined();
      messages.push(parse(bytes.subarray(HEADER_BYTES, HEADER_BYTES + sizeBytes)));
      const rest = bytes.subarray(HEADER_BYTES + sizeBytes);
      this.#chunks = rest.byteLength > 0 ? [rest] : [];
      this.#nBytes = rest.byteLength;
    }
  }

  #peekLength(): number | undefined {
    if (this.#nBytes < HEADER_BYTES) return undefined;
    if (this.#chunks[0].byteLength < HEADER_BYTES) this.#joined();
    const head = this.#chunks[0];
    const sizeBytes = ((head[0] << 24) | (head[1] << 16) | (head[2] << 8) | head[3]) >>> 0;
    if (sizeBytes > this.maxBytes)
      throw new FrameError(`A frame of ${sizeBytes} bytes exceeds the limit of ${this.maxBytes}.`);
    return sizeBytes;
  }

  #joined(): Uint8Array {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0];
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new FrameError('A frame is not JSON.');
  }
}
