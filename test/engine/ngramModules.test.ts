/** Instant modules through the real engine: built, used, changed, written, found again. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../../src/core/errors';
import { readNgramFile } from '../../src/core/ngram/ngramFile';
import { EngineClient } from '../../src/host/engineClient';
import { instantManifest } from '../../src/host/modules/instantManifest';
import type { CompleteRequest, NgramFile } from '../../src/protocol/messages';
import { DELTA, never, openProposal } from './support/fixtures';

const ENGINE = path.resolve('dist/engine.js');
const PROPOSAL = { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') };

const file = (name: string, text: string, stamp = '1'): NgramFile => ({ name, stamp, text });
const FILES = [
  file('src/zorb.ts', 'export function zorbulateWidget(count) {\n  return zorbulateWidget(count - 1);\n}\n'.repeat(3)),
  file('src/other.ts', 'export const value = 1;\n'.repeat(3)),
];

describe('instant modules', () => {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'residual ngram ü-'));
  const target = { proposal: PROPOSAL, module: { id: 'instant', dir: path.join(scratch, 'modules', 'instant') } };
  let client: EngineClient;

  const open = () => {
    client = new EngineClient({ script: ENGINE, modelsDir: DELTA });
    return client;
  };
  const build = async (files: readonly NgramFile[], maxMiB = 16) => {
    await client.call('ngramBegin', { ...target, maxMiB }, never);
    await client.call('ngramAdd', { ...target, files }, never);
    return client.call('ngramFinish', { ...target, manifest: instantManifest(files.length) }, never);
  };
  const request = (prefix: string, strength: number): CompleteRequest => ({
    proposal: PROPOSAL,
    modules: [{ ...target.module, strength }],
    text: { path: 'src/a.ts', prefix, lineRest: '', suffix: '', neighbours: [] },
    sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 1, nCandidates: 8 },
    extent: 'line',
    maxTokens: 30,
    contextTokens: 200,
    nCompletions: 1,
  });
  const complete = async (prefix: string, strength: number) => {
    const { completions } = await client.call('complete', request(prefix, strength), never);
    return completions[0];
  };

  const countsFile = () =>
    path.join(target.module.dir, readdirSync(target.module.dir).find(name => /^ngram-[0-9a-f]{16}\.bin$/.test(name))!);

  before(open);
  afterEach(() => {
    client.dispose();
    open();
  });
  after(() => {
    client.dispose();
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  });

  it('make a name of the workspace suggestible that the proposal never proposes', async () => {
    const account = await build(FILES);
    assert.equal(account.nFiles, 2);
    assert.equal(account.nLeftOut, 0);
    const { counts } = JSON.parse(readFileSync(path.join(target.module.dir, 'module.json'), 'utf8'));
    assert.deepEqual(counts, { files: account.nFiles, tokens: account.nTokens });
    const prefix = 'const a = 1;\nexport function zorbul';
    const alone = await complete(prefix, 0);
    assert.doesNotMatch(alone.text, /ateWidget/);
    const aligned = await complete(prefix, 0.5);
    assert.match(aligned.text, /^ateWidget\(count/);
    assert.ok(
      aligned.tokens.some(token => token.p < 0.01 && token.aligned > 0.5),
      JSON.stringify(aligned.tokens),
    );
  });

  it('count what is saved and deleted at once, and keep it when saved', async () => {
    await build(FILES);
    const prefix = 'const a = 1;\nexport function zorbul';
    const renamed = FILES[0].text.replaceAll('ateWidget', 'imateGadget');
    await client.call(
      'ngramUpdate',
      { ...target, put: [file('src/zorb.ts', renamed, '2')], remove: ['src/other.ts'] },
      never,
    );
    assert.match((await complete(prefix, 0.5)).text, /^imateGadget/);
    const { files } = await client.call('ngramFiles', target, never);
    assert.deepEqual(files, [{ name: 'src/zorb.ts', stamp: '2' }]);

    const before = readFileSync(countsFile());
    await client.call('ngramSave', target, never);
    assert.notDeepEqual(readFileSync(countsFile()), before);
    assert.match((await complete(prefix, 0.5)).text, /^imateGadget/, 'the counts stay loaded');
    client.dispose();
    open();
    assert.match((await complete(prefix, 0.5)).text, /^imateGadget/, 'and are found by another engine');
    assert.deepEqual((await client.call('ngramFiles', target, never)).files, files);
  });

  it('end at a line’s end as the proposal does', async () => {
    await build(FILES);
    const { text } = await complete('export const val', 0.5);
    assert.equal(text, 'ue = 1;');
  });

  it('leave out what does not fit and say so', async () => {
    const large = Array.from({ length: 30 }, (_, i) =>
      file(`large${i}.ts`, `const v${i} = "${'x y z '.repeat(4000)}";\n`),
    );
    const account = await build(large, 1);
    assert.ok(account.nLeftOut > 0 && account.nFiles + account.nLeftOut === 30, JSON.stringify(account));
    assert.ok(account.sizeBytes < 2 * 2 ** 20);
  });

  it('give way to a completion while they are built', async () => {
    await build(FILES);
    const order: string[] = [];
    await client.call('ngramBegin', { ...target, maxMiB: 64 }, never);
    const many = Array.from({ length: 60 }, (_, i) =>
      file(`f${i}.ts`, `const v${i} = [${'1, a.b(c), '.repeat(2000)}];\n`),
    );
    const adding = client.call('ngramAdd', { ...target, files: many }, never).then(() => order.push('built'));
    await complete('const a', 0.5).then(() => order.push('completed'));
    await adding;
    assert.deepEqual(order, ['completed', 'built']);
  });

  it('count what is saved, and answer completions, before they are merged and written', async () => {
    const many = Array.from({ length: 40 }, (_, i) =>
      file(`f${i}.ts`, `const v${i} = [${'1, a.b(c), '.repeat(2000)}];\n`),
    );
    await build([...FILES, ...many], 64);
    const renamed = FILES[0].text.replaceAll('ateWidget', 'imateGadget');
    const update = (name: string, text: string) =>
      client.call('ngramUpdate', { ...target, put: [file(name, text, '2')], remove: [] }, never);
    await update('src/other.ts', 'export const other = 2;\n');
    const order: string[] = [];
    const saving = client.call('ngramSave', target, never).then(() => order.push('saved'));
    const updating = update('src/zorb.ts', renamed).then(() => order.push('updated'));
    await complete('const a', 0.5).then(() => order.push('completed'));
    await updating;
    assert.match((await complete('const a = 1;\nexport function zorbul', 0.5)).text, /^imateGadget/);
    await saving;
    assert.deepEqual([order.length, order.at(-1)], [3, 'saved']);

    const stamps = async () => {
      const { files } = await client.call('ngramFiles', target, never);
      return ['src/zorb.ts', 'src/other.ts'].map(name => files.find(one => one.name === name)?.stamp);
    };
    assert.deepEqual(await stamps(), ['2', '2']);
    client.dispose();
    open();
    assert.deepEqual(await stamps(), ['1', '2'], 'what came while it was written is not in it');
  });

  it('count a long file, which is encoded in parts, as it is', async () => {
    const text = Array.from({ length: 2000 }, (_, i) => `  const v${i} = a.b(${i}); // ü\r\n    \r\n\r\n`).join('');
    await build([file('long.ts', text)]);
    const proposal = await openProposal(PROPOSAL.dir);
    const store = readNgramFile(readFileSync(countsFile()), 2 ** 24);
    const expected = proposal.tokenizer.encode(text.replaceAll('\r\n', '\n'));
    await proposal.model.close();
    assert.ok(text.length > 60_000);
    assert.deepEqual([...store.base.segment.tokens.subarray(6, -1)], expected);
  });

  it('stop being built when that is cancelled, and leave the old one', async () => {
    await build(FILES);
    const before = readFileSync(countsFile());
    await client.call('ngramBegin', { ...target, maxMiB: 64 }, never);
    const controller = new AbortController();
    const many = Array.from({ length: 200 }, (_, i) =>
      file(`f${i}.ts`, `const v${i} = [${'1, a.b(c), '.repeat(2000)}];\n`),
    );
    const adding = client.call('ngramAdd', { ...target, files: many }, controller.signal);
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(adding, { name: 'AbortError' });
    await client.call('ngramAbandon', target, never);
    await assert.rejects(
      client.call('ngramFinish', { ...target, manifest: instantManifest(1) }, never),
      (error: unknown) => error instanceof UserError && error.code === 'ngram-build-lost',
    );
    assert.deepEqual(readFileSync(countsFile()), before);
  });

  it('stop in the middle when they are cancelled there', async () => {
    const many = Array.from({ length: 300 }, (_, i) =>
      file(`f${i}.ts`, `const v${i} = [${'1, a.b(c), '.repeat(2000)}];\n`),
    );
    await client.call('ngramBegin', { ...target, maxMiB: 64 }, never);
    const controller = new AbortController();
    const adding = client.call('ngramAdd', { ...target, files: many }, controller.signal);
    // Answered between two files: from then on the files are being counted.
    await client.call('complete', { ...request('const a', 0), maxTokens: 1 }, never);
    controller.abort();
    await assert.rejects(adding, { name: 'AbortError' });
    const { nFiles } = await client.call('ngramFinish', { ...target, manifest: instantManifest(1) }, never);
    assert.ok(nFiles > 0 && nFiles < many.length, `${nFiles}`);
  });

  it('tell what they learned, also what is not saved yet, and what they expect', async () => {
    await build(FILES);
    const put = [file('src/more.ts', 'zorbulateWidget(value);\n', '2')];
    await client.call('ngramUpdate', { ...target, put, remove: ['src/other.ts'] }, never);
    const survey = await client.call('ngramSurvey', { ...target, nNames: 2, nPhrases: 5 }, never);
    assert.deepEqual(survey.names, [
      { text: 'zorbulateWidget', count: 7, nFiles: 2 },
      { text: 'count', count: 6, nFiles: 1 },
    ]);
    assert.equal(survey.nNames, 3);
    assert.deepEqual(
      survey.files.map(({ name, textBytes }) => [name, textBytes]),
      [
        ['src/more.ts', put[0].text.length],
        ['src/zorb.ts', FILES[0].text.length],
      ],
    );
    assert.equal(
      survey.nTokens,
      survey.files.reduce((sum, { nTokens }) => sum + nTokens, 0),
    );
    assert.ok(survey.phrases.some(({ text, count }) => /zorbulateWidget/.test(text) && count >= 3));

    const ask = (text: string) => client.call('ngramExpect', { ...target, text, nExpected: 3, nNames: 3 }, never);
    const { names, expected } = await ask('return zorb');
    assert.deepEqual(
      names.map(({ text }) => text),
      ['zorbulateWidget'],
    );
    assert.ok(expected.every(({ prob }) => prob >= 0 && prob <= 1));
    const { expected: behind, nKnown } = await ask('zorbulateWidget(');
    assert.ok(nKnown > 0);
    assert.match(behind[0].text, /^count/);
    assert.deepEqual((await ask('')).expected, []);
  });

  it('give way to a completion while they tell it, and stop when that is cancelled', async () => {
    const many = Array.from({ length: 60 }, (_, i) =>
      file(`f${i}.ts`, `const v${i} = [${'one, a.b(c), '.repeat(2000)}];\n`),
    );
    await build([...FILES, ...many], 64);
    const order: string[] = [];
    const controller = new AbortController();
    const request = { ...target, nNames: 5, nPhrases: 5 };
    const telling = client.call('ngramSurvey', request, controller.signal).then(
      () => order.push('told'),
      ({ name }) => order.push(name),
    );
    await complete('const a', 0.5).then(() => order.push('completed'));
    controller.abort();
    await telling;
    assert.deepEqual(order, ['completed', 'AbortError']);
    assert.equal((await client.call('ngramSurvey', request, never)).files.length, 62);
  });

  it('are measured line by line without what the line’s own file counts, and keep what is written of it', async () => {
    // What only stands in one file is not known there; what stands in all is known in each.
    const shared = 'export const plimb = (x) => {\n  while (open) close();\n  return [quux, zorb];\n};\n';
    const only = (i: number) => shared.replace(/plimb|open|close|quux|zorb/g, word => `${'abcdefghijkl'[i]}${word}`);
    const measure = (onProgress: (progress: unknown) => void, signal = never) =>
      client.stream('ngramMeasure', { ...target, nPlaces: 40 }, onProgress, signal);
    const filesOf = (text: (i: number) => string) =>
      Array.from({ length: 12 }, (_, i) => file(`src/f${i}.ts`, `// ${i}\n${text(i)}`));

    // The tiny proposal proposes next to anything: the module has to lead.
    const leading = { strength: { default: 0.9 }, mixture: { default: [0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9] } };
    await build(filesOf(() => shared));
    await client.call('ngramSave', { ...target, manifest: leading }, never);
    client.dispose();
    open();
    const seen: unknown[] = [];
    const known = await measure(progress => seen.push(progress));
    assert.ok(known.nPlaces >= 12 && known.nFiles === 12, JSON.stringify(known));
    assert.deepEqual(seen.at(-1), { nDone: known.nPlaces, nPlaces: 40 });
    assert.equal(known.nAlone, 0);
    assert.ok(known.nWith > known.nPlaces / 2, JSON.stringify(known));

    await build(filesOf(only));
    await client.call('ngramSave', { ...target, manifest: leading }, never);
    client.dispose();
    open();
    const unknown = await measure(() => {});
    assert.ok(unknown.nPlaces >= 12);
    // Brackets alone are the same everywhere.
    assert.ok(unknown.nWith < unknown.nPlaces / 2, JSON.stringify(unknown));

    const evaluation = [
      {
        metric: 'exact match',
        proposalId: 'tiny',
        proposal: 0,
        aligned: 0.5,
        n: 12,
        dataset: 'lines',
        measured: 'now',
      },
    ];
    await client.call('ngramSave', { ...target, manifest: { evaluation } }, never);
    const put = [file('src/new.ts', only(0), '2')];
    await client.call('ngramUpdate', { ...target, put, remove: [] }, never);
    await client.call('ngramSave', target, never);
    const manifest = JSON.parse(readFileSync(path.join(target.module.dir, 'module.json'), 'utf8'));
    assert.deepEqual(manifest.evaluation, evaluation);
    assert.equal(manifest.counts.files, 13);
  });

  it('give way to a completion while they are measured, and stop when that is cancelled', async () => {
    await build([...FILES, ...FILES.map(({ name, text }) => file(`more/${name}`, text))]);
    const controller = new AbortController();
    const order: string[] = [];
    const measuring = client
      .stream('ngramMeasure', { ...target, nPlaces: 40 }, () => {}, controller.signal)
      .then(
        () => order.push('measured'),
        ({ name }) => order.push(name),
      );
    await complete('const a', 0.5).then(() => order.push('completed'));
    controller.abort();
    await measuring;
    assert.deepEqual(order, ['completed', 'AbortError']);
  });

  it('are refused with a sentence when a byte on disk is wrong', async () => {
    await build(FILES);
    const bin = countsFile();
    const bytes = readFileSync(bin);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(bin, bytes);
    await assert.rejects(
      complete('const a', 0.5),
      (error: unknown) =>
        error instanceof UserError && error.code === 'model-file-changed' && /ngram-.*\.bin/.test(error.message),
    );
  });

  it('are refused with a sentence when they cannot be written', async () => {
    writeFileSync(path.join(scratch, 'occupied'), '');
    const blocked = { ...target, module: { id: 'instant', dir: path.join(scratch, 'occupied', 'instant') } };
    await client.call('ngramBegin', { ...blocked, maxMiB: 16 }, never);
    await client.call('ngramAdd', { ...blocked, files: FILES }, never);
    await assert.rejects(
      client.call('ngramFinish', { ...blocked, manifest: instantManifest(2) }, never),
      (error: unknown) =>
        error instanceof UserError && error.code === 'ngram-unwritable' && error.message.includes('occupied'),
    );
  });
});
