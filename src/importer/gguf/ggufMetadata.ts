/**
 * What a GGUF file says of its model, beside the weights: keys and values, read only. A key whose value has another
 * type than asked for is refused by name; a key that is not there is undefined.
 */

export interface GgufMetadata {
  has(key: string): boolean;
  keys(): Iterable<string>;
  /** @throws UserError when the value is no string; so do the others with theirs */
  string(key: string): string | undefined;
  /** Integers of 64 bits that no double holds exactly are refused. */
  number(key: string): number | undefined;
  boolean(key: string): boolean | undefined;
  strings(key: string): readonly string[] | undefined;
  /** Of any number type; of floats and integers alike. */
  numbers(key: string): readonly number[] | undefined;
  booleans(key: string): readonly boolean[] | undefined;
}
