/** Figures of completed lines: first tokens, gates, what two proposals differ in, and nats a byte. */
import assert from 'node:assert/strict';
import { compareLines, unseenFigures } from '../../src/cli/unseen/lineFigures';
import { GATE_SCORES, isFirstTokenRight, type LineResult, lineResult } from '../../src/cli/unseen/lineResult';
import { compareNats, natsFigures, natsOf, textsIn } from '../../src/cli/unseen/nats';
import { placesIn } from '../../src/cli/unseen/places';
import { FakeSequence, listTokenizer, randomTable } from './support/fakeModel';

const result = (over: Partial<LineResult>): LineResult => ({
  ...{ id: 'x', package: 'p', path: 'a.ts', language: 'ts', kind: 'mid-line', truth: 'foo(a);', isRepeated: false },
  ...{ written: 'foo(a);', shown: 'foo(a);', probability: 0.5, stop: 'newline', elapsedMs: 1 },
  tokens: [],
  ...over,
});
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-3, `${a} is not ${b}`);

describe('figures of unseen lines', () => {
  const firsts: readonly (readonly [what: string, tokens: readonly string[], is: boolean])[] = [
    ['the beginning of the line', ['foo', '(b'], true],
    ['another word', ['fob'], false],
    ['what was owed before the cursor, then the beginning', ['', 'foo'], true],
    ['all of it and the line break', ['foo(a);\n\n'], true],
    ['half of it and a line break', ['foo\n'], false],
    ['a line break', ['\n'], false],
    ['nothing', [''], false],
  ];
  for (const [what, texts, is] of firsts)
    it(`judge a first token: ${what}`, () =>
      assert.equal(isFirstTokenRight(result({ tokens: texts.map(text => [text, 1, 1] as const) })), is));

  it('score a line by its own tokens, its end included, and not by the lines below', () => {
    const tokens = [
      ['foo', 0.5, 1],
      ['(a);', 0.8, 1],
      ['\n', 0.9, 1],
      ['bar', 0.1, 1],
    ] as const;
    const line = result({ written: 'foo(a);\nbar', tokens });
    near(GATE_SCORES.joint(line), 0.36);
    near(GATE_SCORES.least(line), 0.5);
    near(GATE_SCORES.mean(line), 0.36 ** (1 / 3));
    assert.equal(GATE_SCORES.product(line), 0.5);
    const nothing = result({ written: '', shown: '', tokens: [] });
    for (const score of Object.values(GATE_SCORES)) assert.ok([0, 0.5].includes(score(nothing)));
  });

  it('show what a gate lets pass, and how much of it is right', () => {
    const lines = [
      result({ package: 'a', probability: 0.9 }),
      result({ package: 'b', probability: 0.3, shown: 'foo(b);' }),
      result({ package: 'c', probability: 0.01 }),
      result({ package: 'd', probability: 0.6, shown: '' }),
    ];
    const figures = unseenFigures(lines);
    const at = (gate: number) => figures.gates.find(one => one.gate === gate)!;
    assert.deepEqual([figures.n, figures.nPackages, figures.exactMatch.value], [4, 4, 0.5]);
    assert.deepEqual([at(0).shown, at(0).right.value, at(0).exactMatch], [0.75, 0.6667, 0.5]);
    assert.deepEqual([at(0.05).shown, at(0.05).right.value, at(0.05).exactMatch], [0.5, 0.5, 0.25]);
    assert.deepEqual([at(0.5).shown, at(0.5).right.value], [0.25, 1]);
    const half = figures.scores.product.find(one => one.shown === 0.5)!;
    assert.equal(half.gate, 0.3);
  });

  it('count a line that is not shown as wrong, and group by what differs', () => {
    const figures = unseenFigures([
      result({ shown: '' }),
      result({ language: 'py', kind: 'line-start', isRepeated: true }),
    ]);
    assert.equal(figures.byLanguage.ts.exactMatch.value, 0);
    assert.equal(figures.byLanguage.py.exactMatch.value, 1);
    assert.equal(figures.byKind['line-start'].n, 1);
    assert.deepEqual(Object.keys(figures.byRepetition), ['repeated', 'unique']);
  });

  it('compare two proposals place by place', () => {
    const ids = Array.from({ length: 40 }, (_, i) => `${i}`);
    const lines = (wrong: (i: number) => boolean) =>
      ids.map((id, i) => result({ id, package: `p${i % 8}`, shown: wrong(i) ? 'no' : 'foo(a);' }));
    const others = new Map(lines(i => i % 4 === 0).map(one => [one.id, one]));
    others.delete('39');
    const { n, won, lost, exactMatch, differences } = compareLines(
      lines(i => i === 1),
      others,
    );
    assert.deepEqual([n, won, lost, differences.length], [39, 10, 1, 11]);
    near(exactMatch.value, 9 / 39);
    assert.ok(exactMatch.interval[0] < exactMatch.value && exactMatch.value < exactMatch.interval[1]);
    const same = compareLines(
      lines(i => i === 1),
      new Map(lines(i => i === 1).map(one => [one.id, one])),
    );
    assert.deepEqual([same.won, same.lost, same.exactMatch], [0, 0, { value: 0, interval: [0, 0] }]);
  });

  it('keep of an answer what other gates need', () => {
    const lines = Array.from({ length: 40 }, (_, i) => `const value${i} = ${i} + offset;`);
    const [place] = placesIn('p', [{ path: 'a.ts', language: 'ts', text: lines.join('\n') }], 1, 1);
    const tokens = [{ id: 7, text: 'foo', p: 0.123456789, aligned: 0.25 }];
    const completion = { text: 'foo', tokens, stop: 'newline' as const };
    const kept = lineResult(place, { completion, shown: 'foo', probability: 0.25, elapsedMs: 12.7 });
    assert.deepEqual(kept.tokens, [['foo', 0.12346, 0.25]]);
    assert.deepEqual([kept.id, kept.truth, kept.written, kept.elapsedMs], [place.id, place.truth, 'foo', 13]);
    assert.deepEqual(lineResult(place, { shown: '', probability: 0, elapsedMs: 1 }).tokens, []);
  });
});

