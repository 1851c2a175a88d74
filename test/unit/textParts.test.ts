import assert from 'node:assert/strict';
import { textParts } from '../../src/engine/textParts';

describe('a text in parts', () => {
  const rows: [string, number, string[]][] = [
    ['', 4, ['']],
    ['abc', 4, ['abc']],
    ['ab\ncd\nef', 3, ['ab\ncd', '\nef']],
    ['ab\ncd\nef', 2, ['ab', '\ncd', '\nef']],
    ['ab\n\n  \n\tcd\n', 3, ['ab\n\n  \n\tcd', '\n']],
    ['ab\nc\nd\ne\nf', 3, ['ab\nc', '\nd\ne', '\nf']],
    ['one line that goes on', 3, ['one line that goes on']],
    ['ab  \ncd\nef', 2, ['ab  \ncd', '\nef']],
  ];
  for (const [text, minChars, parts] of rows) {
    it(`of at least ${minChars}: ${JSON.stringify(text)}`, () => {
      assert.deepEqual([...textParts(text, minChars)], parts);
    });
  }
});
