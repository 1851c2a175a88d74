/** Where an answer ends, what of it may be shown at once, and how it reads. */
import assert from 'node:assert/strict';
import type { AnswerShape } from '../../src/core/chat/chat';
import { type AnswerEnd, GrowingAnswer, shownAnswer, withClosedFence } from '../../src/core/chat/chatAnswer';

const open: AnswerEnd = { stopTexts: [], extent: { kind: 'open' } };
const until = (...stopTexts: string[]): AnswerEnd => ({ stopTexts, extent: { kind: 'open' } });
const unit = (opening = '', isIndented = false): AnswerEnd => ({
  stopTexts: [],
  extent: { kind: 'unit', opening, isIndented },
});
const comment = (line: string): AnswerEnd => ({ stopTexts: [], extent: { kind: 'comment', line } });

/** Feeds `text` in pieces of `nChars`, as tokens do; what was handed on and why it ended. */
function grow(text: string, end: AnswerEnd, nChars: number, written = '') {
  const answer = new GrowingAnswer(written, end);
  let heard = written;
  for (let at = 0; at < text.length; at += nChars) {
    const { piece, stop } = answer.append(text.slice(at, at + nChars));
    heard += piece;
    assert.equal(heard, answer.shown);
    if (stop !== undefined) return { heard, stop };
  }
  heard += answer.finish();
  return { heard, stop: undefined };
}

describe('the end of an answer', () => {
  // The text up to █ is kept; what stands behind it is what the model would go on with.
  const rows: readonly (readonly [string, AnswerEnd, string, string?])[] = [
    ['goes on to the end', open, 'One.\n\nTwo.█'],
    ['comes at a text that ends it', until('*/'), 'Adds two numbers.█\n */\nfunction', 'stop'],
    ['comes at the first of several', until('"""', '*/'), 'Adds.█ */ """', 'stop'],
    ['is the end of a declaration', unit(), 'function a() {\n  return 1;\n}█\n\nfunction b() {', 'end'],
    ['is the end of what was opened before', unit('function a() {\n'), '  return 1;\n}█\nmore', 'end'],
    ['is a closing line with more on it', unit("it('"), "x', () => {\n  y();\n});█\nit('z'", 'end'],
    ['waits for else', unit('if (a) {\n'), '  b();\n} else {\n  c();\n}█\nd();', 'end'],
    ['is a statement of one line', unit(), 'const a = 1;█\nconst b = 2;\n', 'end'],
    [
      'leaves imports and comments to what they lead to',
      unit(),
      "import a from 'a';\n\n// why\nconst b = a;█\nconst c",
      'end',
    ],
    [
      'is a dedent where blocks have no brackets',
      unit('def f(a):\n', true),
      '    b = a\n\n    return b█\n\n\ndef g',
      'end',
    ],
    ['is not the else of such a block', unit('if a:\n', true), '    b()\nelse:\n    c()█\nd()', 'end'],
    ['is the first line that is no comment', comment('# '), 'One\n# two█\nthree', 'end'],
    ['is a line that repeats itself', open, 'a\nsame line\n█same line\nsame line\n', 'repeat'],
    ['is a cycle of lines', open, 'x\nfoo()\nbar()\n█foo()\nbar()\nfoo()\nbar()\n', 'repeat'],
  ];
  for (const [title, end, marked, stop] of rows) {
    it(title, () => {
      const [kept] = marked.split('█');
      const text = marked.replace('█', '');
      const whole = grow(text, end, text.length);
      assert.deepEqual(whole, { heard: kept.trimEnd(), stop });
      for (const nChars of [1, 2, 3, 7]) {
        const { heard, stop: reason } = grow(text, end, nChars);
        assert.equal(reason, stop, `${nChars} characters at a time`);
        // Of a cycle a part of its second copy was shown before it could be known for one.
        if (stop === 'repeat') assert.ok(heard.startsWith(kept.trimEnd()) && heard.length < text.length - 8, heard);
        else assert.equal(heard, kept.trimEnd(), `${nChars} characters at a time`);
      }
    });
  }

  it('is not a line that comes twice', () => {
    assert.deepEqual(grow('a\na\nb\nb\nc', open, 1), { heard: 'a\na\nb\nb\nc', stop: undefined });
  });
  it('is not a table or ruling', () => {
    const text = '| | |\n| | |\n| | |\n| | |\n----\n----\n----\n----\nend';
    assert.deepEqual(grow(text, open, 1), { heard: text, stop: undefined });
  });
  it('is looked for in what was written before too', () => {
    assert.deepEqual(grow(' */ x', until('*/'), 1, 'Adds.'), { heard: 'Adds.', stop: 'stop' });
    assert.deepEqual(grow('\n}\nx', unit('f(', false), 1, 'a) {'), { heard: 'a) {\n}', stop: 'end' });
  });
  it('takes nothing back that was written before', () => {
    assert.deepEqual(grow('x', until('"""'), 1, 'a """ b'), { heard: 'a """ b', stop: 'stop' });
  });
});

