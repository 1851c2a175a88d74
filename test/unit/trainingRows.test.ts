/** Training rows: their shapes are those that are served, and each is a pure function of seed and index. */
import assert from 'node:assert/strict';
import { buildPrompt } from '../../src/core/fim';
import { seededRandom } from '../../src/core/random';
import { Cutter } from '../../src/core/training/cuts';
import { Dice } from '../../src/core/training/dice';
import { heldOutCuts, samplePrompts } from '../../src/core/training/prompts';
import { cutSample, NO_TARGET, promptOf, RowBuilder, responseRow, type Targets } from '../../src/core/training/rows';
import { drawWeight, SpotFinder, type TokenStore } from '../../src/core/training/tokenStore';
import { listTokenizer } from './support/fakeModel';

const characters = [...'abcdefghijklmnopqrstuvwxyz0123456789(){}.;=+ \n/'];
const SPECIAL = ['<|endoftext|>', '<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|file_sep|>'];
const [END, PRE, SUF, MID, SEP] = SPECIAL.keys();
const tokenizer = listTokenizer([...SPECIAL, ...characters, 'value', 'return']);
const show = (tokens: Iterable<number>) =>
  [...tokens]
    .map(t => (t < SPECIAL.length ? '⟨end⟩⟨pre⟩⟨suf⟩⟨mid⟩⟨sep⟩'.match(/⟨\w+⟩/g)![t] : tokenizer.decode([t])))
    .join('');

const fileText = (name: number, nLines: number) =>
  `${Array.from({ length: nLines }, (_, i) =>
    i % 5 === 4 ? '' : `${i % 3 === 1 ? '  ' : ''}value${name}x${i} = f${name}(${i * 7});`,
  ).join('\n')}\n`;
const texts = new Map([40, 12, 90, 25, 60].map((nLines, i) => [`src/part/file${i}.ts`, fileText(i, nLines)]));

function storeOf(files: ReadonlyMap<string, string>): TokenStore & { readonly names: readonly string[] } {
  const names = [...files.keys()];
  const tokens = [...files.values()].map(text => Uint16Array.from(tokenizer.encode(text)));
  return {
    nFiles: names.length,
    names,
    tokens: i => tokens[i],
    header: i => tokenizer.encode(`${names[i]}\n`),
    weights: names.map(drawWeight),
  };
}

const NEWLINE = tokenizer.encode('\n')[0];
const store = storeOf(texts);
const builder = (over: { seed?: number; length?: number; targets?: Targets; order?: 'suffix-first' | 'none' } = {}) => {
  const { seed = 1, length = 256, targets = 'all', order = 'suffix-first' } = over;
  return new RowBuilder(store, { tokenizer, order, length, targets }, seed);
};
const rows = (n: number, of = builder()) => Array.from({ length: n }, (_, i) => of.row(i));

/** The samples that a row begins with whole: what stands before each end token. */
function samplesOf(tokens: Int32Array): number[][] {
  const samples: number[][] = [];
  let start = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] !== END) continue;
    samples.push([...tokens.subarray(start, i)]);
    start = i + 1;
  }
  return samples;
}
const cutSamples = (n: number, of = builder()) =>
  rows(n, of)
    .flatMap(row => samplesOf(row.tokens))
    .filter(s => s.includes(MID));