describe('nats a byte', () => {
  const tokenizer = listTokenizer(['<|endoftext|>', 'a', 'b', '\n', '/', '.', 't', 's']);
  const table = randomTable(8, 3);

  it('are those of the true tokens, however many passes they take', async () => {
    const text = 'ab\nba\n'.repeat(20);
    const one = { id: 'p/a.ts', package: 'p', path: 'a.ts', language: 'ts', text };
    const found = await natsOf(one, new FakeSequence(table), tokenizer, new AbortController().signal);
    const tokens = [...tokenizer.encode('a.ts\n'), ...tokenizer.encode(text)].slice(-121);
    const expected = tokens.slice(1).reduce((sum, token, i) => sum - table[tokens[i]][token], 0);
    assert.deepEqual([found.nTokens, found.nBytes], [120, 120]);
    near(found.nats, expected);
  });

  it('are read from the beginnings of files, in whole lines', () => {
    const sources = Array.from({ length: 9 }, (_, i) => ({
      path: `${i}.ts`,
      language: 'ts' as const,
      text: `${`line ${i}\n`.repeat(i === 4 ? 2000 : 10)}`,
    }));
    const texts = textsIn('p', sources, 3);
    assert.deepEqual(
      texts.map(({ path }) => path),
      ['1.ts', '4.ts', '7.ts'],
    );
    assert.ok(texts[1].text.length <= 3600 && texts[1].text.endsWith('line 4\n'));
    assert.equal(textsIn('p', sources.slice(0, 2), 3).length, 2);
  });

  it('are compared text by text', () => {
    const rows = (factor: number) =>
      Array.from({ length: 12 }, (_, i) => ({
        ...{ id: `${i}`, package: `p${i % 4}`, path: 'a.ts', language: 'ts' },
        ...{ nats: factor * (30 + i), nBytes: 100, nTokens: 30 },
      }));
    near(natsFigures(rows(1)).natsPerByte.value, 0.355);
    const { nTexts, natsPerByte, relative } = compareNats(rows(1.02), new Map(rows(1).map(one => [one.id, one])));
    assert.equal(nTexts, 12);
    near(relative.value, 0.02);
    near(relative.interval[0], 0.02);
    near(natsPerByte.value, 0.0071);
  });
});
