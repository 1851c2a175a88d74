/** The keys and values of a GGUF file, as they were read, given out by type. Knows no key. */
import { type Sentence, say } from '../../core/sentence';
import { damaged } from '../refusal';
import type { GgufMetadata } from './ggufMetadata';

/** A text is undefined where the bytes are not UTF-8: refused when asked for, since most texts are never read. */
export type GgufValue =
  | { readonly kind: 'string'; readonly value: string | undefined }
  | { readonly kind: 'number'; readonly value: number | bigint }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'strings'; readonly value: readonly (string | undefined)[] }
  | { readonly kind: 'numbers'; readonly value: readonly (number | bigint)[] }
  | { readonly kind: 'booleans'; readonly value: readonly boolean[] };

type ValueOf<K extends GgufValue['kind']> = Extract<GgufValue, { readonly kind: K }>['value'];

export class GgufValues implements GgufMetadata {
  constructor(
    private readonly fileName: string,
    private readonly values: ReadonlyMap<string, GgufValue>,
  ) {}

  has(key: string): boolean {
    return this.values.has(key);
  }

  keys(): Iterable<string> {
    return this.values.keys();
  }

  /** Whether the key has a value for each layer instead of one. */
  hasList(key: string): boolean {
    return this.values.get(key)?.kind.endsWith('s') ?? false;
  }

  string(key: string): string | undefined {
    return this.read(key, 'string', text => this.text(key, text), say`a text`);
  }

  number(key: string): number | undefined {
    return this.read(key, 'number', value => this.double(key, value), say`a number`);
  }

  boolean(key: string): boolean | undefined {
    return this.read(key, 'boolean', value => value, say`a truth value`);
  }

  strings(key: string): readonly string[] | undefined {
    return this.read(key, 'strings', list => list.map(text => this.text(key, text)), say`a list of texts`);
  }

  numbers(key: string): readonly number[] | undefined {
    return this.read(key, 'numbers', list => list.map(value => this.double(key, value)), say`a list of numbers`);
  }

  booleans(key: string): readonly boolean[] | undefined {
    return this.read(key, 'booleans', list => list, say`a list of truth values`);
  }

  private read<K extends GgufValue['kind'], T>(
    key: string,
    kind: K,
    convert: (value: ValueOf<K>) => T,
    what: Sentence,
  ): T | undefined {
    const found = this.values.get(key);
    if (!found) return undefined;
    if (found.kind !== kind) damaged(this.fileName, say`the value of "${key}" is not ${what}`);
    return convert(found.value as ValueOf<K>);
  }

  private text(key: string, text: string | undefined): string {
    return text ?? damaged(this.fileName, say`the value of "${key}" is not UTF-8 text`);
  }

  private double(key: string, value: number | bigint): number {
    const double = Number(value);
    if (typeof value === 'bigint' && !Number.isSafeInteger(double)) {
      damaged(this.fileName, say`the value of "${key}" is too large (${String(value)})`);
    }
    return double;
  }
}
