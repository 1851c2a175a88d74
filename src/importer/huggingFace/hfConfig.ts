/** A config.json, its values given out by type; what is not there or null is undefined. Knows no key. */
import { say } from '../../core/sentence';
import { damaged } from '../refusal';

export class HfConfig {
  constructor(
    private readonly fileName: string,
    private readonly values: Readonly<Record<string, unknown>>,
  ) {}

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  number(key: string): number | undefined {
    const value = this.get(key);
    return value === undefined || typeof value === 'number' ? value : this.wrong(key, value);
  }

  must(key: string): number {
    return this.number(key) ?? damaged(this.fileName, say`the key "${key}" is missing`);
  }

  string(key: string): string | undefined {
    const value = this.get(key);
    return value === undefined || typeof value === 'string' ? value : this.wrong(key, value);
  }

  boolean(key: string): boolean | undefined {
    const value = this.get(key);
    return value === undefined || typeof value === 'boolean' ? value : this.wrong(key, value);
  }

  list(key: string): readonly unknown[] | undefined {
    const value = this.get(key);
    return value === undefined || Array.isArray(value) ? value : this.wrong(key, value);
  }

  /** An object within; empty where there is none. */
  within(key: string): HfConfig {
    const value = this.get(key) ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) this.wrong(key, value);
    return new HfConfig(this.fileName, value as Readonly<Record<string, unknown>>);
  }

  /** Keys whose values are objects. */
  objectKeys(): readonly string[] {
    const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
    return Object.keys(this.values).filter(key => isObject(this.values[key]));
  }

  private get(key: string): unknown {
    return Object.hasOwn(this.values, key) ? (this.values[key] ?? undefined) : undefined;
  }

  private wrong(key: string, value: unknown): never {
    return damaged(this.fileName, say`the value of "${key}" cannot be ${String(JSON.stringify(value)).slice(0, 60)}`);
  }
}
