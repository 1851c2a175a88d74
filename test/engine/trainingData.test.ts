/** A job's data on the disk: what is left out and counted, what is held out, and rows as the engine would ask for them. */
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../src/core/errors';
import { buildPrompt } from '../../src/core/fim';
import type { PreferencePair } from '../../src/protocol/training';
import { Dataset } from '../../src/trainer/dataset';
import { parseReplay, readReplay } from '../../src/trainer/replay';
import { FIXTURE_MODELS } from '../fixtures/fixtureModels.mjs';
import { copyOf, DELTA, removeCopies } from './support/fixtures';
import { prepare, removeJobs, shippedSpec, sources, tinySpec } from './support/trainingJob';

const files = sources();
const isUserError = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;

describe('data of a training', function () {
  this.timeout(60_000);
  after(() => {
    removeJobs();
    removeCopies();
  });

  it('holds the files as tokens and says what was left out', async () => {
    const secret = `const key = '${'AKIA'}${'IOSFODNN7ABCDEFG'}';\n`;
    const more = [
      { name: 'src/copy.ts', text: files[0].text.replace('export', ' export') },
      { name: 'src/empty.ts', text: '\n' },
      { name: 'dist/a.min.js', text: files[1].text },
      {
        name: 'src/secret.ts',
        text: `\ufeff${files[30 % files.length].name}\r\n${secret}// a@corp.io\r\n${'let x = f(1);\r\n'.repeat(12)}`,
      },
      { name: files[0].name, text: 'sent twice' },
    ];
    const { dir, account, dataset } = await prepare(shippedSpec, [...files, ...more]);
    assert.deepEqual([account.nFiles, account.nDuplicates, account.nUnfit], [files.length + 1, 1, 2]);
    assert.deepEqual(account.nSecrets, { keys: 0, tokens: 1, addresses: 1 });
    assert.equal(account.nPairs, 0);
    const { tokenizer } = dataset;
    const expected = [...files.map(file => file.text), more[3].text]
      .map(text =>
        text.replace(secret, '').replace('// a@corp.io\r\n', '').replace('\ufeff', '').replace(/\r\n/g, '\n'),
      )
      .map(text => tokenizer.encode(text).length)
      .reduce((a, b) => a + b);
    assert.equal(account.nTrainTokens + account.nHeldOutTokens, expected);
    assert.equal(statSync(path.join(dir, 'tokens.bin')).size, 2 * expected);
    const raw = readFileSync(path.join(dir, 'tokens.bin'));
    const all = tokenizer.decode([...new Uint16Array(raw.buffer, raw.byteOffset, raw.length >> 1)]);
    assert.ok(
      !all.includes('IOSFODNN') && !all.includes('corp.io') && !all.includes('\r') && all.includes(files[0].text),
    );
    assert.deepEqual(readdirSync(dir).sort(), ['data.json', 'pairs.json', 'tokens.bin']);
  });

  it('holds whole files out, and never shows them in training rows', async () => {
    const { dataset, account } = await prepare({ ...shippedSpec, replayShare: 0 }, files);
    const { tokenizer } = dataset;
    const headers = (tokens: Int32Array) =>
      [...tokenizer.decode([...tokens]).matchAll(/src\/core\/\w+\.ts(?=\n)/g)].map(match => match[0]);
    const source = dataset.trainRows(256);
    const trained = new Set(Array.from({ length: 300 }, (_, i) => headers(source.row(i).tokens)).flat());
    const rows = dataset.heldOutRows(256, 40);
    const choosing = new Set(rows.filter(r => r.half === 'choose').flatMap(r => headers(r.tokens)));
    const reporting = new Set(rows.filter(r => r.half === 'report').flatMap(r => headers(r.tokens)));
    assert.equal(choosing.size + reporting.size, account.nHeldOutFiles);
    assert.ok(choosing.size >= 1 && reporting.size >= 1);
    assert.equal(trained.size, files.length - account.nHeldOutFiles);
    for (const name of [...choosing, ...reporting]) assert.ok(!trained.has(name), name);
    for (const name of choosing) assert.ok(!reporting.has(name), name);
    const cuts = dataset.heldOutCuts(20);
    assert.ok(cuts.length > 10 && cuts.every(cut => reporting.has(cut.text.path)));
    for (const { tokens } of dataset.samplePrompts(40)) assert.ok(headers(tokens).every(name => trained.has(name)));
  });

  it('gives the same rows again, and other ones for another seed', async () => {
    const { dir, dataset } = await prepare(shippedSpec, files);
    const row = (of: Dataset, i: number) => [...of.trainRows(256).row(i).tokens];
    const again = await Dataset.open(dir, shippedSpec);
    const other = await Dataset.open(dir, { ...shippedSpec, seed: 8 });
    for (const i of [0, 3, 99]) {
      assert.deepEqual(row(again, i), row(dataset, i));
      assert.notDeepEqual(row(other, i), row(dataset, i));
    }
    assert.deepEqual(other.heldOutRows(256, 8), dataset.heldOutRows(256, 8));
  });

  it('asks as the engine does: prompts begin as buildPrompt has them', async () => {
    const { dataset } = await prepare(shippedSpec, files);
    const { tokenizer, order } = dataset;
    assert.equal(order, 'suffix-first');
    let nCompared = 0;
    for (const { tokens, truth } of dataset.samplePrompts(120)) {
      const [, suffix, name, prefix] =
        /^<suffix>([\s\S]*)<middle>([^\n]+)\n([\s\S]*)$/.exec(spelled([...tokens])) ?? [];
      // With lines of other files before it the prompt begins otherwise; an edge inside a character has no text.
      if (name === undefined || `${prefix}${suffix}`.includes('\ufffd')) continue;
      nCompared++;
      const text = { path: name, prefix, lineRest: '', suffix, neighbours: [] };
      const prompt = buildPrompt(text, tokenizer, order, 2000);
      assert.deepEqual([...prompt.tokens], [...tokens].slice(0, prompt.tokens.length));
      assert.equal(tokenizer.decode([...tokens].slice(prompt.tokens.length)), new TextDecoder().decode(prompt.owed));
      assert.equal(truth.at(-1), tokenizer.special.endoftext);
      const file = files.find(one => one.name === name)!;
      assert.ok(file.text.includes(`${prefix}${tokenizer.decode([...truth])}\n${suffix}`));
    }
    assert.ok(nCompared > 60, `${nCompared}`);
    function spelled(tokens: readonly number[]): string {
      const { fimPrefix, fimSuffix, fimMiddle } = tokenizer.special;
      const words = new Map([
        [fimPrefix, ''],
        [fimSuffix, '<suffix>'],
        [fimMiddle, '<middle>'],
      ]);
      const parts: string[] = [];
      let run: number[] = [];
      for (const token of [...tokens, undefined]) {
        if (token !== undefined && !words.has(token)) run.push(token);
        else {
          parts.push(tokenizer.decode(run), words.get(token) ?? '');
          run = [];
        }
      }
      return parts.join('');
    }
  });

  it('mixes general code in by its share, where the proposal brings some', async () => {
    const { dataset, account } = await prepare(shippedSpec, files);
    assert.ok(account.nReplayTokens > 100_000);
    const isOwn = (tokens: Int32Array) => dataset.tokenizer.decode([...tokens]).includes('src/core/');
    const source = dataset.trainRows(256);
    const own = Array.from({ length: 400 }, (_, i) => isOwn(source.row(i).tokens)).filter(Boolean).length / 400;
    assert.ok(Math.abs(own - 0.85) < 0.06, `${own} are the workspace's`);

    const without = await prepare(tinySpec, files);
    assert.equal(without.account.nReplayTokens, 0);
    const wanted = await prepare({ ...tinySpec, replayShare: 0.2 }, files);
    assert.deepEqual([wanted.account.nReplayTokens, wanted.dataset.replayShare], [0, 0]);
    const rows = wanted.dataset.trainRows(64);
    for (let i = 0; i < 20; i++) assert.ok(rows.row(i).weights.some(weight => weight > 0));
  });

  it('knows the general code piece by piece, and takes none of another tokenizer', async () => {
    const { dataset } = await prepare(shippedSpec, files);
    const { tokenizer } = dataset;
    const replay = await readReplay(shippedSpec.proposal, tokenizer);
    assert.ok(replay !== undefined && replay.nFiles > 150);
    for (let i = 0; i < replay.nFiles; i++) {
      assert.match(tokenizer.decode(replay.header(i)), /^[^\n]+\n$/);
      assert.ok([...replay.tokens(i)].every(token => tokenizer.bytes(token).length > 0));
    }
    assert.ok(statSync(path.join(FIXTURE_MODELS, 'replay/residual-6m/tokens.bin')).size <= 300_000);
    const { fileSep = 0, endoftext } = tokenizer.special;
    const piece = [fileSep, ...tokenizer.encode('a/b.ts\n'), ...tokenizer.encode('const a = 1;'), endoftext];
    assert.equal(parseReplay(Uint16Array.from([...piece, ...piece, 9]), tokenizer)?.nFiles, 2);
    assert.equal(parseReplay(Uint16Array.from([...piece, fileSep, 60_000, endoftext]), tokenizer), undefined);
    const { dataset: tiny } = await prepare(tinySpec, files);
    assert.equal(await readReplay(shippedSpec.proposal, tiny.tokenizer), undefined);
  });

  it('says what to do when there is too little', async () => {
    await assert.rejects(prepare(tinySpec, files.slice(0, 4)), isUserError('training-too-few-files'));
    const preference = { ...tinySpec, objective: 'preference' as const };
    await assert.rejects(prepare(preference, files), isUserError('training-no-pairs'));
  });

  it('is refused when it was damaged, or is another tokenizer’s', async () => {
    const { dir } = await prepare(tinySpec, files);
    const fail = (place: string, spec = tinySpec) =>
      assert.rejects(Dataset.open(place, spec), isUserError('training-data-damaged'));
    await fail(dir, shippedSpec);
    const copy = copyOf(dir);
    appendFileSync(path.join(copy, 'tokens.bin'), '\0\0');
    await fail(copy);
    for (const broken of ['', '{', '[]', 'null', '{"formatVersion":1}', '{"formatVersion":1,"files":[{"name":1}]}']) {
      const one = copyOf(dir);
      writeFileSync(path.join(one, 'data.json'), broken);
      await fail(one);
    }
    await fail(DELTA);
  });
});

