/** Asking why replays a request: the same tokens, with reasons that add up, by the real engine. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EngineClient } from '../../src/host/engineClient';
import { explain } from '../../src/host/explain';
import { instantManifest } from '../../src/host/modules/instantManifest';
import type { CompleteRequest, Completion, ModuleUse } from '../../src/protocol/messages';
import { DELTA, never } from './support/fixtures';

const PROPOSAL = { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') };
/** Lists its likeliest tokens only. */
const TOP = { id: 'tiny-top', dir: path.join(DELTA, 'proposals/tiny-top') };
const module = (id: string, strength = 0.5): ModuleUse => ({ id, dir: path.join(DELTA, 'modules', id), strength });
const NAMES = 'export function zorbulateWidget(count) {\n  return zorbulateWidget(count - 1);\n}\n'.repeat(3);

describe('asking why', () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'residual-why-'));
  const instant: ModuleUse = { id: 'instant', dir: path.join(scratch, 'modules', 'instant'), strength: 0.5 };
  let client: EngineClient;

  before(async () => {
    client = new EngineClient({ script: path.resolve('dist/engine.js'), modelsDir: DELTA });
    const target = { proposal: PROPOSAL, module: instant };
    await client.call('ngramBegin', { ...target, maxMiB: 16 }, never);
    await client.call('ngramAdd', { ...target, files: [{ name: 'src/zorb.ts', stamp: '1', text: NAMES }] }, never);
    await client.call('ngramFinish', { ...target, manifest: instantManifest(1) }, never);
  });
  after(() => {
    client.dispose();
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  });

  const request = (modules: readonly ModuleUse[], over: Partial<CompleteRequest> = {}): CompleteRequest => ({
    proposal: PROPOSAL,
    modules,
    text: {
      path: 'src/a.ts',
      prefix: 'const a = 1;\nexport function zorbul',
      lineRest: '',
      suffix: '',
      neighbours: [],
    },
    sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 7, nCandidates: 8 },
    extent: 'line',
    maxTokens: 30,
    contextTokens: 200,
    nCompletions: 1,
    ...over,
  });
  const complete = async (asked: CompleteRequest) => (await client.call('complete', asked, never)).completions;
  const plain = (completions: readonly Completion[]) =>
    completions.map(({ text, stop, tokens }) => ({ text, stop, ids: tokens.map(({ id }) => id) }));

  const sampled = { temperature: 0.8, topP: 0.95, repetitionPenalty: 1.2, seed: 3, nCandidates: 8 };
  for (const [what, asked] of [
    ['greedy', request([module('tiny'), instant])],
    ['with draws', request([module('tiny')], { sampling: sampled })],
    ['for several completions', request([module('tiny'), module('other')], { nCompletions: 3 })],
    ['for the proposal alone', request([])],
    ['with sparse rows', request([module('tiny'), instant], { proposal: TOP, sampling: sampled, nCompletions: 2 })],
  ] as const) {
    it(`writes exactly what was written without asking, ${what}`, async () => {
      const shown = await complete(asked);
      const explained = await complete({ ...asked, lane: 'preview', explain: { nCandidates: 5 } });
      assert.deepEqual(plain(explained), plain(shown));
      assert.ok(
        shown.every(({ tokens }) => tokens.every(token => !('why' in token))),
        'nothing is told unasked',
      );
      for (const { id, p, aligned, why } of explained.flatMap(({ tokens }) => tokens)) {
        const drawn = why!.candidates.find(candidate => candidate.id === id)!;
        assert.deepEqual([drawn.p, drawn.aligned], [p, aligned]);
        assert.equal(why!.changedBy.length > 0, why!.alone !== id);
      }
    });
  }

  it('is told to a person as what was shown, token by token, beside the proposal alone', async () => {
    const asked = request([module('tiny', 0.01), instant]);
    const completions = await complete(asked);
    const suggestion = {
      text: completions[0].text,
      replaceRight: 0,
      index: 0,
      nTyped: 0,
      origin: { requestId: 1, request: asked, completions, titles: ['Tiny', 'Instant'] },
    };
    const answer = { suggestions: [suggestion], source: 'engine' as const, elapsedMs: 1 };
    const at = { document: 'file:///src/a.ts', languageId: 'typescript' };
    const offered = { ...at, suggestion, text: suggestion.text, source: answer.source, elapsedMs: 1 };
    const offer = { ...at, start: 0, cursor: 0, end: 0, texts: [suggestion.text], answer };
    const engine = { complete: (asked: CompleteRequest) => client.call('complete', asked, never) };
    const view = await explain({ offered, offer, state: 'shown' }, 0, engine, never);
    assert.equal(view.differsAt, undefined, 'the replay is exact');
    assert.deepEqual(
      view.tokens.map(({ id }) => id),
      completions[0].tokens.map(({ id }) => id),
    );
    const shown = view.tokens.map(({ text, nTyped, nShown }) => text.slice(nTyped, Math.max(nTyped, nShown)));
    assert.equal(shown.join(''), completions[0].text);
    assert.notEqual(view.alone?.text, completions[0].text);
    assert.deepEqual(
      view.modules.map(({ title }) => title),
      ['Tiny', 'Instant'],
    );
  });

  it('compares with the proposal alone: at the first place it is what the same request writes without modules', async () => {
    const explain = { nCandidates: 5 };
    const [aligned] = await complete(request([instant], { explain }));
    const [alone] = await complete(request([], { explain }));
    assert.equal(aligned.tokens[0].why!.alone, alone.tokens[0].id);
    assert.notEqual(aligned.text, alone.text);
  });

  it('shows no change at strength 0, and no trace of the module', async () => {
    const explain = { nCandidates: 5 };
    const [off] = await complete(request([{ ...instant, strength: 0 }], { explain }));
    const [alone] = await complete(request([], { explain }));
    assertAlike(off, alone);
    for (const { why } of off.tokens) assert.deepEqual([why!.changedBy, why!.lambdas], [[], []]);
  });

  it('names the module that changed a token, and shows how it was mixed in', async () => {
    // "tiny" at a strength at which it hardly weighs: the name can only come from the instant module.
    const modules = [module('tiny', 0.01), instant];
    const [{ tokens, text }] = await complete(request(modules, { explain: { nCandidates: 5 } }));
    assert.match(text, /^ateWidget\(count/);
    const changed = tokens.filter(({ why }) => why!.changedBy.length > 0);
    assert.ok(changed.length > 0);
    for (const { why } of changed) assert.deepEqual(why!.changedBy, [1]);
    const [{ id, why }] = changed;
    assert.ok(why!.lambdas[0] === 0 && why!.lambdas[1] > 0.1, String(why!.lambdas));
    const drawn = why!.candidates.find(candidate => candidate.id === id)!;
    assert.ok(drawn.q[1] > 0.5 && drawn.proposed > drawn.p, JSON.stringify(drawn));
  });
});

/** Equal but for the last bits of numbers: the same passes in other chunks differ in them. */
function assertAlike(a: unknown, b: unknown): void {
  if (typeof a === 'number' && typeof b === 'number') {
    assert.ok(Math.abs(a - b) <= 1e-4 * Math.max(1e-3, Math.abs(b)), `${a} ${b}`);
  } else if (a !== null && b !== null && typeof a === 'object' && typeof b === 'object') {
    assert.deepEqual(Object.keys(a), Object.keys(b));
    for (const [key, value] of Object.entries(a)) assertAlike(value, (b as Record<string, unknown>)[key]);
  } else {
    assert.equal(a, b);
  }
}
