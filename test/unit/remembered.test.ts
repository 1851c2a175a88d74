import assert from 'node:assert/strict';
import { lineProbability, remainder, remember } from '../../src/core/remembered';

const token = (text: string, aligned: number) => ({ text, aligned });
const probability = (c: ReturnType<typeof remember>) => Number(lineProbability(c).toFixed(6));

describe('how sure a completion is', () => {
  const written = [token('foo', 0.5), token('(', 0.8), token('bar)', 0.5), token('\n', 0.9), token('baz', 0.1)];

  it('is the product over its first line, the end of the line included', () =>
    assert.equal(probability(remember('foo(bar)', written)), 0.18));
  it('does not count further lines', () => assert.equal(probability(remember('foo(bar)\nbaz', written)), 0.18));
  it('looks past blank lines to the first that says something', () =>
    assert.equal(probability(remember('\n  x', [token('\n', 0.5), token('  x', 0.5), token('\n', 0.5)])), 0.125));
  it('grows while it is typed through, a token typed in part staying open', () => {
    const whole = remember('foo(bar)', written);
    assert.equal(probability(remainder(whole, 3)), 0.36);
    assert.equal(probability(remainder(whole, 4)), 0.45);
    assert.equal(probability(remainder(whole, 6)), 0.45);
    assert.equal(remainder(whole, 6).text, 'r)');
    assert.equal(probability(remainder(remainder(whole, 3), 1)), 0.45);
  });
  it('is 0 without tokens', () => assert.equal(lineProbability(remember('', [])), 0));
});
