/** A prompt that would take too long is shortened, read ahead when nothing else is asked, and shown whole from then on. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { isAbortError } from '../../src/core/errors';
import { createEngine } from '../../src/engine/engine';
import type { CompleteRequest, CompleteResult } from '../../src/protocol/messages';
import { DELTA, never } from './support/fixtures';

const LINES = Array.from({ length: 10 }, (_, i) => `const name${i} = value${i};\n`).join('');
const PLACE: CompleteRequest = {
  proposal: { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') },
  modules: [{ id: 'tiny', dir: path.join(DELTA, 'modules/tiny'), strength: 0.5 }],
  text: { path: 'src/a.ts', prefix: `${LINES}const last = `, lineRest: '', suffix: 'foo();\n', neighbours: [] },
  sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 1, nCandidates: 8 },
  extent: 'block',
  maxTokens: 6,
  contextTokens: 240,
  nCompletions: 1,
};
const TYPED: CompleteRequest = { ...PLACE, coldTokens: 64 };
const { proposal, modules } = PLACE;
const PROMPT = { text: PLACE.text, contextTokens: PLACE.contextTokens, maxTokens: PLACE.maxTokens };

describe('a prompt that takes too long', () => {
  const written = ({ completions }: CompleteResult) => completions[0].tokens.map(({ id, p }) => [id, p.toFixed(5)]);
  const fresh = (request: CompleteRequest) => createEngine(DELTA).complete(request, () => {}, never);

  it('is shortened at a new place, and shown whole where it was read ahead', async () => {
    const engine = createEngine(DELTA);
    const first = await engine.complete(TYPED, () => {}, never);
    assert.equal(first.shortenedTo, 64);
    assert.ok(first.nPrefilled <= 64, `${first.nPrefilled} tokens were read`);
    assert.deepEqual(written(first), written(await fresh({ ...PLACE, contextTokens: 64 })));

    await engine.warm({ proposal, modules, prompt: PROMPT }, () => {}, never);
    const second = await engine.complete(TYPED, () => {}, never);
    assert.equal(second.shortenedTo, undefined);
    assert.ok(second.nPrefilled <= 1, `${second.nPrefilled} tokens were read`);
    assert.deepEqual(written(second), written(await fresh(PLACE)));

    // What is typed there is a few tokens more.
    const next = { ...TYPED, text: { ...TYPED.text, prefix: `${TYPED.text.prefix}name1 + ` } };
    assert.equal((await engine.complete(next, () => {}, never)).shortenedTo, undefined);
  });

  it('is not shortened where it is no longer than what is in time', async () => {
    const short = { ...TYPED, text: { ...TYPED.text, prefix: 'const last = ' } };
    assert.equal((await fresh(short)).shortenedTo, undefined);
  });

  it('is given up as soon as something else is asked, and gone on with from there', async () => {
    const engine = createEngine(DELTA);
    await engine.complete(TYPED, () => {}, never);
    const ahead = engine
      .warm({ proposal, modules, prompt: PROMPT }, () => {}, never)
      .then(
        () => 'read',
        error => (isAbortError(error) ? 'given up' : Promise.reject(error)),
      );
    const typed = await engine.complete(TYPED, () => {}, never);
    assert.equal(typed.shortenedTo, 64);
    assert.equal(await ahead, 'given up');
    await engine.warm({ proposal, modules, prompt: PROMPT }, () => {}, never);
    assert.equal((await engine.complete(TYPED, () => {}, never)).shortenedTo, undefined);
  });
});
