import assert from 'node:assert/strict';
import { ByteConstraint } from '../../src/core/byteConstraint';
import { type AlignerSource, type DecodeParams, decode } from '../../src/core/decoder';
import { Candidates, nucleus } from '../../src/core/distribution';
import { seededRandom } from '../../src/core/random';
import { WholeRow } from '../../src/core/row';
import { FakeSequence, listTokenizer, logps, randomTable, type Table } from './support/fakeModel';

const V = 9;
const END = 8;
const signal = new AbortController().signal;

const base: Omit<DecodeParams, 'random' | 'history'> = {
  proposalTemperature: 1,
  topP: 0.95,
  repetitionPenalty: 1,
  temperature: 1,
  nCandidates: 8,
  endToken: END,
  maxTokens: 10,
};

async function run(table: Table, over: Partial<DecodeParams> = {}, aligners: AlignerSource[] = []): Promise<number[]> {
  const out: number[] = [];
  const params = { ...base, random: seededRandom(over.random ? 0 : 5), history: [], ...over };
  for await (const step of decode(new FakeSequence(table), aligners, params, signal)) out.push(step.token);
  return out;
}

describe('decoder', () => {
  const table = randomTable(V, 1);

  it('draws the same with the same seed and differently with another', async () => {
    const first = await run(table, { random: seededRandom(42) });
    assert.deepEqual(await run(table, { random: seededRandom(42) }), first);
    const others = await Promise.all([1, 2, 3, 4].map(seed => run(table, { random: seededRandom(seed) })));
    assert.ok(others.some(other => other.join() !== first.join()));
  });

  it('takes the maximum when greedy, whatever the seed', async () => {
    const greedy = await run(table, { temperature: 0, random: seededRandom(1) });
    assert.deepEqual(await run(table, { temperature: 0, random: seededRandom(99) }), greedy);
    const row = table[0];
    assert.equal(greedy[0], row.indexOf(Math.max(...row)));
  });

  it('stops after the end token', async () => {
    const ending = Array.from({ length: V }, (_, i) =>
      logps(Array.from({ length: V }, (_, v) => (v === (i < 3 ? i + 1 : END) ? 9 : 0))),
    );
    assert.deepEqual(await run(ending, { temperature: 0 }), [1, 2, 3, END]);
  });

  it('pays for no pass after the last token', async () => {
    const sequence = new FakeSequence(table);
    const params = { ...base, random: seededRandom(1), history: [], maxTokens: 4, endToken: -1 };
    for await (const _ of decode(sequence, [], params, signal));
    assert.equal(sequence.nPushes, 3);
  });

  it('divides repeats by the penalty', async () => {
    const sticky = Array.from({ length: V }, (_, i) =>
      logps(Array.from({ length: V }, (_, v) => (v === 1 ? 2 : v === 2 ? 1.9 : i * 0))),
    );
    assert.deepEqual(await run(sticky, { temperature: 0, maxTokens: 2 }), [1, 1]);
    assert.deepEqual(await run(sticky, { temperature: 0, maxTokens: 2, repetitionPenalty: 1.5 }), [1, 2]);
  });

  it('starts distinct completions with the next best tokens', async () => {
    const order = [...table[0].keys()].sort((a, b) => table[0][b] - table[0][a]);
    for (const firstRank of [0, 1, 2]) {
      assert.equal((await run(table, { temperature: 0, topP: 1, firstRank, maxTokens: 1 }))[0], order[firstRank]);
    }
    assert.deepEqual(await run(table, { firstRank: 50 }), []);
  });

  it('throws AbortError between tokens', async () => {
    const controller = new AbortController();
    const params = { ...base, random: seededRandom(1), history: [], endToken: -1 };
    let n = 0;
    await assert.rejects(
      async () => {
        for await (const _ of decode(new FakeSequence(table), [], params, controller.signal))
          if (++n === 2) controller.abort();
      },
      { name: 'AbortError' },
    );
    assert.equal(n, 2);
  });
});

