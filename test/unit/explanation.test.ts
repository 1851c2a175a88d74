// Why a token was written: the numbers agree with what was drawn, and the right aligner is named.
import assert from 'node:assert/strict';
import { ByteConstraint } from '../../src/core/byteConstraint';
import { type AlignerSource, type DecodeParams, decode } from '../../src/core/decoder';
import { Explainer, type Explanation } from '../../src/core/explanation';
import { seededRandom } from '../../src/core/random';
import { RULE_NAMES, type RuleName } from '../../src/core/rules';
import { plainParams } from './support/decodeParams';
import { FakeSequence, listTokenizer, logps, randomTable, type Table } from './support/fakeModel';

const V = 9;
const signal = new AbortController().signal;
const letters = listTokenizer([...'abcdefgh', '<|endoftext|>']);
const nothingOwed = new Uint8Array();

const aligner = (table: Table, over: Partial<AlignerSource> = {}): AlignerSource => ({
  rule: 'geometric',
  strength: 0.5,
  sequence: new FakeSequence(table),
  ...(over.rule === 'ratio' && { reference: new FakeSequence(randomTable(V, 77)) }),
  ...over,
});
const everywhere = (row: Float32Array): Table => Array<Float32Array>(V).fill(row);
/** A row in which one token is far more probable than the others. */
const prefers = (token: number, by = 6): Float32Array =>
  logps(Array.from({ length: V }, (_, v) => (v === token ? by : 0)));

interface Told {
  readonly token: number;
  readonly aligned: number;
  readonly why: Explanation;
}

async function explain(
  p: Table,
  aligners: readonly AlignerSource[],
  over: Partial<DecodeParams> = {},
  owed = nothingOwed,
): Promise<Told[]> {
  const params = plainParams(V, {
    maxTokens: 5,
    temperature: 0,
    ...over,
    constraint: new ByteConstraint(letters, owed),
  });
  const proposal = new FakeSequence(p);
  const explainer = new Explainer({ proposal, aligners, params, tokenizer: letters, owed }, 4);
  const told: Told[] = [];
  for await (const step of decode(proposal, aligners, params, signal))
    told.push({ token: step.token, aligned: step.aligned, why: await explainer.explain(step, signal) });
  return told;
}

const first = async (...args: Parameters<typeof explain>) => (await explain(...args))[0];
const of = (why: Explanation, token: number | undefined) => why.candidates.find(({ id }) => id === token)!;
const close = (actual: number, expected: number, what = '') =>
  assert.ok(Math.abs(actual - expected) < 1e-6, `${what} ${actual} is not ${expected}`);

