import assert from 'node:assert/strict';
import { CompletionCache } from '../../src/core/completionCache';

describe('completion cache', () => {
  const cache = new CompletionCache<string>(3);
  const sure = (...texts: string[]) => texts.map(text => ({ text, tokens: [{ end: text.length, logp: 0 }] }));
  cache.add({
    scope: 'a',
    prefix: 'const x = ',
    suffix: 'end',
    completions: sure('foo(bar);', 'food;'),
    nWanted: 2,
    origin: 'o',
  });
  const check = (what: string, scope: string, prefix: string, suffix: string, expected: string[] | undefined) =>
    it(what, () =>
      assert.deepEqual(
        cache.find(scope, prefix, suffix, 1)?.map(c => c.text),
        expected,
      ),
    );
  check('answers at the same place', 'a', 'const x = ', 'end', ['foo(bar);', 'food;']);
  check('answers what was typed through', 'a', 'const x = foo(', 'end', ['bar);']);
  check('keeps every completion that still fits', 'a', 'const x = foo', 'end', ['(bar);', 'd;']);
  check('knows nothing after another key', 'a', 'const x = fox', 'end', undefined);
  check('knows nothing once everything was typed', 'a', 'const x = foo(bar);', 'end', undefined);
  check('knows nothing before the place', 'a', 'const x =', 'end', undefined);
  check('knows nothing when the text below changed', 'a', 'const x = ', 'END', undefined);
  check('knows nothing of another scope', 'b', 'const x = ', 'end', undefined);

  it('remembers that nothing was worth showing', () => {
    const empty = new CompletionCache<string>();
    empty.add({ scope: 'a', prefix: 'x', suffix: '', completions: sure(), nWanted: 1, origin: 'o' });
    assert.deepEqual(empty.find('a', 'x', '', 1), []);
    assert.equal(empty.find('a', 'xy', '', 1), undefined);
  });
  it('forgets the oldest first, and everything on demand', () => {
    const small = new CompletionCache<string>(2);
    for (const prefix of ['1', '2', '3'])
      small.add({ scope: 's', prefix, suffix: '', completions: sure(`${prefix}!`), nWanted: 1, origin: 'o' });
    assert.equal(small.find('s', '1', '', 1), undefined);
    assert.deepEqual(small.find('s', '2', '', 1), [{ ...sure('2!')[0], origin: 'o', index: 0, nTyped: 0 }]);
    small.clear();
    assert.equal(small.find('s', '3', '', 1), undefined);
  });
});
