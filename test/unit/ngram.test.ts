import assert from 'node:assert/strict';
import { argmax } from '../../src/core/distribution';
import { UserError } from '../../src/core/errors';
import { NgramModel } from '../../src/core/ngram/ngram';
import { countsWithout } from '../../src/core/ngram/ngramCounts';
import { readNgramFile, writeNgramFile } from '../../src/core/ngram/ngramFile';
import { BETWEEN_TEXTS, readHistory } from '../../src/core/ngram/ngramHistory';
import { NgramSegment } from '../../src/core/ngram/ngramSegment';
import { finish } from '../../src/core/ngram/ngramSort';
import { NgramStore } from '../../src/core/ngram/ngramStore';
import { listTokenizer } from './support/fakeModel';
import { dense } from './support/rows';
import { assertTranslatable } from './support/translatable';

/** Ordinary tokens are 0 to 6, of which 5 and 6 begin lines; then the special ones. */
const WORDS = [
  ...['a', 'b', 'c', 'd', 'e', '\n', '\n  '],
  ...['<|endoftext|>', '<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_sep|>'],
];
const [END, PREFIX, SUFFIX, MIDDLE, FILE] = [7, 8, 9, 10, 11];
const V = WORDS.length;
const N_ORDINARY = 7;
const tokenizer = listTokenizer(WORDS);
const MAX_BYTES = 1 << 22;
const noPause = async () => {};

type Files = Record<string, readonly number[]>;

function tokens(n: number, seed: number): number[] {
  let state = seed >>> 0;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // Squared, so that some tokens are frequent and long contexts repeat.
    return Math.floor((state / 2 ** 32) ** 2 * N_ORDINARY);
  });
}

const FILES: Files = { x: tokens(150, 1), y: tokens(90, 2), 'z/w': tokens(60, 3), empty: [] };

async function storeOf(files: Files): Promise<NgramStore> {
  const store = new NgramStore(V, MAX_BYTES);
  for (const [name, ids] of Object.entries(files)) store.put(name, 'stamp', ids);
  await store.settle(noPause);
  return store;
}

async function rowAfter(store: NgramStore, prompt: readonly number[]): Promise<Float32Array> {
  const sequence = new NgramModel(store, tokenizer).open();
  await sequence.seek(prompt);
  return dense(sequence.logps());
}

/** The definition, in plain arithmetic over the texts: shortest context first, the workspace before the document. */
function naiveRow(files: Files, history: readonly number[]): number[] {
  const texts = Object.values(files);
  const escapeWeight = 4;
  const countsAfter = (sources: readonly (readonly number[])[], context: readonly number[]) => {
    const counts = new Array<number>(V).fill(0);
    for (const source of sources) {
      for (let i = context.length; i < source.length; i++) {
        if (source[i] !== BETWEEN_TEXTS && context.every((token, k) => source[i - context.length + k] === token))
          counts[source[i]]++;
      }
    }
    return counts;
  };
  let p = new Array<number>(V).fill(1 / V);
  const mixIn = (counts: readonly number[], weight: number) => {
    const n = counts.reduce((a, b) => a + b, 0);
    if (n === 0) return;
    const nDistinct = counts.filter(c => c > 0).length;
    const share = n / (n + weight * nDistinct);
    p = p.map((x, v) => (1 - share) * x + (share * counts[v]) / n);
  };
  mixIn(countsAfter(texts, []), 1);
  mixIn(countsAfter([history], []), escapeWeight);
  for (let order = 1; order <= 6; order++) {
    const context = history.slice(-order);
    if (context.length < order || context.includes(BETWEEN_TEXTS)) break;
    mixIn(countsAfter(texts, context), escapeWeight);
    mixIn(countsAfter([history], context), escapeWeight);
  }
  const breaks = p[5] + p[6];
  return p.map((x, v) => (v === END ? x + breaks / 2 : v === 5 || v === 6 ? x / 2 : x));
}