describe('an explanation', () => {
  for (const rule of RULE_NAMES) {
    it(`says what ${rule} did: proposed times weight is aligned, for what was drawn`, async () => {
      for (const seed of [1, 2, 3]) {
        const over = { temperature: 1, topP: 0.9, random: seededRandom(seed) };
        const sources = [aligner(randomTable(V, seed + 9), { rule: rule as RuleName })];
        const told = await explain(randomTable(V, seed), sources, over);
        const drawn = [];
        for await (const { token } of decode(
          new FakeSequence(randomTable(V, seed)),
          [aligner(randomTable(V, seed + 9), { rule: rule as RuleName })],
          plainParams(V, { maxTokens: 5, ...over }),
          signal,
        ))
          drawn.push(token);
        assert.deepEqual(
          told.map(({ token }) => token),
          drawn,
          'asking why changes nothing',
        );
        for (const { token, aligned, why } of told) {
          close(of(why, token).aligned, aligned);
          for (const { proposed, weights, aligned } of why.candidates) close(proposed * weights[0], aligned);
        }
      }
    });
  }

  it('gives P, Q and the weight of each candidate by definition', async () => {
    const [p, q] = [randomTable(V, 3)[0], randomTable(V, 4)[0]];
    const { why } = await first(everywhere(p), [aligner(everywhere(q), { strength: 0.3 })]);
    const mean = p.reduce((sum, x, v) => sum + Math.exp(x + 0.3 * (q[v] - x)), 0);
    for (const c of why.candidates) {
      close(c.p, Math.exp(p[c.id]), 'p');
      close(c.proposed, Math.exp(p[c.id]), 'proposed');
      close(c.q[0], Math.exp(q[c.id]), 'q');
      close(c.weights[0], Math.exp(0.3 * (q[c.id] - p[c.id])) / mean, 'weight');
    }
    assert.equal(why.nNucleus, V);
    assert.ok(why.candidates.length < V, 'only the most probable ones are listed');
  });

  it('says what P alone would have taken at each place, by the same draw', async () => {
    const p = randomTable(V, 5);
    const over = { temperature: 1, random: seededRandom(8) };
    const told = await explain(p, [aligner(randomTable(V, 6))], over);
    let previous = 0;
    for (const [position, { token, why }] of told.entries()) {
      const random = { uniform: (_: number, k: number) => over.random.uniform(position, k) };
      const proposal = new FakeSequence(p, [previous]);
      for await (const alone of decode(proposal, [], plainParams(V, { ...over, random }), signal))
        assert.equal(why.alone, alone.token);
      assert.equal(why.changedBy.length > 0, why.alone !== token);
      previous = token;
    }
    assert.ok(told.some(({ why }) => why.changedBy.length > 0) && told.some(({ why }) => why.changedBy.length === 0));
  });

  it('finds no change where no aligner takes part', async () => {
    for (const { token, why } of await explain(randomTable(V, 5), [], { temperature: 1 })) {
      assert.deepEqual([why.alone, why.changedBy, why.lambdas], [token, [], []]);
      assert.deepEqual(of(why, token).weights, []);
    }
  });

  for (const [what, rows, changedBy] of [
    ['the one that was needed', [prefers(2, 9), prefers(0, 1)], [0]],
    ['the one that was needed, whatever its place', [prefers(0, 1), prefers(2, 9)], [1]],
    ['both where neither had sufficed', [prefers(2, 2), prefers(2, 2)], [0, 1]],
    ['both where each had sufficed', [prefers(2, 9), prefers(2, 9)], [0, 1]],
    ['none where P had its way', [prefers(0, 9), prefers(0, 1)], []],
  ] as const) {
    it(`names ${what}`, async () => {
      const aligners = rows.map(row => aligner(everywhere(row), { rule: 'product', strength: 0.5 }));
      const { why } = await first(everywhere(prefers(0, 1.5)), aligners);
      assert.equal(why.alone, 0);
      assert.deepEqual(why.changedBy, changedBy);
    });
  }

  it('shows the mixture: λ, what it proposed, and P’s own choice even outside the nucleus', async () => {
    const sources = () => [
      aligner(everywhere(prefers(3, 30)), { mixture: () => 0.9 }),
      aligner(everywhere(prefers(0, 1)), { strength: 0.1 }),
    ];
    const { token, why } = await first(everywhere(prefers(0, 6)), sources(), { topP: 0.5 });
    assert.equal(token, 3);
    assert.deepEqual(why.lambdas, [0.9, 0]);
    assert.deepEqual([why.alone, why.changedBy], [0, [0]]);
    assert.ok(of(why, 3).p < 0.01 && of(why, 3).proposed > 0.99);
    assert.deepEqual([of(why, 0).proposed, of(why, 0).aligned], [0, 0]);
    close(of(why, 0).p, Math.exp(prefers(0, 6)[0]));
  });

  it('says of an aligner that vetoes everything that it weighs nothing', async () => {
    const nothing = Float32Array.from({ length: V }, () => -Infinity);
    const { token, why } = await first(everywhere(prefers(4)), [aligner(everywhere(nothing), { rule: 'product' })]);
    assert.equal(token, 4);
    assert.ok(why.candidates.every(({ weights, q }) => weights[0] === 0 && q[0] === 0));
    assert.doesNotMatch(JSON.stringify(why), /null/);
  });

  it('looks at candidates under the same bytes that are owed', async () => {
    const owed = new TextEncoder().encode('ca');
    const told = await explain(everywhere(prefers(1)), [aligner(everywhere(prefers(3, 30)))], {}, owed);
    const taken = told.map(({ token, why }) => [token, why.alone]);
    assert.deepEqual(taken.slice(0, 3), [
      [2, 2],
      [0, 0],
      [3, 1],
    ]);
  });

  it('compares alternatives with alternatives: the first token is forced for both', async () => {
    const p = logps([5, 4, 3, 2, 1, 0, 0, 0, 0]);
    const { token, why } = await first(everywhere(p), [aligner(everywhere(p))], { firstRank: 2 });
    assert.deepEqual([token, why.alone, why.changedBy], [2, 2, []]);
  });
});
