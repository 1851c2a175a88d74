/** A language model that is a table: the next row depends on the last token alone. Everything can be enumerated. */
import type { SeekOptions, Sequence, Tokenizer, Wanted } from '../../../src/core/model';
import { likeliestOf, type Row, SparseRow, WholeRow } from '../../../src/core/row';
import { scanStartingWith } from './startingWith';

export type Table = readonly Float32Array[];

/** Rows of logps for `vocabSize` tokens from a small linear congruential generator, so that tests are repeatable. */
export function randomTable(vocabSize: number, seed: number, spread = 2): Table {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: vocabSize }, () =>
    logps(Array.from({ length: vocabSize }, () => spread * (next() * 2 - 1))),
  );
}

export function logps(logits: readonly number[]): Float32Array {
  const max = Math.max(...logits);
  const z = max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0));
  return Float32Array.from(logits, x => x - z);
}

export class FakeSequence implements Sequence {
  private tokens: number[];
  nPushes = 0;

  constructor(
    private readonly table: Table,
    prompt: readonly number[] = [0],
  ) {
    this.tokens = [...prompt];
  }

  get length(): number {
    return this.tokens.length;
  }

  async seek(tokens: readonly number[]) {
    this.tokens = [...tokens];
    return { nCached: 0, nPrefilled: tokens.length };
  }

  logps(): Row {
    return new WholeRow(this.table[this.tokens[this.tokens.length - 1]]);
  }

  async push(token: number): Promise<void> {
    this.nPushes++;
    this.tokens.push(token);
  }

  async verify(draft: readonly number[]): Promise<readonly Row[]> {
    return draft.map(token => {
      this.tokens.push(token);
      return this.logps();
    });
  }

  rewind(n: number): void {
    this.tokens.length -= n;
  }

  close(): void {}
}

/** The same, but each row lists its `k` likeliest tokens and what was wanted of it. */
export class ListingSequence extends FakeSequence {
  /** What was asked for, pass by pass. */
  readonly asked: Wanted[] = [];

  constructor(
    table: Table,
    private readonly k: number,
    prompt: readonly number[] = [0],
  ) {
    super(table, prompt);
  }

  override async seek(tokens: readonly number[], _signal?: AbortSignal, { wanted = [] }: SeekOptions = {}) {
    this.asked.push(wanted);
    return super.seek(tokens);
  }

  override async push(token: number, _signal?: AbortSignal, wanted: Wanted = []): Promise<void> {
    this.asked.push(wanted);
    return super.push(token);
  }

  override logps(): SparseRow {
    const whole = super.logps();
    const row = new SparseRow(whole.vocabSize);
    for (const token of likeliestOf(whole, this.k)) row.set(token, whole.logp(token));
    for (const token of Array.from(this.asked.at(-1) ?? [])) row.set(token, whole.logp(token));
    let rest = 0;
    for (let token = 0; token < whole.vocabSize; token++) if (!row.has(token)) rest += Math.exp(whole.logp(token));
    row.logRest = Math.log(rest);
    return row;
  }
}

/** Token ids are listed strings; the longest match wins. Pre-tokens are runs of letters or single other characters. */
export function listTokenizer(vocabulary: readonly string[]): Tokenizer {
  const encoder = new TextEncoder();
  const byteRows = vocabulary.map(token => (token.startsWith('<|') ? new Uint8Array() : encoder.encode(token)));
  return {
    id: 'list',
    vocabSize: vocabulary.length,
    special: Object.fromEntries(
      [
        ['endoftext', '<|endoftext|>'],
        ['fimPrefix', '<|fim_prefix|>'],
        ['fimSuffix', '<|fim_suffix|>'],
        ['fimMiddle', '<|fim_middle|>'],
        ['fileSep', '<|file_sep|>'],
        ['imStart', '<|im_start|>'],
        ['imEnd', '<|im_end|>'],
      ]
        .map(([name, token]) => [name, vocabulary.indexOf(token)] as const)
        .filter(([, id]) => id >= 0),
    ) as unknown as Tokenizer['special'],
    specialTexts: new Map(vocabulary.flatMap((token, id) => (byteRows[id].length === 0 ? [[token, id]] : []))),
    encode(text) {
      const out: number[] = [];
      for (let at = 0; at < text.length; ) {
        let best = -1;
        for (let id = 0; id < vocabulary.length; id++) {
          if (
            byteRows[id].length > 0 &&
            text.startsWith(vocabulary[id], at) &&
            (best < 0 || vocabulary[id].length > vocabulary[best].length)
          )
            best = id;
        }
        if (best < 0) throw new Error(`no token for ${JSON.stringify(text[at])}`);
        out.push(best);
        at += vocabulary[best].length;
      }
      return out;
    },
    decode: tokens => tokens.map(t => (byteRows[t].length > 0 ? vocabulary[t] : '')).join(''),
    bytes: token => byteRows[token],
    startingWith: owed => scanStartingWith({ vocabSize: vocabulary.length, bytes: token => byteRows[token] }, owed),
    lastPreTokenStart: text => text.search(/([A-Za-z]+|.)?$/s),
  };
}