/** How many different tokens follow each context of 1 to 6 tokens that is seen at least `n` times. */
function frequentContexts(texts: readonly (readonly number[])[], n: number): { nDistinct: number }[] {
  const following = new Map<string, number[]>();
  for (const text of texts) {
    for (let i = 1; i < text.length; i++) {
      for (let order = 1; order <= Math.min(6, i); order++) {
        const context = text.slice(i - order, i).join();
        if (!following.has(context)) following.set(context, []);
        following.get(context)!.push(text[i]);
      }
    }
  }
  const frequent = [...following.values()].filter(ids => ids.length >= n);
  return frequent.map(ids => ({ nDistinct: new Set(ids).size }));
}

async function pausesOfMerge(): Promise<number> {
  const store = await storeOf(FILES);
  let nPauses = 0;
  await store.merge(async () => void nPauses++);
  return nPauses;
}

function assertRow(actual: Float32Array, expected: readonly number[], what: string): void {
  for (let v = 0; v < V; v++) {
    assert.ok(
      Math.abs(Math.exp(actual[v]) - expected[v]) < 1e-6,
      `${what}: token ${v} has ${Math.exp(actual[v])}, expected ${expected[v]}`,
    );
  }
}

describe('n-gram counts', () => {
  const prompts: [string, number[], number[]][] = [
    ['no text', [PREFIX, SUFFIX, MIDDLE], [-1]],
    ['one token', [PREFIX, SUFFIX, MIDDLE, 0], [-1, 0]],
    ['seen text', FILES.x.slice(20, 40), [-1, ...FILES.x.slice(20, 40)]],
    ['the end of a file', FILES.y.slice(-12), [-1, ...FILES.y.slice(-12)]],
    ['the start of a file', FILES.y.slice(0, 3), [-1, ...FILES.y.slice(0, 3)]],
    ['unseen text', [4, 4, 6, 5, 4, 4, 6, 5, 4], [-1, 4, 4, 6, 5, 4, 4, 6, 5, 4]],
    ['suffix-first', [PREFIX, SUFFIX, 0, 1, 2, MIDDLE, 3, 0, 1], [-1, 0, 1, 2, -1, 3, 0, 1]],
    ['prefix-first', [PREFIX, 3, 0, 1, SUFFIX, 0, 1, 2, MIDDLE, 4, 0], [-1, 0, 1, 2, -1, 3, 0, 1, 4, 0]],
    ['suffix, prefix, middle', [SUFFIX, 0, 1, 2, PREFIX, 3, 0, 1, MIDDLE, 4, 0], [-1, 0, 1, 2, -1, 3, 0, 1, 4, 0]],
    ['neighbours', [FILE, 0, 1, 2, FILE, 2, 1, PREFIX, SUFFIX, MIDDLE, 0, 1], [-1, 0, 1, 2, -1, 2, 1, -1, 0, 1]],
  ];
  for (const [what, prompt, history] of prompts) {
    it(`${what}: the row is that of counting by hand, and sums to 1`, async () => {
      assert.deepEqual(readHistory(prompt, tokenizer.special), history);
      for (const files of [FILES, {}, { x: FILES.x }]) {
        const row = await rowAfter(await storeOf(files), prompt);
        assertRow(row, naiveRow(files, history), what);
        assert.ok(Math.abs(row.reduce((sum, x) => sum + Math.exp(x), 0) - 1) < 1e-5);
      }
    });
  }

  it('every change leaves the rows of a fresh store, before and after merging', async () => {
    const store = await storeOf(FILES);
    const files: Record<string, readonly number[]> = { ...FILES };
    const change = async (name: string, ids: readonly number[] | undefined) => {
      if (ids === undefined) {
        store.remove(name);
        delete files[name];
      } else {
        store.put(name, 'new', ids);
        files[name] = ids;
      }
    };
    const steps: [string, readonly number[] | undefined][][] = [
      [['x', tokens(150, 9)]],
      [
        ['new', tokens(40, 10)],
        ['y', undefined],
      ],
      [
        ['new', undefined],
        ['new', tokens(30, 11)],
        ['gone', undefined],
      ],
      [
        ['x', undefined],
        ['y', tokens(20, 2)],
      ],
      [
        ['x', FILES.x],
        ['y', FILES.y],
        ['new', undefined],
      ],
    ];
    for (const [i, changes] of steps.entries()) {
      if (i === 3) await store.merge(noPause);
      for (const [name, ids] of changes) await change(name, ids);
      await store.settle(noPause);
      assert.deepEqual([...store.files.keys()].sort(), Object.keys(files).sort());
      for (const [what, prompt] of prompts)
        assert.deepEqual(
          await rowAfter(store, prompt),
          await rowAfter(await storeOf(files), prompt),
          `step ${i}, ${what}`,
        );
    }
    assert.equal(store.nTokens, 300);
    await store.merge(noPause);
    const fresh = await storeOf(FILES);
    for (const [name, { stamp }] of store.files) assert.equal(stamp, name === 'x' || name === 'y' ? 'new' : 'stamp');
    await fresh.merge(noPause);
    assert.deepEqual(store.base.segment.order, fresh.base.segment.order);
  });

  it('reads contexts that are counted beforehand as it reads others, also when files left or came since', async () => {
    const files: Record<string, readonly number[]> = { large: tokens(60_000, 21), other: tokens(9000, 22) };
    const merged = await storeOf(files);
    await merged.merge(noPause);
    const plain = finish(
      NgramSegment.of(
        V,
        Object.values(files).map(ids => Uint16Array.from(ids)),
      ),
    );
    const named = Object.entries(files).map(([name, ids]) => ({ name, stamp: '', digest: '', nTokens: ids.length }));
    const uncounted = new NgramStore(V, MAX_BYTES, plain, named);
    const kept = frequentContexts(Object.values(files), 4096);
    assert.ok(kept.length > 8);
    assert.equal(merged.sizeBytes - uncounted.sizeBytes, 8 * kept.reduce((sum, { nDistinct }) => sum + nDistinct, 0));
    // Among them contexts of the smallest token, whose ranges of every length begin at the same place.
    const prompts = [[0], [0, 0], [1, 0, 0], [0, 0, 0, 0], [6], files.large.slice(50, 60)];
    const check = async () => {
      for (const prompt of prompts) {
        const row = await rowAfter(merged, prompt);
        assert.deepEqual(row, await rowAfter(uncounted, prompt), `${prompt}`);
        assertRow(row, naiveRow(files, [BETWEEN_TEXTS, ...prompt]), `${prompt}`);
      }
    };
    await check();
    for (const store of [merged, uncounted]) {
      store.put('other', '', tokens(500, 23));
      store.put('new', '', tokens(700, 24));
      await store.settle(noPause);
      assert.ok(!store.isMerged);
    }
    Object.assign(files, { other: tokens(500, 23), new: tokens(700, 24) });
    await check();
    for (const store of [merged, uncounted]) {
      store.remove('large');
      await store.settle(noPause);
    }
    delete files.large;
    await check();
  });

  it('merges at once when much has changed', async () => {
    const store = await storeOf(FILES);
    assert.ok(!store.isMerged);
    store.put('large', '', tokens(140_000, 3));
    await store.settle(noPause);
    assert.ok(store.isMerged);
    assert.equal(store.nTokens, 140_300);
    store.remove('large');
    await store.settle(noPause);
    assert.deepEqual(
      await rowAfter(store, FILES.x.slice(0, 9)),
      await rowAfter(await storeOf(FILES), FILES.x.slice(0, 9)),
    );
  });

  for (const [what, change] of [
    ['a merge', (store: NgramStore, pause: () => Promise<void>) => store.merge(pause)],
    ['a change', (store: NgramStore, pause: () => Promise<void>) => store.settle(pause)],
  ] as const) {
    it(`serves the old counts while ${what} pauses`, async () => {
      const store = await storeOf(FILES);
      await store.merge(noPause);
      const before = await rowAfter(store, FILES.x.slice(0, 8));
      store.put('x', 'new', tokens(80, 5));
      let nPauses = 0;
      await change(store, async () => {
        nPauses++;
        assert.deepEqual(await rowAfter(store, FILES.x.slice(0, 8)), before);
      });
      assert.ok(nPauses > 3);
      assert.notDeepEqual(await rowAfter(store, FILES.x.slice(0, 8)), before);
    });
  }

  it('counts what changes while a merge pauses, and merges it at the next one', async () => {
    const changes: [string, readonly number[] | undefined][] = [
      ['x', tokens(70, 31)],
      ['new', tokens(50, 32)],
      ['y', undefined],
      ['new', tokens(40, 33)],
      ['x', undefined],
      ['y', FILES.y],
      ['staged', tokens(25, 36)],
    ];
    const nPausesInAll = await pausesOfMerge();
    assert.ok(nPausesInAll > changes.length);
    for (const settles of [true, false]) {
      const store = await storeOf(FILES);
      store.put('staged', '', tokens(30, 34));
      store.put('x', '', tokens(60, 35));
      store.remove('z/w');
      const files: Record<string, readonly number[]> = { ...FILES, staged: tokens(30, 34), x: tokens(60, 35) };
      delete files['z/w'];
      const asOfTheStart = { ...files };
      const left = [...changes];
      await store.merge(async () => {
        const [name, ids] = left.shift() ?? [];
        if (name === undefined) return;
        if (ids === undefined) {
          store.remove(name);
          delete files[name];
        } else {
          store.put(name, 'stamp', ids);
          files[name] = ids;
        }
        if (settles) await store.settle(noPause);
      });
      assert.deepEqual(left, []);
      await store.settle(noPause);
      const written = readNgramFile(Buffer.concat(writeNgramFile(store)), MAX_BYTES);
      for (const [what, prompt] of prompts) {
        assert.deepEqual(await rowAfter(store, prompt), await rowAfter(await storeOf(files), prompt), what);
        assert.deepEqual(await rowAfter(written, prompt), await rowAfter(await storeOf(asOfTheStart), prompt), what);
      }
      assert.equal(
        store.nTokens,
        Object.values(files).reduce((sum, ids) => sum + ids.length, 0),
      );
      await store.merge(noPause);
      assert.ok(store.isMerged);
      const fresh = await storeOf(files);
      await fresh.merge(noPause);
      assert.deepEqual(store.base.segment.order, fresh.base.segment.order);
      assert.deepEqual(store.unigrams, fresh.unigrams);
    }
  });

  it('sorts only the list that changed when a file is saved again', async () => {
    const store = await storeOf(FILES);
    await store.merge(noPause);
    const save = async (name: string, seed: number) => {
      store.put(name, '', tokens(60, seed));
      await store.settle(noPause);
      return store.segments;
    };
    const first = await save('x', 61);
    const again = await save('x', 62);
    assert.equal(again.removed, first.removed);
    assert.notEqual(again.added[1], first.added[1]);
    const other = await save('y', 63);
    assert.notEqual(other.removed, again.removed);
    const fresh = await storeOf({ ...FILES, x: tokens(60, 62), y: tokens(60, 63) });
    assert.deepEqual(await rowAfter(store, [0, 1]), await rowAfter(fresh, [0, 1]));
    await store.merge(noPause);
    assert.equal(store.segments.removed, undefined);
    assert.deepEqual(await rowAfter(store, [0, 1]), await rowAfter(fresh, [0, 1]));
  });

  it('counts at the next change what is put while one pauses', async () => {
    const store = await storeOf(FILES);
    store.put('x', '', tokens(60, 51));
    let isFirst = true;
    await store.settle(async () => {
      if (isFirst) store.put('x', '', tokens(40, 52));
      isFirst = false;
    });
    const x = (ids: readonly number[]) => storeOf({ ...FILES, x: ids });
    assert.deepEqual(await rowAfter(store, [0, 1]), await rowAfter(await x(tokens(60, 51)), [0, 1]));
    await store.settle(noPause);
    assert.deepEqual(await rowAfter(store, [0, 1]), await rowAfter(await x(tokens(40, 52)), [0, 1]));
  });

  it('does not merge anew what much of changes while a merge pauses', async () => {
    const store = await storeOf(FILES);
    store.put('large', '', tokens(10, 53));
    const before = store.base.segment;
    let isFirst = true;
    await store.merge(async () => {
      if (!isFirst) return;
      isFirst = false;
      store.put('large', '', tokens(140_000, 54));
      await store.settle(noPause);
      assert.equal(store.base.segment, before);
    });
    assert.ok(!store.isMerged && store.isCrowded);
    const fresh = await storeOf({ ...FILES, large: tokens(140_000, 54) });
    assert.deepEqual(await rowAfter(store, [0, 1]), await rowAfter(fresh, [0, 1]));
  });

  it('says when so much has changed since the last merge that it should not wait', async () => {
    const store = await storeOf({ large: tokens(300_000, 41) });
    store.put('new', '', tokens(100_000, 42));
    await store.settle(noPause);
    assert.ok(!store.isMerged && !store.isCrowded);
    store.put('more', '', tokens(50_000, 43));
    await store.settle(noPause);
    assert.ok(!store.isMerged && store.isCrowded);
    await store.merge(noPause);
    assert.ok(!store.isCrowded);
  });

  it('leaves files out that memory has no room for, and takes them once there is', async () => {
    const store = new NgramStore(V, 8 * 200);
    assert.equal(store.put('x', '', FILES.x), true);
    assert.equal(store.put('y', '', FILES.y), false);
    await store.settle(noPause);
    assert.deepEqual([...store.files.keys()], ['x']);
    assert.equal(store.put('x', '', tokens(180, 4)), true, 'a file gives its own room back');
    store.remove('x');
    assert.equal(store.put('y', '', FILES.y), true);
    await store.settle(noPause);
    assert.deepEqual([...store.files.keys()], ['y']);
    assert.ok(store.nTokens * 8 <= 8 * 200);
  });
});