describe('preference pairs', function () {
  this.timeout(60_000);
  after(removeJobs);
  const pair = (over: Partial<PreferencePair> = {}, prefix = 'const a = 1;\nconst name = '): PreferencePair => ({
    text: { path: 'src/a.ts', prefix, lineRest: '', suffix: 'done();\n', neighbours: [] },
    chosen: "'x';",
    rejected: '"x";',
    ...over,
  });
  const spec = { ...shippedSpec, objective: 'preference' as const };

  it('become two rows with one prompt as served, whose responses alone count', async () => {
    const { dataset, account } = await prepare(spec, [], [pair(), pair({}, 'x = conso')]);
    assert.equal(account.nPairs, 2);
    const { tokenizer } = dataset;
    for (const [i, written] of [
      ["'x';", '"x";'],
      ["conso'x';", 'conso"x";'],
    ].entries()) {
      const { chosen, rejected } = dataset.pairRows(256)[i];
      const response = (row: typeof chosen) => [...row.targets].filter(target => target >= 0);
      const at = chosen.weights.indexOf(1);
      assert.equal(rejected.weights.indexOf(1), at);
      assert.deepEqual(chosen.tokens.subarray(0, at + 1), rejected.tokens.subarray(0, at + 1));
      for (const [row, text] of [
        [chosen, written[0]],
        [rejected, written[1]],
      ] as const) {
        assert.equal(tokenizer.decode(response(row)).trimStart(), text);
        assert.equal(response(row).at(-1), tokenizer.special.endoftext);
      }
      const { tokens } = buildPrompt(pair({}, i === 0 ? undefined : 'x = conso').text, tokenizer, dataset.order, 150);
      assert.deepEqual([...chosen.tokens.subarray(0, at + 1)], [...tokens]);
    }
  });
  it('fit a row however long they are', async () => {
    const long = pair({ chosen: 'value();\n'.repeat(300) }, 'const a = 1;\n'.repeat(900));
    const { dataset } = await prepare(spec, [], [long]);
    const [{ chosen, rejected }] = dataset.pairRows(256);
    assert.ok(chosen.weights.reduce((a, b) => a + b) > 50 && rejected.weights.includes(1));
  });
  it('lose their secrets, and are left out where the completion has one', async () => {
    const key = `k('${'AKIA'}${'IOSFODNN7ABCDEFG'}')`;
    const pairs = [
      pair({}, `${key}\nconst name = `),
      pair({ chosen: key }),
      pair({ rejected: 'mail("a@corp.io")' }),
      pair({}, `const a = 1; // a@corp.io `),
      pair({ rejected: "'x';" }),
      ...Array.from({ length: 8 }, () => pair()),
    ];
    const { dataset, account } = await prepare(spec, files, pairs);
    assert.equal(account.nPairs, 9);
    assert.ok(account.nSecrets.tokens >= 2 && account.nSecrets.addresses >= 2);
    const rows = dataset.pairRows(256);
    assert.ok(!dataset.tokenizer.decode([...rows[0].chosen.tokens]).includes('AKIA'));
  });
  it('are held out in part: a fifth of few, and no more than two dozen of many', async () => {
    for (const [nPairs, nHeldOut] of [
      [4, 0],
      [9, 1],
      [20, 4],
      [200, 22],
    ]) {
      const pairs = Array.from({ length: nPairs }, (_, i) => pair({ chosen: `'x${i}';` }));
      const { dataset } = await prepare(spec, [], pairs);
      const splits = dataset.pairRows(256).map(({ split }) => split);
      const [choose, report] = (['choose', 'report'] as const).map(
        side => splits.filter(split => split === side).length,
      );
      assert.equal(choose + report, nHeldOut);
      assert.ok(report >= choose && report - choose <= 1);
    }
  });
  it('stay on one side where the same answer was given again in the same file', async () => {
    const pairs = Array.from({ length: 40 }, (_, i) => pair({ chosen: `'x${i % 3 === 0 ? i : 'x'}';` }, `${i};\nn = `));
    const { dataset } = await prepare(spec, [], pairs);
    const splits = dataset.pairRows(256).map(({ split }) => split);
    assert.equal(new Set(splits.filter((_, i) => i % 3 !== 0)).size, 1);
    assert.deepEqual(new Set(splits), new Set(['train', 'choose', 'report']));
  });
});