describe('training rows', () => {
  it('are a pure function of seed and index', () => {
    const of = builder();
    const forwards = rows(30, of);
    const again = builder();
    for (let i = 29; i >= 0; i--) assert.deepEqual(again.row(i), forwards[i]);
    assert.notDeepEqual(rows(5, builder({ seed: 2 })), forwards.slice(0, 5));
    assert.equal(new Set(forwards.map(row => show(row.tokens))).size, 30);
  });

  it('predict the next token wherever they count, and nothing elsewhere', () => {
    for (const row of [...rows(40), ...rows(40, builder({ targets: 'code' }))]) {
      assert.deepEqual([row.tokens.length, row.targets.length, row.weights.length], [256, 256, 256]);
      for (let t = 0; t < 256; t++) {
        assert.equal(row.weights[t], row.targets[t] === NO_TARGET ? 0 : 1);
        if (t < 255 && row.weights[t]) assert.equal(row.targets[t], row.tokens[t + 1]);
      }
    }
    const counted = rows(40).reduce((sum, row) => sum + row.weights.reduce((a, b) => a + b), 0) / (40 * 256);
    assert.ok(counted > 0.93 && counted < 1, `${counted} of the positions count`);
  });

  it('never predict which file or which suffix was chosen', () => {
    for (const { tokens, targets } of rows(60)) {
      for (let t = 0; t < 255; t++) {
        if ([PRE, SUF].includes(tokens[t + 1]) || tokens[t] === SUF) assert.equal(targets[t], NO_TARGET);
        if (tokens[t] === END) assert.equal(targets[t], NO_TARGET);
      }
    }
  });

  it('hold text of the files in the order that is served: suffix, header, prefix and middle in one', () => {
    const samples = cutSamples(150, builder({ length: 600 }));
    assert.ok(samples.length > 150);
    let withSuffix = 0;
    for (const sample of samples) {
      const match = /⟨pre⟩⟨suf⟩([^⟨]*)⟨mid⟩([^\n]+)\n([^⟨]*)$/.exec(show(sample));
      assert.ok(match, show(sample));
      const [, suffix, name, written] = match;
      const text = texts.get(name)!;
      assert.ok(text.includes(`${written}\n${suffix}`), show(sample));
      assert.ok(!written.endsWith('\n') && written.trim() !== '');
      if (suffix === '') continue;
      withSuffix++;
      // Whole lines, as it is served: unless one line is more than half of the room.
      const rest = text.slice(text.indexOf(`${written}\n${suffix}`) + `${written}\n${suffix}`.length);
      const isWhole = rest === '' || rest.startsWith('\n');
      const tokens = tokenizer.encode(suffix);
      assert.ok(
        isWhole || !tokens.slice((tokens.length >> 1) + 1).includes(NEWLINE),
        JSON.stringify([suffix, rest.slice(0, 20)]),
      );
    }
    assert.ok(withSuffix > samples.length / 2);
  });

  it('show lines of other files now and then, as they are served', () => {
    const samples = cutSamples(300, builder({ length: 600 })).filter(sample => sample[0] === SEP);
    assert.ok(samples.length > 5, `${samples.length} with neighbours`);
    for (const sample of samples) {
      const [shown, own] = show(sample).split('⟨pre⟩');
      for (const piece of shown.split('⟨sep⟩').slice(1)) {
        const [name, ...lines] = piece.split('\n');
        assert.ok(`\n${texts.get(name)}`.includes(`\n${lines.join('\n')}`), piece);
        assert.ok(!own.includes(`⟨mid⟩${name}`));
      }
    }
  });

  it('begin plainly with the separator and the path', () => {
    const plain = rows(60, builder({ length: 600 }))
      .flatMap(row => samplesOf(row.tokens))
      .filter(s => !s.includes(MID));
    assert.ok(plain.length > 10);
    for (const sample of plain) assert.match(show(sample), /^⟨sep⟩src\/part\/file\d\.ts\n/);
    for (const row of rows(20, builder({ order: 'none' }))) assert.ok(!row.tokens.includes(MID));
  });

  it('count of held-out files only code that stands where a completion could', () => {
    for (const { tokens, targets } of rows(60, builder({ targets: 'code', length: 600 }))) {
      let start = 0;
      for (const sample of samplesOf(tokens)) {
        const headerEnd = sample.indexOf(NEWLINE, Math.max(0, sample.indexOf(MID)));
        for (let i = 0; i < sample.length; i++)
          assert.equal(targets[start + i] !== NO_TARGET, i >= headerEnd, show(sample.slice(0, i + 1)));
        start += sample.length;
        assert.equal(targets[start++], NO_TARGET);
      }
    }
  });

  it('draw every part of the workspace by its size', () => {
    const seen = new Map<string, number>();
    for (const row of rows(300, builder({ length: 128 })))
      for (const [, name] of show(row.tokens).matchAll(/(?:⟨mid⟩|⟨sep⟩)(src[^\n⟨]*)\n/g))
        seen.set(name, (seen.get(name) ?? 0) + 1);
    const total = [...seen.values()].reduce((a, b) => a + b);
    const size = [...texts.values()].reduce((sum, text) => sum + text.length, 0);
    for (const [name, text] of texts) {
      const ratio = seen.get(name)! / total / (text.length / size);
      assert.ok(ratio > 0.7 && ratio < 1.4, `${name}: ${ratio}`);
    }
    assert.ok(drawWeight('a/b.json') < 1 && drawWeight('README.md') < 1 && drawWeight('a.tsx') === 1);
  });

  it('of a prompt and its response predict the response alone', () => {
    const row = responseRow([PRE, SUF, MID, 9, 10], [11, 12, END], 10);
    assert.deepEqual([...row.tokens.subarray(0, 8)], [PRE, SUF, MID, 9, 10, 11, 12, END]);
    assert.deepEqual([...row.targets], [-1, -1, -1, -1, 11, 12, END, -1, -1, -1]);
    assert.deepEqual([...row.weights], [0, 0, 0, 0, 1, 1, 1, 0, 0, 0]);
    assert.deepEqual([...responseRow([1, 2], [3], 2).targets], [-1, 3]);
    assert.throws(() => responseRow([1, 2], [3, 4], 2));
  });
});

