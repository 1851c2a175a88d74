// What a person is shown of an n-gram: its names, its phrases, and what it expects behind a text.
import assert from 'node:assert/strict';
import { NgramModel } from '../../src/core/ngram/ngram';
import { expectationOf } from '../../src/core/ngram/ngramExpectation';
import { countNames } from '../../src/core/ngram/ngramNames';
import { findPhrases } from '../../src/core/ngram/ngramPhrases';
import { finish } from '../../src/core/ngram/ngramSort';
import { NgramStore } from '../../src/core/ngram/ngramStore';
import { wordTokenizer } from './support/wordTokenizer';

const MAX_BYTES = 1 << 24;

async function learn(...texts: readonly string[]) {
  const tokenizer = wordTokenizer(texts.join('\0'));
  const store = new NgramStore(tokenizer.vocabSize, MAX_BYTES);
  for (const [i, text] of texts.entries()) store.put(`f${i}`, '', tokenizer.encode(text));
  await store.merge(async () => {});
  const { segment, files } = store.base;
  const tokens = [...files.values()].map(file => file.tokens);
  return {
    ...finish(countNames(tokens, tokenizer, 100)),
    phrases: finish(findPhrases(segment, tokenizer, 20)),
    expect: (text: string) => expectationOf(new NgramModel(store, tokenizer), tokenizer, text, 4),
  };
}

describe('names of a workspace', () => {
  const check = async (texts: readonly string[], expected: readonly string[]) => {
    const { names } = await learn(...texts);
    assert.deepEqual(
      names.map(({ text, count, nFiles }) => `${text} ${count}/${nFiles}`),
      expected,
    );
  };

  it('are counted where code uses them, most used first, with their files', () =>
    check(
      ['zorbulate(count);\nzorbulate(count);', 'import { zorbulate } from "zorb";\nlist.count = 1;'],
      ['count 3/2', 'zorbulate 3/2', 'list 1/1'],
    ));
  it('are no keywords and no words of prose', () =>
    check(['// this does what nobody else wants to do\nreturn (x);\nconst function = 1;'], []));
  it('are words of any language', () => check(['größe = 1;\nünïcode.größe;'], ['größe 2/1', 'ünïcode 1/1']));
  it('are whole where a file is read in pieces', async () => {
    const { names, sizesBytes } = await learn('averylongname(otherName);\n'.repeat(3000));
    assert.deepEqual(names, [
      { text: 'averylongname', count: 3000, nFiles: 1 },
      { text: 'otherName', count: 3000, nFiles: 1 },
    ]);
    assert.deepEqual(sizesBytes, [26 * 3000]);
  });
  it('of nothing are none', () => check([''], []));
});

describe('phrases of a workspace', () => {
  const phrasesOf = async (...texts: readonly string[]) =>
    (await learn(...texts)).phrases.map(({ text, count }) => `${count} ${text}`);

  it('are whole however long, and not told in parts', async () => {
    const line = 'const board = await loadBoard(project, signal, options.first);\n';
    assert.deepEqual(await phrasesOf(line.repeat(4)), [`4 ${line.trim()}`]);
  });
  it('do not begin or end within a word, nor cross a line or a file', async () => {
    const found = await phrasesOf(...['a1', 'b2', 'c3'].map(end => `zorb.widget(v${end}\nzorb.widget(v${end}`));
    assert.deepEqual(found, ['6 zorb.widget(']);
  });
  it('that are part of another are told where they are much more frequent', async () => {
    const found = await phrasesOf(
      ...['tasks(one);\n', 'save(two);\n', 'first = 3;\n'].map(end => `this.state.board.${end}`.repeat(4)),
    );
    assert.equal(found[0], '12 this.state.board.');
    assert.deepEqual(found.slice(1).sort(), [
      '4 this.state.board.first = 3;',
      '4 this.state.board.save(two);',
      '4 this.state.board.tasks(one);',
    ]);
  });
  it('name something', async () => {
    assert.deepEqual(await phrasesOf('if ((((a))))) {};\n'.repeat(9)), []);
  });
  it('that stand there twice are none', async () => {
    assert.deepEqual(await phrasesOf('loadBoard(project, signal);\n'.repeat(2)), []);
  });
});

describe('what is expected behind a text', () => {
  it('are the tokens that followed it, with how they go on within the line', async () => {
    const { expect } = await learn('board.load(project);\n'.repeat(3), 'board.save(all);\n');
    const { nKnown, count, expected } = await expect('board.');
    assert.deepEqual([nKnown, count], [2, 4]);
    assert.deepEqual(
      expected.slice(0, 2).map(({ text }) => text),
      ['load(project);\n', 'save(all);\n'],
    );
    assert.ok(expected[0].prob > 0.4 && expected[1].prob < expected[0].prob && expected[1].prob > 0.05);
  });
  it('takes a word with and without a space before it', async () => {
    const { expect } = await learn('x = zorb.first;\n'.repeat(3), 'zorb.second;\n');
    const { nKnown, count, expected } = await expect('zorb');
    assert.deepEqual([nKnown, count], [1, 4]);
    assert.match(expected[0].text, /^\./);
  });
  it('counts nothing of the text itself', async () => {
    const { expect } = await learn('board.load(project);\n');
    const { expected } = await expect('board.board.board.');
    assert.match(expected[0].text, /^load/);
    assert.ok(!expected.some(({ text }) => /board.*board/.test(text)), JSON.stringify(expected));
  });
  it('is nothing where nothing is known', async () => {
    const { expect } = await learn('board.load(project);\n', 'unseen');
    for (const text of ['', 'unseen']) assert.deepEqual(await expect(text), { nKnown: 0, count: 0, expected: [] });
  });
});
