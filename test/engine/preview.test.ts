/** Previews are looked at, not typed on: they must not be in the way of what is typed, nor cost it its warm caches. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { createEngine } from '../../src/engine/engine';
import type { CompleteRequest, CompleteResult } from '../../src/protocol/messages';
import { DELTA, never } from './support/fixtures';

const REQUEST: CompleteRequest = {
  proposal: { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') },
  modules: [{ id: 'tiny', dir: path.join(DELTA, 'modules/tiny'), strength: 0.5 }],
  text: { path: 'src/a.ts', prefix: 'const secretName = ', lineRest: '', suffix: 'foo();\n', neighbours: [] },
  sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 1, nCandidates: 8 },
  extent: 'block',
  maxTokens: 12,
  contextTokens: 200,
  nCompletions: 1,
};
const PREVIEW: CompleteRequest = { ...REQUEST, lane: 'preview' };

describe('a preview', () => {
  const writtenBy = ({ completions }: CompleteResult) =>
    completions.map(({ text, tokens }) => [text, tokens.map(({ id }) => id)]);

  it('lets a completion that is asked for meanwhile go first, and goes on as if nothing had happened', async () => {
    const engine = createEngine(DELTA);
    const alone = await engine.complete(PREVIEW, () => {}, never);
    assert.ok(alone.completions[0].tokens.length > 4);
    const ends: string[] = [];
    let typed: Promise<CompleteResult> | undefined;
    const elsewhere = { ...REQUEST, text: { ...REQUEST.text, prefix: 'import { readFile } from "node:' } };
    const onProgress = () => {
      typed ??= engine.complete(elsewhere, () => {}, never).finally(() => ends.push('typed'));
    };
    const preview = await engine.complete(PREVIEW, onProgress, never).finally(() => ends.push('preview'));
    await typed;
    assert.deepEqual(ends, ['typed', 'preview']);
    assert.deepEqual(writtenBy(preview), writtenBy(alone));
  });

  it('leaves what is warm for the next key', async () => {
    const engine = createEngine(DELTA);
    await engine.complete(REQUEST, () => {}, never);
    await engine.complete({ ...PREVIEW, text: { ...REQUEST.text, prefix: 'class Other {\n  ' } }, () => {}, never);
    const next = await engine.complete(
      { ...REQUEST, text: { ...REQUEST.text, prefix: `${REQUEST.text.prefix}(` } },
      () => {},
      never,
    );
    assert.ok(next.nPrefilled <= 3, `${next.nPrefilled} tokens were evaluated`);
  });

  it('writes what a completion would', async () => {
    const engine = createEngine(DELTA);
    const [typed, preview] = [REQUEST, PREVIEW].map(request => engine.complete(request, () => {}, never));
    assert.deepEqual(writtenBy(await preview), writtenBy(await typed));
  });
});
