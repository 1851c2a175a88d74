// Rows that list some tokens: decoding from them is decoding from whole rows wherever what they list is enough.
import assert from 'node:assert/strict';
import { ByteConstraint } from '../../src/core/byteConstraint';
import { type AlignerSource, type DecodeParams, decode } from '../../src/core/decoder';
import { Candidates, klDivergence, nucleus } from '../../src/core/distribution';
import { seekAll } from '../../src/core/lockstep';
import { mixInPlace, mixtureWeight } from '../../src/core/mixture';
import type { Sequence } from '../../src/core/model';
import { NgramModel } from '../../src/core/ngram/ngram';
import { NgramStore } from '../../src/core/ngram/ngramStore';
import { seededRandom } from '../../src/core/random';
import { likeliest, likeliestOf, SparseRow, valuesOf, WholeRow } from '../../src/core/row';
import { RULE_NAMES, type RuleName } from '../../src/core/rules';
import { plainParams } from './support/decodeParams';
import { FakeSequence, ListingSequence, listTokenizer, logps, randomTable, type Table } from './support/fakeModel';
import { dense, listed } from './support/rows';

const V = 40;
const K = 12;
const signal = new AbortController().signal;
const seeds = [1, 2, 3, 4, 5, 6, 7, 8];

/** Some tokens of a row, with the mass of the others. */
function some(values: Float32Array, tokens: Iterable<number>): SparseRow {
  const row = new SparseRow(values.length);
  for (const token of tokens) row.set(token, values[token]);
  let rest = 0;
  for (const [token, logp] of values.entries()) if (!row.has(token)) rest += Math.exp(logp);
  row.logRest = Math.log(rest);
  return row;
}

describe('a sparse row', () => {
  it('lists what was set since it was cleared, each token once', () => {
    const row = new SparseRow(2000);
    for (const round of [1, 2]) {
      row.clear();
      for (let token = round; token < 2000; token += 2) row.set(token, -token);
      row.set(round, -0.5);
      assert.equal(row.n, round === 1 ? 1000 : 999);
      assert.equal(new Set(row.ids.subarray(0, row.n)).size, row.n);
      assert.equal(row.logp(round), -0.5);
      assert.equal(row.logp(round + 1), -Infinity);
      assert.ok(!row.has(round + 1));
    }
    row.copy(new WholeRow(Float32Array.of(-1, -Infinity, -2)));
    assert.deepEqual([...row.ids.subarray(0, row.n)], [0, 1, 2]);
    row.set(1, -3);
    assert.equal(row.n, 3, 'a token of probability 0 is listed, too');
  });

  it('knows its likeliest tokens as sorting does', () => {
    for (const seed of seeds) {
      const [values] = randomTable(V, seed);
      values[7] = values[3];
      const order = [...values.keys()].sort((a, b) => values[b] - values[a] || a - b);
      assert.equal(likeliest(new WholeRow(values)), order[0]);
      for (const most of [1, 5, V, 2 * V])
        assert.deepEqual(
          [...likeliestOf(some(values, [...order].reverse()), most)].map(token => values[token]).sort(),
          order
            .slice(0, most)
            .map(token => values[token])
            .sort(),
        );
    }
    const tied = some(Float32Array.of(-1, -1, -1, -1), [3, 1, 2]);
    assert.equal(likeliest(tied), 1);
    assert.equal(likeliestOf(tied, 2).length, 2);
  });

  it('is not taken for a whole one', () => {
    assert.throws(() => valuesOf(some(Float32Array.of(-1, -1), [1])), /whole rows/);
  });
});

