// Titles from files that anybody may have made, where VS Code would read more than text in them.
import assert from 'node:assert/strict';
import { plainLabel, plainMessage, shortLabel } from '../../src/vscode/plainText';

describe('text from a file', () => {
  it('makes no icon in a label and no link in a message', () => {
    assert.equal(plainLabel('a $(trash) $($(x))'), 'a \\$(trash) \\$(\\$(x))');
    assert.equal(plainMessage('[a](command:b)'), '[a] (command:b)');
  });

  const check = (text: string, most: number, expected: string) =>
    it(`of ${[...text].length} characters in a place for ${most} is ${expected}`, () =>
      assert.equal(shortLabel(text, most), expected));
  check('React', 5, 'React');
  check('React hooks', 7, 'React…');
  check('👩🏽‍💻👩🏽‍💻', 3, '👩🏽…');
  check('$(trash) and more', 6, '\\$(tra…');
});
