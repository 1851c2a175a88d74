/** The byte-level BPE alphabet of GPT-2: every byte as one printable character, so that a vocabulary is valid JSON text. */

const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);

const CHAR_OF_BYTE: readonly string[] = (() => {
  let nShifted = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 256 + nShifted++));
})();

const BYTE_OF_CHAR: ReadonlyMap<string, number> = new Map(CHAR_OF_BYTE.map((char, byte) => [char, byte]));

/** The alphabet's spelling of `bytes`. */
export function spellBytes(bytes: Uint8Array): string {
  let spelled = '';
  for (const byte of bytes) spelled += CHAR_OF_BYTE[byte];
  return spelled;
}

/** The bytes that `spelled` stands for; undefined when it is not written in the alphabet. */
export function unspellBytes(spelled: string): Uint8Array | undefined {
  const bytes = new Uint8Array(spelled.length);
  for (let i = 0; i < spelled.length; i++) {
    const byte = BYTE_OF_CHAR.get(spelled[i]);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}
