// What the page of the instant module is told besides what the engine knows, and what the page may say.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EvaluationRow } from '../../src/core/manifest';
import type { EngineClient } from '../../src/host/engineClient';
import { surveyInstant } from '../../src/host/modules/instantSurvey';
import type { NgramSurvey } from '../../src/protocol/ngramQuestions';
import { parseFromExplorerPage } from '../../src/protocol/pages/instantExplorer';
import { hostileValues } from './support/hostileValues';

const { signal } = new AbortController();

describe('a survey of the instant module', () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'residual-survey-'));
  const module = path.join(dir, 'storage/modules/instant');
  after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

  before(() => {
    mkdirSync(path.join(dir, 'src'), { recursive: true });
    mkdirSync(module, { recursive: true });
    const files = { 'a.ts': 'aa', 'b.py': 'b', 'new.ts': 'n', 'odd.ts': 'x\0', 'logo.png': 'png', Makefile: 'm' };
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(dir, 'src', name), text);
    writeFileSync(path.join(module, 'ngram.bin'), 'counts');
    writeFileSync(path.join(module, 'module.json'), 'no manifest');
    utimesSync(path.join(module, 'module.json'), 86_400, 86_400);
  });

  const measurement = (proposalId: string, aligned: number): EvaluationRow => ({
    ...{ metric: 'exact match', proposalId, proposal: 0.1, aligned, n: 150, dataset: 'lines' },
    measured: '2025-03-31T10:00:00.000Z',
  });
  let evaluation: readonly EvaluationRow[] = [];
  const survey = (): Promise<Awaited<ReturnType<typeof surveyInstant>>> => {
    const file = (name: string, nTokens: number, textBytes: number) => ({ name: `w/${name}`, nTokens, textBytes });
    const found: NgramSurvey = {
      nTokens: 10,
      sizeBytes: 99,
      files: [file('a.ts', 3, 30), file('b.py', 5, 50), file('c.ts', 1, 40), file('Makefile', 1, 1)],
      nNames: 1,
      names: [{ text: 'zorb', count: 2, nFiles: 1 }],
      phrases: [],
    };
    return surveyInstant(
      {
        engine: { call: (async () => found) as unknown as EngineClient['call'] },
        instant: {
          dir: module,
          folders: [{ name: 'w', dir: path.join(dir, 'src'), mayRead: file => !file.endsWith('secret.ts') }],
          nUnsaved: 2,
          evaluation: async () => evaluation,
          target: async () => ({ proposal: { id: 'p', dir: '/p' }, module: { id: 'instant', dir: module } }),
        },
        isUsed: true,
        languageOf: name => (name.endsWith('.ts') ? 'TypeScript' : name.endsWith('.py') ? 'Python' : undefined),
      },
      signal,
    );
  };

  it('adds files up by language, by ending or name where none is known', async () => {
    const { languages, nFiles, textBytes } = await survey();
    assert.deepEqual([nFiles, textBytes], [4, 121]);
    assert.deepEqual(languages, [
      { name: 'TypeScript', nFiles: 2, nTokens: 4, textBytes: 70 },
      { name: 'Python', nFiles: 1, nTokens: 5, textBytes: 50 },
      { name: 'Makefile', nFiles: 1, nTokens: 1, textBytes: 1 },
    ]);
  });

  it('says what was measured with the proposal in use, and nothing of what was not', async () => {
    assert.equal((await survey()).measured, undefined);
    evaluation = [measurement('another', 0.3)];
    assert.equal((await survey()).measured, undefined);
    evaluation = [measurement('another', 0.3), measurement('p', 0.2)];
    const { measured } = await survey();
    assert.deepEqual(measured, { alone: 0.1, aligned: 0.2, nPlaces: 150, measured: '2025-03-31T10:00:00.000Z' });
  });

  it('lists the largest first, and what is left out with why', async () => {
    const { largest, leftOut } = await survey();
    assert.deepEqual(
      largest.map(({ name }) => name),
      ['w/b.py', 'w/c.ts', 'w/a.ts', 'w/Makefile'],
    );
    assert.deepEqual(leftOut.map(({ reason, names }) => `${reason}: ${names}`).sort(), [
      'content: w/odd.ts',
      'kind: w/logo.png',
      'waiting: w/new.ts',
    ]);
  });

  it('knows the size and time on disk, and claims no time of building that is not written down', async () => {
    const { diskBytes, built, written, nUnsaved } = await survey();
    assert.deepEqual([diskBytes, built, written, nUnsaved], [17, undefined, '1970-01-02T00:00:00.000Z', 2]);
    const manifest = {
      formatVersion: 1,
      id: 'instant',
      kind: 'ngram',
      ...Object.fromEntries(['version', 'title', 'description', 'domain', 'licence'].map(name => [name, ''])),
      tokenizerSha256: 'a'.repeat(64),
      files: { 'ngram.bin': 'a'.repeat(64) },
      rule: 'geometric',
      temperature: 1,
      strength: { default: 0.1 },
      evaluation: [],
      built: '2025-03-31T10:00:00.000Z',
    };
    writeFileSync(path.join(module, 'module.json'), JSON.stringify(manifest));
    assert.equal((await survey()).built, manifest.built);
  });
});

describe('what the instant module’s page says', () => {
  it('is parsed, and dropped where it is none of its messages', () => {
    for (const message of [
      ...['ready', 'refresh', 'build', 'cancelBuild', 'manageTrust', 'measure', 'cancelMeasuring'].map(kind => ({
        kind,
      })),
      { kind: 'ask', text: '<img src=x>' },
      { kind: 'open', name: '../../etc/passwd' },
    ])
      assert.deepEqual(parseFromExplorerPage(message), message);
    for (const value of hostileValues) {
      assert.equal(parseFromExplorerPage(value), undefined);
      assert.equal(parseFromExplorerPage({ kind: value }), undefined);
      if (typeof value === 'string' && value.length <= 500) continue;
      assert.equal(parseFromExplorerPage({ kind: 'ask', text: value }), undefined);
      assert.equal(parseFromExplorerPage({ kind: 'open', name: value }), undefined);
    }
    assert.equal(parseFromExplorerPage({ kind: 'open', name: '' }), undefined);
  });
});