describe('places to complete', () => {
  it('are prompts that the engine itself would make of the same text', () => {
    const cutter = new Cutter(store, tokenizer, 'suffix-first');
    const spots = new SpotFinder(store);
    const random = seededRandom(5);
    let nCompared = 0;
    for (let i = 0; i < 300; i++) {
      const cut = cutter.cut(spots.spot(random.uniform(i, 0)), 'lines', new Dice(random, i + 1000), 400);
      if (cut === undefined) continue;
      nCompared++;
      const prompt = promptOf(cut, tokenizer, 'suffix-first');
      const engine = buildPrompt(
        {
          path: store.names[cut.file],
          prefix: tokenizer.decode(cut.prefix),
          lineRest: '',
          suffix: tokenizer.decode(cut.suffix),
          neighbours: [],
        },
        tokenizer,
        'suffix-first',
        4000,
      );
      // The engine backs up to the last pre-token, whose text the completion must begin with.
      const own = prompt.slice(cut.neighbours.length);
      assert.deepEqual([...engine.tokens], own.slice(0, engine.tokens.length));
      const backedUp = tokenizer.decode(own.slice(engine.tokens.length));
      assert.equal(backedUp, new TextDecoder().decode(engine.owed));
      const shape = { tokenizer, order: 'suffix-first', length: 400, targets: 'all' } as const;
      assert.deepEqual(cutSample(cut, shape).tokens, [...prompt, ...cut.middle, END]);
      assert.ok(prompt.length + cut.middle.length + 1 <= 400);
    }
    assert.ok(nCompared > 250);
  });

  it('stand inside of lines and at their beginning, and are spread over all files', () => {
    const cuts = heldOutCuts(store, { tokenizer, order: 'suffix-first' }, i => store.names[i], 3, 60);
    assert.equal(cuts.length, 60);
    for (const { text, truth } of cuts) {
      const whole = texts.get(text.path)!;
      assert.ok(whole.startsWith(`${text.prefix}${truth}\n${text.suffix}`));
      assert.ok(!truth.includes('\n') && truth.trim().length >= 3);
    }
    const atStart = cuts.filter(({ text }) => /(?:^|\n) *$/.test(text.prefix)).length;
    assert.ok(atStart > 0 && atStart < 40, `${atStart} at a line's beginning`);
    assert.equal(new Set(cuts.map(cut => cut.text.path)).size, texts.size);
  });

  it('give the same first prompts however many are wanted', () => {
    const shape = { tokenizer, order: 'suffix-first' } as const;
    const many = samplePrompts(store, shape, 4, 40, 208, 48);
    assert.equal(many.length, 40);
    assert.deepEqual(samplePrompts(store, shape, 4, 7, 208, 48), many.slice(0, 7));
    for (const { tokens, truth } of many) {
      assert.ok(tokens.length <= 208 && truth.length <= 48 && truth.at(-1) === END);
      const [, name, prefix] = /⟨mid⟩([^\n]+)\n([\s\S]*)$/.exec(show(tokens))!;
      assert.ok(texts.get(name)!.includes(prefix + tokenizer.decode([...truth])));
    }
    const plain = samplePrompts(store, { tokenizer, order: 'none' }, 4, 5, 208, 48);
    for (const { tokens, truth } of plain) {
      assert.equal(tokens[0], SEP);
      assert.ok(tokenizer.decode([...truth]).includes('\n'));
    }
  });
});