describe('n-gram sequence', () => {
  it('push, verify and rewind stand where a fresh seek does', async () => {
    const model = new NgramModel(await storeOf(FILES), tokenizer);
    const prompt = [PREFIX, SUFFIX, 0, 1, MIDDLE, ...FILES.x.slice(3, 9)];
    const sequence = model.open();
    await sequence.seek(prompt);
    const fresh = async (ids: readonly number[]) => rowAfter(model.store, ids);
    assert.deepEqual(dense(sequence.logps()), await fresh(prompt));
    await sequence.push(2);
    assert.deepEqual(dense(sequence.logps()), await fresh([...prompt, 2]));
    const rows = (await sequence.verify([0, 1, END, 3])).map(dense);
    for (let i = 1; i <= 4; i++)
      assert.deepEqual(rows[i - 1], await fresh([...prompt, 2, ...[0, 1, END, 3].slice(0, i)]), `draft ${i}`);
    assert.deepEqual(dense(sequence.logps()), rows[3]);
    sequence.rewind(4);
    assert.equal(sequence.length, prompt.length + 1);
    assert.deepEqual(dense(sequence.logps()), await fresh([...prompt, 2]));
    sequence.rewind(1);
    assert.deepEqual(dense(sequence.logps()), await fresh(prompt));
  });

  it('sees a saved file at the next token', async () => {
    const store = await storeOf({});
    const sequence = new NgramModel(store, tokenizer).open();
    await sequence.seek([0, 1]);
    const before = sequence.logps().logp(3);
    store.put('f', '', [0, 1, 3, 0, 1, 3]);
    await store.settle(noPause);
    assert.ok(sequence.logps().logp(3) > before + 1);
    store.put('g', '', [1, 4, 0, 1, 4]);
    await store.settle(noPause);
    await store.merge(noPause);
    store.remove('f');
    await store.settle(noPause);
    assert.deepEqual(dense(sequence.logps()), await rowAfter(await storeOf({ g: [1, 4, 0, 1, 4] }), [0, 1]));
  });

  it('says how far it knows the context', async () => {
    const sequence = new NgramModel(await storeOf({ f: [0, 1, 2, 3, 4, 0, 2] }), tokenizer).open();
    for (const [prompt, order, count] of [
      [[PREFIX, SUFFIX, MIDDLE], 0, 0],
      [[4, 4, 0], 2, 1],
      [[3, 0], 1, 2],
      [[1, 2, 3], 3, 1],
    ] as const) {
      await sequence.seek(prompt);
      const known = sequence.recognition();
      assert.deepEqual([known.order, known.count], [order, count], JSON.stringify(prompt));
    }
  });

  it('lists what the contexts were followed by, with the mass of all others', async () => {
    // Ordinary tokens of which no text has more than a part, and line breaks among them.
    const words = [...Array.from({ length: 30 }, (_, i) => `w${i} `), ...WORDS.slice(5)];
    const large = listTokenizer(words);
    const store = new NgramStore(words.length, MAX_BYTES);
    store.put('f', '', [0, 1, 2, 30, 3, 4, 0, 1, 2, 31, 5, 6, 6, 6]);
    await store.settle(noPause);
    for (const [prompt, followers] of [
      [
        [0, 1, 2],
        [30, 31],
      ],
      [[7, 6], [6]],
      [[20, 21, 20], [21]],
      [[29], []],
    ] as const) {
      for (const reading of ['open', 'openContext'] as const) {
        const sequence = new NgramModel(store, large)[reading]();
        await sequence.seek(prompt);
        const row = sequence.logps();
        const listed = [...row.ids.subarray(0, row.n)];
        assert.equal(new Set(listed).size, row.n);
        const written = reading === 'open' ? prompt : [];
        // The document's words, what followed, the commonest token and the end, and nothing else.
        const expected = new Set([...(reading === 'open' || prompt[0] !== 20 ? followers : []), ...written, 6, 32]);
        assert.deepEqual(new Set(listed), expected, `${reading} ${prompt}`);
        const whole = dense(row);
        const rest = whole.reduce((sum, logp, v) => (expected.has(v) ? sum : sum + Math.exp(logp)), 0);
        assert.ok(Math.abs(Math.exp(row.logRest) - rest) < 1e-6, `${Math.exp(row.logRest)}, not ${rest}`);
        assert.ok(expected.has(argmax(whole)));
      }
    }
  });

  it('lists all, and leaves nothing to others, where everything was seen', async () => {
    const sequence = new NgramModel(await storeOf({}), tokenizer).open();
    await sequence.seek(Array.from({ length: V - 5 }, (_, token) => token));
    const row = sequence.logps();
    assert.equal(row.n, V - 4);
    const rest = [PREFIX, SUFFIX, MIDDLE, FILE].reduce((sum, token) => sum + Math.exp(row.logp(token)), 0);
    assert.ok(Math.abs(Math.exp(row.logRest) - rest) < 1e-6);
  });

  it('drafts what greedy decoding would write, and leaves the sequence where it was', async () => {
    const sequence = new NgramModel(await storeOf(FILES), tokenizer).open();
    const prompt = FILES.y.slice(4, 12);
    await sequence.seek(prompt);
    const before = dense(sequence.logps());
    const { tokens: drafted, probs } = sequence.draft(6, 0);
    assert.deepEqual(dense(sequence.logps()), before);
    assert.equal(drafted.length, 6);
    for (let i = 0; i < drafted.length; i++) {
      assert.equal(drafted[i], argmax(dense(sequence.logps())));
      assert.equal(probs[i], Math.exp(sequence.logps().logp(drafted[i])));
      await sequence.push(drafted[i]);
    }
    await sequence.seek(prompt);
    assert.ok(sequence.draft(6, 0.999).tokens.length < 6);
  });
});