describe('the nucleus of a sparse row', () => {
  const nucleusOf = (row: SparseRow | WholeRow, topP: number, logRest = row.logRest) => {
    const out = new Candidates(V);
    nucleus(row, topP, out, logRest);
    return [...out.ids.subarray(0, out.n)];
  };
  it('is that of the whole distribution while it is listed, and all that is listed beyond', () => {
    let nWithin = 0;
    let nBeyond = 0;
    for (const seed of seeds) {
      const [values] = randomTable(V, seed);
      const best = likeliestOf(new WholeRow(values), K);
      const row = some(values, best);
      const mass = best.reduce((sum, token) => sum + Math.exp(values[token]), 0);
      for (const topP of [0.2, 0.5, 0.7, 0.9, 0.99]) {
        const whole = nucleusOf(new WholeRow(values), topP);
        if (whole.length <= K) nWithin++;
        else nBeyond++;
        assert.equal(whole.length > K, mass <= topP);
        assert.deepEqual(nucleusOf(row, topP), whole.slice(0, K));
      }
    }
    assert.ok(nWithin > 5 && nBeyond > 5, `${nWithin}, ${nBeyond}`);
  });
  it('without the rest is that of the listed tokens alone', () => {
    const row = some(logps([3, 2, 1, 0, ...Array<number>(V - 4).fill(0.9)]), [0, 1, 2, 3]);
    assert.deepEqual(nucleusOf(row, 0.8, -Infinity), [0, 1]);
    assert.deepEqual(nucleusOf(row, 0.8), [0, 1, 2, 3]);
  });
});

describe('a mixture of sparse rows', () => {
  it('is that of the whole ones where both know a token, and its mass is 1', () => {
    for (const seed of seeds) {
      const [[p], [q]] = [randomTable(V, seed), randomTable(V, seed + 50)];
      const whole = listed(p);
      mixInPlace(whole, new WholeRow(q), 0.3);
      const qRow = some(q, likeliestOf(new WholeRow(q), 5));
      const pRow = some(p, [...likeliestOf(new WholeRow(p), K), ...qRow.ids.subarray(0, qRow.n)]);
      // As an n-gram does, Q knows also what it does not list.
      mixInPlace(pRow, { ...rowOf(qRow), logp: token => q[token] }, 0.3);
      let sum = Math.exp(pRow.logRest);
      for (const token of pRow.ids.subarray(0, pRow.n)) {
        assert.equal(pRow.logp(token), whole.logp(token));
        sum += Math.exp(pRow.logp(token));
      }
      assert.ok(Math.abs(sum - 1) < 1e-5, `${sum}`);
    }
  });
  it('leaves what P does not list of Q’s tokens to Q', () => {
    const [[p], [q]] = [randomTable(V, 3), randomTable(V, 4)];
    const pRow = some(p, [0, 1]);
    mixInPlace(pRow, some(q, [1, 2]), 0.25);
    assert.ok(Math.abs(Math.exp(pRow.logp(2)) - 0.25 * Math.exp(q[2])) < 1e-6);
    assert.ok(Math.abs(Math.exp(pRow.logp(1)) - 0.75 * Math.exp(p[1]) - 0.25 * Math.exp(q[1])) < 1e-6);
    const sum = [0, 1, 2].reduce((mass, token) => mass + Math.exp(pRow.logp(token)), Math.exp(pRow.logRest));
    assert.ok(Math.abs(sum - 1) < 1e-5);
  });
  const rowOf = ({ n, ids, logRest, vocabSize }: SparseRow) => ({ n, ids, logRest, vocabSize });
});

describe('the divergence of sparse rows', () => {
  const exact = (p: Float32Array, q: Float32Array) => p.reduce((sum, x, v) => sum + Math.exp(x) * (x - q[v]), 0);
  it('is a lower bound, and nearer the more is listed', () => {
    for (const seed of seeds) {
      const [[p], [q]] = [randomTable(V, seed), randomTable(V, seed + 90)];
      const best = [...p.keys()].sort((a, b) => p[b] - p[a]);
      const bounds = [1, 5, K, V - 1, V].map(k => klDivergence(some(p, best.slice(0, k)), new WholeRow(q)));
      for (const [i, bound] of bounds.entries()) assert.ok(bound >= (bounds[i - 1] ?? 0) - 1e-5, `${bounds}`);
      assert.ok(Math.abs(bounds[4] - exact(p, q)) < 1e-5);
      assert.ok(Math.abs(bounds[3] - exact(p, q)) < 1e-4);
      // What Q does not list is one event with what P does not.
      const among = some(q, best.slice(0, K));
      assert.ok(klDivergence(new WholeRow(p), among) <= exact(p, q) + 1e-5);
      assert.ok(Math.abs(klDivergence(new WholeRow(p), among) - bounds[2]) < 1e-4);
    }
  });
  it('is endless where a whole Q rules out what P may say', () => {
    const q = new WholeRow(logps([0, -Infinity, 0]));
    assert.equal(klDivergence(some(logps([1, 1, 0]), [0, 1]), q), Infinity);
  });
});

