import assert from 'node:assert/strict';
import { buildPrompt, type CompletionText } from '../../src/core/fim';
import { listTokenizer } from './support/fakeModel';

const letters = [...'abcdefghijklmnopqrstuvwxyz(){}.;= \n/'];
const tokenizer = listTokenizer([
  '<|endoftext|>',
  '<|fim_prefix|>',
  '<|fim_suffix|>',
  '<|fim_middle|>',
  '<|file_sep|>',
  ...letters,
]);
const SPECIAL = ['⟨end⟩', '⟨pre⟩', '⟨suf⟩', '⟨mid⟩', '⟨sep⟩'];
const show = (tokens: readonly number[]) => tokens.map(t => SPECIAL[t] ?? letters[t - SPECIAL.length]).join('');
const text = (over: Partial<CompletionText>): CompletionText => ({
  path: 'a.ts',
  prefix: '',
  lineRest: '',
  suffix: '',
  neighbours: [],
  ...over,
});
const owed = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('prompt', () => {
  it('is suffix-first: suffix, then header and prefix contiguous with what follows', () => {
    const prompt = buildPrompt(text({ prefix: 'x = foo.ba', suffix: 'return x;\n' }), tokenizer, 'suffix-first', 200);
    assert.equal(show(prompt.tokens), '⟨pre⟩⟨suf⟩return x;\n⟨mid⟩a.ts\nx = foo.');
    assert.equal(owed(prompt.owed), 'ba');
  });
  it('is prefix-first for models that know nothing else', () => {
    const prompt = buildPrompt(text({ prefix: 'x = ', suffix: 'y' }), tokenizer, 'prefix-first', 200);
    assert.equal(show(prompt.tokens), '⟨pre⟩a.ts\nx =⟨suf⟩y⟨mid⟩');
    assert.equal(owed(prompt.owed), ' ');
  });
  it('marks where the middle begins behind a prefix that follows the suffix', () => {
    const where = text({ prefix: 'x = foo.ba', suffix: 'return x;\n' });
    const prompt = buildPrompt(where, tokenizer, 'suffix-prefix-middle', 200);
    assert.equal(show(prompt.tokens), '⟨sep⟩a.ts\n⟨suf⟩return x;\n⟨pre⟩x = foo.⟨mid⟩');
    assert.equal(owed(prompt.owed), 'ba');
    const { fileSep: _, ...special } = tokenizer.special;
    const unnamed = buildPrompt(where, { ...tokenizer, special }, 'suffix-prefix-middle', 200);
    assert.equal(show(unnamed.tokens), '⟨suf⟩return x;\n⟨pre⟩a.ts\nx = foo.⟨mid⟩');
  });
  it('continues plainly without FIM tokens', () => {
    assert.equal(show(buildPrompt(text({ prefix: 'x;' }), tokenizer, 'none', 200).tokens), '⟨sep⟩a.ts\nx');
  });
  it('begins with the token that a foreign model wants at the start of everything', () => {
    const foreign = { ...tokenizer, special: { ...tokenizer.special, bos: 0 } };
    const prompt = buildPrompt(text({ prefix: 'x;', suffix: 'y' }), foreign, 'prefix-first', 200);
    assert.equal(show(prompt.tokens), '⟨end⟩⟨pre⟩a.ts\nx⟨suf⟩y⟨mid⟩');
  });
  it('puts neighbours first and leaves out those that do not fit', () => {
    const neighbours = [
      { path: 'b.ts', text: 'b' },
      { path: 'c.ts', text: 'c'.repeat(90) },
    ];
    assert.equal(
      show(buildPrompt(text({ prefix: 'x;', neighbours }), tokenizer, 'suffix-first', 120).tokens),
      '⟨sep⟩b.ts\nb⟨pre⟩⟨suf⟩⟨mid⟩a.ts\nx',
    );
  });
  it('appends to the same tokens while a person types, and moves the left edge in steps', () => {
    const long = 'abc; '.repeat(400);
    let steps = 0;
    let last = buildPrompt(text({ prefix: long, suffix: 'z;\n' }), tokenizer, 'suffix-first', 300).tokens;
    for (let i = 1; i <= 120; i++) {
      const next = buildPrompt(
        text({ prefix: long + 'x;'.repeat(i), suffix: 'z;\n' }),
        tokenizer,
        'suffix-first',
        300,
      ).tokens;
      assert.ok(next.length <= 300);
      let common = 0;
      while (common < last.length && last[common] === next[common]) common++;
      if (common < last.length) steps++;
      last = next;
    }
    assert.ok(steps >= 2 && steps <= 6, `the edge moved ${steps} times in 240 tokens`);
  });
  it('keeps whole lines of the suffix', () => {
    const prompt = buildPrompt(
      text({ prefix: 'x', suffix: 'one;\ntwo;\nthreethreethree;\n' }),
      tokenizer,
      'suffix-first',
      80,
    );
    assert.match(show(prompt.tokens), /^⟨pre⟩⟨suf⟩one;\ntwo;⟨mid⟩/);
  });
});