describe('counts without one of the files', () => {
  it('are those of the others, whatever is counted meanwhile', async () => {
    const store = await storeOf(FILES);
    await store.merge(noPause);
    const merged = store.merged();
    store.put('later', '', tokens(50, 9));
    await store.settle(noPause);
    for (const name of Object.keys(FILES)) {
      const { [name]: _, ...others } = FILES;
      const without = new NgramModel(store, tokenizer).openOver(countsWithout(merged, name)!);
      const expected = await storeOf(others);
      for (const prompt of [tokens(12, 4), tokens(3, 5), FILES.x.slice(0, 20)]) {
        await without.seek(prompt);
        const row = dense(without.logps());
        const wanted = await rowAfter(expected, prompt);
        for (let v = 0; v < V; v++) assert.ok(Math.abs(row[v] - wanted[v]) < 1e-5, `${name} ${prompt} ${v}`);
      }
    }
    assert.equal(countsWithout(merged, 'nobody'), undefined);
  });
});

describe('texts that an n-gram knows again', () => {
  const text = (name: string, seed: number) => ({ name, stamp: `${name} ${seed}`, digest: `${seed}` });
  const put = (store: NgramStore, name: string, seed: number) =>
    store.put(name, `${name} ${seed}`, tokens(40 + seed, seed), `${seed}`);
  /** Counts, names and stamps as if nothing had been known. */
  const isAsBuilt = async (store: NgramStore, files: Readonly<Record<string, number>>) => {
    await store.settle(noPause);
    await store.merge(noPause);
    const fresh = new NgramStore(V, MAX_BYTES);
    for (const [name, seed] of Object.entries(files)) put(fresh, name, seed);
    await fresh.merge(noPause);
    assert.deepEqual(Buffer.concat(writeNgramFile(store)), Buffer.concat(writeNgramFile(fresh)));
  };
  const known = async (files: Readonly<Record<string, number>>) => {
    const store = new NgramStore(V, MAX_BYTES);
    for (const [name, seed] of Object.entries(files)) put(store, name, seed);
    await store.merge(noPause);
    return store;
  };

  it('get a new stamp where they stand, and nothing is counted', async () => {
    const store = await known({ a: 1, b: 2 });
    const { revision } = store;
    assert.deepEqual(store.recall([{ ...text('a', 1), stamp: 'later' }]), []);
    await store.settle(noPause);
    assert.equal(store.revision, revision);
    assert.equal(store.files.get('a')?.stamp, 'later');
    const [head] = writeNgramFile(store);
    assert.match(Buffer.from(head).toString(), /\["a","later",41,"1"\]/);
  });

  it('are counted under another name, moved, or back after they left', async () => {
    const store = await known({ a: 1, b: 2, c: 3 });
    assert.deepEqual(store.recall([text('copy', 1), text('d', 3), text('new', 9)]), [text('new', 9)]);
    store.remove('c');
    await isAsBuilt(store, { a: 1, b: 2, copy: 1, d: 3 });
    store.remove('b');
    put(store, 'a', 5);
    await isAsBuilt(store, { a: 5, copy: 1, d: 3 });
    assert.deepEqual(store.recall([text('b', 2), text('a', 1)]), []);
    await isAsBuilt(store, { a: 1, b: 2, copy: 1, d: 3 });
    assert.deepEqual(store.recall([text('a', 5)]), []);
    await isAsBuilt(store, { a: 5, b: 2, copy: 1, d: 3 });
  });

  it('are none of those without a digest', async () => {
    const store = new NgramStore(V, MAX_BYTES);
    store.put('a', '', tokens(9, 1));
    await store.settle(noPause);
    store.remove('a');
    assert.equal(store.recall([{ name: 'b', stamp: '', digest: '' }]).length, 1);
  });

  it('leave, those first that left first, when they take much memory', async () => {
    const store = new NgramStore(V, 1 << 28);
    const large = new Uint16Array(3_000_000);
    for (const digest of ['x', 'y']) store.put(digest, '', large, digest);
    await store.settle(noPause);
    const { sizeBytes } = store;
    store.remove('x');
    store.remove('y');
    await store.settle(noPause);
    await store.merge(noPause);
    assert.ok(store.sizeBytes < sizeBytes);
    assert.deepEqual(store.recall(['x', 'y'].map(digest => ({ name: digest, stamp: '', digest }))).length, 1);
    assert.deepEqual([...(await settled(store)).files.keys()], ['y']);
  });

  const settled = async (store: NgramStore) => {
    await store.settle(noPause);
    return store;
  };
});