describe('an answer as Markdown', () => {
  const code: AnswerShape = { kind: 'code', languageId: 'typescript', opening: 'function ' };
  const prose: AnswerShape = { kind: 'prose' };
  const rows: readonly (readonly [string, AnswerShape, string, string])[] = [
    ['is what a model that writes Markdown wrote', { kind: 'plain' }, '\nHello.\n\n- a\n', 'Hello.\n\n- a'],
    ['closes what was opened', { ...code, closing: ' }' }, 'f() {', '```ts\nfunction f() { }\n```'],
    ['is code behind its opening', code, 'f() {}', '```ts\nfunction f() {}\n```'],
    [
      'names a language that is not known by itself',
      { kind: 'code', languageId: 'rust', opening: '' },
      'fn',
      '```rust\nfn\n```',
    ],
    [
      'fences Markdown with more',
      { kind: 'code', languageId: 'markdown', opening: '' },
      '```x',
      '````markdown\n```x\n````',
    ],
    ['is nothing where nothing was written', { kind: 'code', languageId: 'typescript', opening: '' }, '', ''],
    ['is the words of a block comment', prose, 'Adds.\n *\n * Twice.', 'Adds.\n\nTwice.'],
    ['is the words of line comments', prose, 'Adds\n# two\n# numbers', 'Adds\ntwo\nnumbers'],
    ['lists tags', prose, 'Adds.\n * @param a one\n * @returns the sum', 'Adds.\n- @param a one\n- @returns the sum'],
  ];
  for (const [title, shape, text, expected] of rows) {
    it(title, () => assert.equal(shownAnswer(shape, text, 'over'), expected));
    it(`${title}, and grows without taking anything back`, () => {
      const answer = new GrowingAnswer('', open);
      let shown = '';
      let written = '';
      const hear = (piece: string) => {
        written += piece;
        const next = shownAnswer(shape, written, 'streaming');
        assert.ok(next.startsWith(shown), `${JSON.stringify(shown)} became ${JSON.stringify(next)}`);
        shown = next;
      };
      for (const char of text) hear(answer.append(char).piece);
      hear(answer.finish());
      assert.ok(shownAnswer(shape, text, 'over').startsWith(shown));
    });
  }
});

describe('Markdown that something may stand behind', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['Hello.', 'Hello.'],
    ['```ts\na\n```', '```ts\na\n```'],
    ['```ts\na', '```ts\na\n```'],
    ['````md\n```ts\na\n```\n', '````md\n```ts\na\n```\n````'],
    ['~~~\n```\na', '~~~\n```\na\n~~~'],
    ['- a\n  ```\n  b\n  ```\n- c', '- a\n  ```\n  b\n  ```\n- c'],
    ['```ts\na\n```\n\n```js\nb', '```ts\na\n```\n\n```js\nb\n```'],
  ];
  for (const [markdown, closed] of rows)
    it(JSON.stringify(markdown), () => assert.equal(withClosedFence(markdown), closed));
});
