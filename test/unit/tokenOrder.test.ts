/** Bytes of tokens in one buffer, and tokens by how their bytes begin, against a look at each. */
import assert from 'node:assert/strict';
import { seededRandom } from '../../src/core/random';
import { spellBytes } from '../../src/engine/byteAlphabet';
import { TokenBytes } from '../../src/engine/tokenBytes';
import { TokenOrder } from '../../src/engine/tokenOrder';
import { scanStartingWith } from './support/startingWith';

const source = seededRandom(3);
let nDraws = 0;
const below = (n: number) => Math.floor(source.uniform(nDraws++, 0) * n);
/** Of few different bytes, so that many begin alike; 0 and 255 are the ends of the order. */
const randomBytes = (most: number) => Uint8Array.from({ length: 1 + below(most) }, () => [0, 97, 98, 255][below(4)]);

function randomVocabulary(nTokens: number): { readonly tokens: TokenBytes; readonly bytes: readonly Uint8Array[] } {
  // Far fewer expected than there are: it grows.
  const tokens = new TokenBytes(4);
  const bytes: Uint8Array[] = [];
  const known = new Set<string>();
  for (let token = 0; token < nTokens; token++) {
    const own = token % 7 === 0 ? new Uint8Array() : randomBytes(9);
    const isKnown = known.has(String(own));
    known.add(String(own));
    if (own.length === 0) tokens.reserve(token);
    else if (isKnown || token % 5 === 0) tokens.addApart(token, own);
    else tokens.addSpelled(token, spellBytes(own));
    bytes.push(own);
  }
  return { tokens, bytes };
}

describe('the bytes of tokens', () => {
  const { tokens, bytes } = randomVocabulary(3000);

  it('are those that were given, whatever came later', () => {
    assert.equal(tokens.vocabSize, 3000);
    bytes.forEach((own, token) => {
      assert.deepEqual(tokens.of(token), own);
    });
    assert.equal(tokens.of(3000).length, 0);
    assert.equal(tokens.of(1e6).length, 0);
  });

  it('lead back to the token, but not to one that stands apart', () => {
    const nFound = bytes.filter((own, token) => tokens.idOf(own, 0, own.length) === token).length;
    assert.ok(nFound > 500);
    for (let i = 0; i < 2000; i++) {
      const some = randomBytes(9);
      const found = tokens.idOf(some, 0, some.length);
      if (found >= 0) assert.deepEqual(bytes[found], some);
    }
    const apart = new TokenBytes(4);
    apart.addApart(0, Uint8Array.of(1, 2));
    assert.equal(apart.idOf(Uint8Array.of(1, 2), 0, 2), -1);
  });

  it('find the tokens that begin like them, and those that they begin with', () => {
    const order = new TokenOrder(tokens);
    const vocabulary = { vocabSize: tokens.vocabSize, bytes: (token: number) => bytes[token] };
    for (let i = 0; i < 400; i++) {
      const owed = i === 0 ? new Uint8Array() : randomBytes(i % 3 === 0 ? 12 : 5);
      assert.deepEqual(order.startingWith(owed), scanStartingWith(vocabulary, owed), String(owed));
    }
  });
});