describe('ngram.bin', () => {
  const bytesOf = async (files: Files) => {
    const store = await storeOf(files);
    await store.merge(noPause);
    return Buffer.concat(writeNgramFile(store));
  };

  it('comes back as it was, and is the same for the same files', async () => {
    const bytes = await bytesOf(FILES);
    const store = readNgramFile(bytes, MAX_BYTES);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    const unaligned = readNgramFile(shifted.subarray(1), MAX_BYTES);
    assert.deepEqual(unaligned.base.segment.order, store.base.segment.order);
    assert.deepEqual([...store.files.keys()], Object.keys(FILES).sort());
    for (const [name, { stamp, nTokens }] of store.files)
      assert.deepEqual([stamp, nTokens], ['stamp', FILES[name].length]);
    assert.deepEqual(
      await rowAfter(store, FILES.x.slice(0, 9)),
      await rowAfter(await storeOf(FILES), FILES.x.slice(0, 9)),
    );
    const { empty, ...others } = FILES;
    assert.deepEqual(await bytesOf({ empty, ...others }), bytes, 'the order of adding does not matter');
    store.put('y', 'stamp', tokens(10, 4));
    await store.settle(noPause);
    assert.deepEqual(Buffer.concat(writeNgramFile(store)), bytes, 'what is not merged yet is not written');
    store.put('y', 'stamp', FILES.y);
    await store.settle(noPause);
    await store.merge(noPause);
    assert.deepEqual(Buffer.concat(writeNgramFile(store)), bytes, 'nor does what happened in between');
  });

  const refuses = (bytes: Uint8Array, code: string) =>
    assert.throws(
      () => readNgramFile(bytes, MAX_BYTES),
      (error: unknown) => {
        assert.ok(error instanceof UserError && error.code === code);
        assert.match(error.message, /again/);
        assertTranslatable(error.sentence);
        return true;
      },
    );

  it('is refused when it is cut short, too long or of another version', async () => {
    const bytes = await bytesOf(FILES);
    for (let length = 0; length < bytes.length; length += 7) refuses(bytes.subarray(0, length), 'ngram-damaged');
    refuses(new Uint8Array([...bytes, 0, 0, 0, 0]), 'ngram-damaged');
    const newer = bytes.slice();
    newer[8] = 2;
    refuses(newer, 'ngram-version');
  });

  it('is refused or harmless wherever a byte is wrong', async () => {
    const bytes = await bytesOf(FILES);
    let nRefused = 0;
    for (let at = 0; at < bytes.length; at++) {
      const wrong = bytes.slice();
      wrong[at] ^= 0x41;
      try {
        const store = readNgramFile(wrong, MAX_BYTES);
        const row = await rowAfter(store, FILES.x.slice(0, 9));
        assert.ok(
          row.every(x => x > -Infinity && x <= 0),
          `byte ${at}`,
        );
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        nRefused++;
      }
    }
    assert.ok(nRefused > 0.9 * bytes.length, `${nRefused} of ${bytes.length}`);
  });
});
