/** `Tokenizer.startingWith` by looking at every token. */
export function startingWith(bytes: Uint8Array, ofTokens: readonly Uint8Array[]): number[] {
  return [...ofTokens.keys()].filter(token => {
    const own = ofTokens[token];
    return own.length > 0 && own.every((byte, i) => i >= bytes.length || byte === bytes[i]);
  });
}