describe('nucleus', () => {
  const check = (probs: number[], topP: number, expected: number[]) => {
    const out = new Candidates(probs.length);
    nucleus(new WholeRow(Float32Array.from(probs, Math.log)), topP, out);
    assert.deepEqual([...out.ids.subarray(0, out.n)], expected, JSON.stringify([probs, topP]));
  };
  it('keeps the token that crosses the threshold, the best one at least, and never an impossible one', () => {
    check([0.5, 0.3, 0.15, 0.05], 0.7, [0, 1]);
    check([0.5, 0.3, 0.15, 0.05], 0.85, [0, 1, 2]);
    check([0.05, 0.15, 0.3, 0.5], 0.1, [3]);
    check([0.05, 0.15, 0.3, 0.5], 1, [3, 2, 1, 0]);
    check([0.5, 0, 0.5], 1, [0, 2]);
    check([0.25, 0.25, 0.25, 0.25], 0.3, [0, 1]);
  });
  it('finds the same set in a long tail as sorting everything does', () => {
    const logits = Array.from({ length: 4000 }, (_, i) => 6 * Math.sin(i * 12.9898) + 3 * Math.cos(i * 78.233));
    const row = logps(logits);
    const sorted = [...row.keys()].sort((a, b) => row[b] - row[a] || a - b);
    for (const topP of [0.3, 0.9, 0.99, 0.99999]) {
      let mass = 0;
      const expected = sorted.filter(i => {
        const keep = mass <= topP;
        mass += Math.exp(row[i]);
        return keep;
      });
      const out = new Candidates(row.length);
      nucleus(new WholeRow(row), topP, out);
      assert.ok(Math.abs(out.n - expected.length) <= 1, `${topP}: ${out.n} against ${expected.length}`);
      assert.deepEqual([...out.ids.subarray(0, Math.min(out.n, expected.length))], expected.slice(0, out.n));
    }
  });
});

describe('token healing', () => {
  const words = ['<|endoftext|>', 'get', 'getUser', 'User', 'g', 'e', 't', 'set', 'ge', 'é'];
  const tokenizer = listTokenizer(words);
  const flat = Array.from({ length: words.length }, () => logps(words.map((_, v) => (v === 7 ? 3 : 0))));
  const heal = async (owed: Uint8Array, temperature = 1, seed = 1) => {
    const constraint = new ByteConstraint(tokenizer, owed);
    const out: string[] = [];
    const params = {
      ...base,
      topP: 1,
      temperature,
      endToken: 0,
      maxTokens: 12,
      random: seededRandom(seed),
      history: [],
      constraint,
    };
    for await (const step of decode(new FakeSequence(flat), [], params, signal)) {
      out.push(words[step.token]);
      if (constraint.isMet) break;
    }
    return out.join('');
  };
  it('begins with the bytes that are owed, whatever P prefers, and may run past them', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const text = await heal(new TextEncoder().encode('get'), 1, seed);
      seen.add(text);
    }
    for (const text of seen) assert.ok(text.startsWith('ge'), text);
    assert.ok(!seen.has('set'));
    assert.ok(seen.has('getUser'), [...seen].join());
  });
  it('works inside a character', async () => {
    assert.equal(await heal(Uint8Array.of(0xc3)), 'é');
  });
  it('never lets the text end before it is consumed', async () => {
    const onlyEnd = Array.from({ length: words.length }, () => logps(words.map((_, v) => (v === 0 ? 20 : 0))));
    const params = {
      ...base,
      topP: 1,
      temperature: 0,
      endToken: 0,
      random: seededRandom(1),
      history: [],
      constraint: new ByteConstraint(tokenizer, new TextEncoder().encode('ge')),
    };
    for await (const step of decode(new FakeSequence(onlyEnd), [], params, signal)) {
      assert.notEqual(step.token, 0);
      break;
    }
  });
});
