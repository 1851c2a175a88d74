/** The byte-level BPE alphabet of GPT-2: every byte as one printable character, so that a vocabulary is valid JSON text. */

const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);

const CHAR_OF_BYTE: readonly string[] = (() => {
  let nShifted = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 256 + nShifted++));
})();

/** Code unit → byte, −1 where the alphabet has no such character. */
const BYTE_OF_CODE: Int16Array = (() => {
  const bytes = new Int16Array(256 + 68).fill(-1);
  for (let byte = 0; byte < 256; byte++) bytes[CHAR_OF_BYTE[byte].charCodeAt(0)] = byte;
  return bytes;
})();

/** The alphabet's spelling of `bytes`. */
export function spellBytes(bytes: Uint8Array): string {
  let spelled = '';
  for (const byte of bytes) spelled += CHAR_OF_BYTE[byte];
  return spelled;
}

/**
 * Writes the bytes that `spelled` stands for into `into`, from `at` on; there must be room for its length.
 * @returns how many, or −1 when it is not written in the alphabet
 */
export function unspellInto(spelled: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < spelled.length; i++) {
    const byte = BYTE_OF_CODE[spelled.charCodeAt(i)] ?? -1;
    if (byte < 0) return -1;
    into[at + i] = byte;
  }
  return spelled.length;
}
