/** A GGUF's metadata from a table. */
import type { GgufMetadata } from '../../../src/importer/gguf/ggufMetadata';

type Value = string | number | boolean | readonly string[] | readonly number[] | readonly boolean[];

export function fakeMetadata(values: Readonly<Record<string, Value>>): GgufMetadata {
  const at = <T>(key: string) => (Object.hasOwn(values, key) ? (values[key] as T) : undefined);
  return {
    has: key => Object.hasOwn(values, key),
    keys: () => Object.keys(values),
    string: at,
    number: at,
    boolean: at,
    strings: at,
    numbers: at,
    booleans: at,
  };
}