describe('decoding from sparse rows', () => {
  /** Sharp enough that a nucleus of 0.8 lies within the K likeliest tokens, as is checked. */
  const table = (seed: number) => randomTable(V, seed, 9);
  const wide = randomTable(V, 500, 2);

  interface Told {
    readonly token: number;
    readonly p: number;
    readonly aligned: readonly number[];
  }
  async function run(
    proposal: Sequence,
    aligners: readonly AlignerSource[],
    over: Partial<DecodeParams>,
    bytes?: () => ByteConstraint,
    prompt: readonly number[] = [0],
  ): Promise<Told[]> {
    const params = plainParams(V, {
      topP: 0.8,
      endToken: -1,
      maxTokens: 6,
      ...over,
      ...(bytes && { constraint: bytes() }),
    });
    await seekAll(proposal, aligners, prompt, params.constraint, signal);
    const told: Told[] = [];
    for await (const { token, p, candidates, alignedProbs } of decode(proposal, aligners, params, signal)) {
      const aligned = new Array<number>(V).fill(0);
      for (let i = 0; i < candidates.n; i++) aligned[candidates.ids[i]] = alignedProbs[i];
      told.push({ token, p, aligned });
    }
    return told;
  }
  const alignersOf = (rule: RuleName, seed: number, lambda?: number): AlignerSource[] => [
    {
      rule,
      strength: 0.6,
      sequence: new FakeSequence(randomTable(V, seed + 700)),
      reference: new FakeSequence(wide),
      ...(lambda !== undefined && { mixture: () => lambda }),
    },
  ];
  function assertSame(sparse: readonly Told[], whole: readonly Told[], what: string): void {
    assert.deepEqual(
      sparse.map(({ token }) => token),
      whole.map(({ token }) => token),
      what,
    );
    for (const [i, { p, aligned }] of whole.entries()) {
      assert.equal(sparse[i].p, p);
      for (const [v, prob] of aligned.entries())
        assert.ok(Math.abs(sparse[i].aligned[v] - prob) < 1e-6, `${what} ${v}`);
    }
  }

  for (const rule of RULE_NAMES) {
    // `gated` may fall back to all of P, of which a sparse row has a part.
    const rows = rule === 'gated' ? 'whole' : 'sparse';
    it(`${rule}: the same tokens and probabilities as from whole rows, mixed or not`, async () => {
      for (const seed of seeds) {
        for (const lambda of [undefined, 0.4]) {
          const over = { random: seededRandom(seed), repetitionPenalty: seed % 2 ? 1 : 1.1 };
          const k = rows === 'whole' ? V : K;
          const sparse = await run(new ListingSequence(table(seed), k), alignersOf(rule, seed, lambda), {
            ...over,
            history: [],
          });
          const whole = await run(new FakeSequence(table(seed)), alignersOf(rule, seed, lambda), {
            ...over,
            history: [],
          });
          if (rule !== 'gated' && lambda === undefined)
            for (const { aligned } of whole) assert.ok(aligned.filter(prob => prob > 0).length <= K);
          assertSame(sparse, whole, `${rule} ${seed} ${lambda}`);
        }
      }
    });
  }

  it('gated falls back to what is listed of P', async () => {
    const aligners = () => alignersOf('gated', 1);
    const [told] = await run(new ListingSequence(table(1), K), aligners(), { maxTokens: 1 });
    const [whole] = await run(new FakeSequence(table(1)), aligners(), { maxTokens: 1 });
    const nOf = ({ aligned }: Told) => aligned.filter(prob => prob > 0).length;
    assert.deepEqual([nOf(told), nOf(whole)], [K, V]);
  });

  it('asks for what owed bytes allow, however unlikely, and takes it from there', async () => {
    const words = [...Array.from({ length: V - 5 }, (_, i) => `w${i}`), 'g', 'ge', 'get', 'getUser', 'e'];
    const tokenizer = listTokenizer(words);
    const [g, ge, get, getUser] = [V - 5, V - 4, V - 3, V - 2];
    const unlikely: Table = Array(V).fill(logps(words.map((_, v) => (v < V - 5 ? 5 + v / 10 : -v / 10))));
    const owed = () => new ByteConstraint(tokenizer, new TextEncoder().encode('ge'));
    for (const seed of seeds) {
      const sparse = new ListingSequence(unlikely, 3);
      const over = { random: seededRandom(seed), topP: 1 };
      const bound = await run(sparse, [], { ...over, history: [] }, owed);
      assertSame(
        bound.slice(0, 1),
        (await run(new FakeSequence(unlikely), [], { ...over, history: [] }, owed)).slice(0, 1),
        'healing',
      );
      assert.deepEqual(Array.from(sparse.asked[0]), [g, ge, get, getUser]);
      // Of what follows `g` only `e` is allowed; after that nothing is owed.
      if (bound[0].token === g) assert.deepEqual(Array.from(sparse.asked[1]), [V - 1]);
      else assert.deepEqual(Array.from(sparse.asked[1]), []);
    }
  });

  it('asks for at most 4096 tokens that are allowed, the commoner ones', () => {
    const startingWith = () => Int32Array.from({ length: 9000 }, (_, i) => i + 1);
    const tokenizer = { ...listTokenizer(['a']), startingWith };
    const allowed = new ByteConstraint(tokenizer, Uint8Array.of(32)).allowed(4096);
    assert.deepEqual([allowed.length, allowed[0], allowed[4095]], [4096, 1, 4096]);
  });

  it('asks for the likeliest tokens of what is mixed in, where that stands by then', async () => {
    const q = randomTable(V, 9);
    const sparse = new ListingSequence(table(2), K);
    const mixedIn: AlignerSource = {
      rule: 'geometric',
      strength: 0.5,
      sequence: new ListingSequence(q, 4),
      mixture: () => 0.3,
    };
    const told = await run(sparse, [mixedIn, ...alignersOf('product', 3)], { maxTokens: 3, random: seededRandom(4) });
    for (const [i, asked] of sparse.asked.entries()) {
      const last = i === 0 ? 0 : told[i - 1].token;
      assert.deepEqual(new Set(Array.from(asked)), new Set(likeliestOf(new WholeRow(q[last]), 4)));
    }
    assert.equal(sparse.asked.length, 3);
  });

  it('mixes an n-gram in as whole rows do: its names become candidates', async () => {
    const words = [...Array.from({ length: V - 1 }, (_, i) => `w${i} `), '<|endoftext|>'];
    const store = new NgramStore(V, 1 << 20);
    store.put('f', '', [5, 17, 23, 5, 17, 23, 5, 17, 9]);
    await store.settle(async () => {});
    const model = new NgramModel(store, listTokenizer(words));
    let nNames = 0;
    for (const seed of seeds) {
      // P would never write what the files hold.
      const p = table(seed).map(row => logps([...row].map((x, v) => ([5, 17, 23].includes(v) ? -30 : x))));
      const aligners = (): AlignerSource[] => {
        const sequence = model.open();
        return [
          {
            rule: 'geometric',
            strength: 0.2,
            sequence,
            mixture: () => mixtureWeight([0.02, 0.6], sequence.recognition()),
          },
        ];
      };
      const over = { topP: 0.7, random: seededRandom(seed) };
      const sparse = await run(new ListingSequence(p, K, [5]), aligners(), { ...over, history: [] }, undefined, [5]);
      const whole = await run(new FakeSequence(p, [5]), aligners(), { ...over, history: [] }, undefined, [5]);
      assertSame(sparse, whole, `${seed}`);
      nNames += sparse.filter(({ token }) => token === 17 || token === 23).length;
    }
    assert.ok(nNames > 4, `${nNames}`);
  });

  it('with another temperature of P, cuts the nucleus out of what is listed', async () => {
    const p = logps([4, 3, ...Array<number>(V - 2).fill(1)]);
    const [told] = await run(new ListingSequence(Array(V).fill(p), 2), [], {
      proposalTemperature: 2,
      topP: 0.9,
      maxTokens: 1,
    });
    const shares = [4, 3].map(x => Math.exp(x / 2));
    assert.ok(Math.abs(told.aligned[0] - shares[0] / (shares[0] + shares[1])) < 1e-6);
    assert.ok(Math.abs(told.p - Math.exp(p[told.token])) < 1e-7, 'P itself is of the whole vocabulary');
  });

  it('of a fake that lists everything is decoding from whole rows', async () => {
    assert.deepEqual(dense(new ListingSequence(wide, V).logps()), wide[0]);
  });
});
