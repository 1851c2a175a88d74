/** `npm run -s train-module` as a person or a script calls it, on the tiny models. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DELTA } from './support/fixtures';
import { quotePairs, smallSources, weightsSha256 } from './support/training';

const TOOL = path.resolve('dist/cli/trainModule.js');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('train-module', function () {
  // A trainer gives way to everything: on a busy machine it takes its time.
  this.timeout(600_000);
  let dir: string;
  let from: string;
  before(() => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'residual-train-'));
    from = path.join(dir, 'Our Code');
    for (const { name, text } of smallSources()) write(path.join(from, name), text);
    write(path.join(from, '.gitignore'), 'ignored/\n');
    write(path.join(from, 'ignored/a.ts'), 'const left = out;\n'.repeat(40));
    write(path.join(from, '.env.local'), 'SOME_SETTING=value that is long enough to be read\n'.repeat(4));
  });
  after(() => rmSync(dir, { recursive: true, maxRetries: 5 }));

  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  /** @param onError hears what is said on standard error, with the process, as it is said */
  const run = (
    args: readonly string[],
    onError: (text: string, child: ChildProcess) => void = () => {},
    onStart: (child: ChildProcess) => void = () => {},
  ) =>
    new Promise<Ended>(resolve => {
      const child = spawn(process.execPath, [TOOL, ...args], { env: { ...process.env, RESIDUAL_MODELS: DELTA } });
      onStart(child);
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', text => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', text => {
        stderr += text;
        onError(text, child);
      });
      child.on('close', status => resolve({ status, stdout, stderr }));
    });
  const usual = (out: string) => [
    '--from',
    from,
    '--out',
    out,
    '--steps',
    '2',
    '--base',
    'tiny',
    '--threads',
    '1',
    '--replay',
    '0',
  ];

  it('makes a module in the folder that was asked for, and says in one object what came of it', async () => {
    const out = path.join(dir, 'new/style');
    const said = ['--title', 'Our style', '--description', 'As we write.', '--domain', 'react', '--licence', 'MIT'];
    const { status, stdout, stderr } = await run([...usual(out), ...said, '--json']);
    assert.equal(status, 0, stderr);
    assert.equal(stdout.trimEnd().split('\n').length, 1);
    const { dryRun, evaluation, ...result } = JSON.parse(stdout);
    assert.deepEqual(
      { ...result, strength: 0, seconds: 0 },
      {
        state: 'finished',
        strength: 0,
        temperature: result.temperature,
        nTokens: 2 * 4 * 512,
        seconds: 0,
        module: out,
        id: 'style',
        objective: 'nll',
        proposal: 'tiny',
        base: 'tiny',
        isResumed: false,
      },
    );
    // Without what git ignores and without what usually holds secrets, though this is no repository.
    assert.equal(dryRun.nFiles, smallSources().length);
    assert.equal(evaluation[0].metric, 'nats/token');
    assert.deepEqual(readdirSync(out).sort(), ['model.safetensors', 'module.json']);
    const { id, title, description, domain, licence } = JSON.parse(readFileSync(path.join(out, 'module.json'), 'utf8'));
    assert.deepEqual([id, title, description, domain, licence], ['style', 'Our style', 'As we write.', 'react', 'MIT']);
    assert.deepEqual(readdirSync(path.dirname(out)), ['style']);
    assert.match(stderr, /files held out/);
    assert.match(stderr, /nats\/token: /);
  });

  it('refuses what no manifest may say before anything is trained', async () => {
    const out = path.join(dir, 'unsaid');
    const { status, stderr } = await run([...usual(out), '--title', 'long'.repeat(100)]);
    assert.equal(status, 2);
    assert.match(stderr, /"title"/);
    assert.doesNotMatch(stderr, /held out/);
  });

  it('saves what it learned at Ctrl+C, says how to go on, and becomes the same module as without it', async () => {
    const [whole, out] = [path.join(dir, 'whole'), path.join(dir, 'stopped')];
    const more = ['--steps', '3', '--seed', '3'];
    assert.equal((await run([...usual(whole), ...more])).status, 0);

    const stopped = await run([...usual(out), ...more, '--json'], (text, child) => {
      if (/step [1-9]/.test(text)) child.kill('SIGINT');
    });
    assert.equal(stopped.status, 130, stopped.stderr);
    const job = `${out}.training`;
    assert.deepEqual(JSON.parse(stopped.stdout), { state: 'interrupted', module: null, job });
    assert.match(stopped.stderr, /run the same command again to go on/);
    assert.ok(existsSync(path.join(job, 'checkpoint.bin')) && !existsSync(out) && !existsSync(`${job}.lock`));

    const other = await run([...usual(out), '--steps', '3', '--seed', '4']);
    assert.equal(other.status, 2);
    assert.match(other.stderr, /begun with --seed 3, not 4/);
    const elsewhere = path.join(dir, 'elsewhere');
    mkdirSync(elsewhere, { recursive: true });
    for (const [args, message] of [
      [['--base', 'other'], /begun with --base tiny, not other/],
      [['--proposal', 'other'], /begun with --proposal tiny, not other/],
      [['--from', elsewhere], /begun with --from .*Our Code, not .*elsewhere/],
      [['--pairs', path.join(dir, 'pairs')], /begun without --pairs, not .*pairs/],
    ] as const) {
      const refused = await run(['--out', out, ...args]);
      assert.equal(refused.status, 2);
      assert.match(refused.stderr, message);
    }

    // Nothing need be said again.
    const resumed = await run(['--out', out, '--memory', '2000', '--json']);
    assert.equal(resumed.status, 0, resumed.stderr);
    const { isResumed, base, proposal } = JSON.parse(resumed.stdout);
    assert.deepEqual([isResumed, base, proposal], [true, 'tiny', 'tiny']);
    assert.equal(weightsSha256(out), weightsSha256(whole));
    assert.ok(!existsSync(job));
  });

  it('says that nothing was begun, and keeps nothing, at Ctrl+C before the data is prepared', async () => {
    const out = path.join(dir, 'early');
    let watcher: FSWatcher | undefined;
    const { status, stdout, stderr } = await run(
      [...usual(out), '--json'],
      () => {},
      child => {
        // Its folder is there before the trainer has its first file.
        watcher = watch(dir, (_, name) => {
          if (name !== 'early.training') return;
          watcher?.close();
          child.kill('SIGINT');
        });
      },
    ).finally(() => watcher?.close());
    assert.equal(status, 130, stderr);
    assert.deepEqual(JSON.parse(stdout), { state: 'interrupted', module: null, job: null });
    assert.match(stderr, /nothing is kept/);
    assert.doesNotMatch(stderr, /is kept in|being saved|held out/);
    assert.ok(!existsSync(`${out}.training`) && !existsSync(out));
  });

  it('trains on pairs alone, and keeps a job folder that was named', async () => {
    const [out, job, pairs] = [path.join(dir, 'quotes'), path.join(dir, 'job'), path.join(dir, 'pairs.jsonl')];
    writeFileSync(
      pairs,
      quotePairs(16)
        .map(pair => `${JSON.stringify(pair)}\n`)
        .join('\n'),
    );
    const args = [
      '--out',
      out,
      '--job',
      job,
      '--objective',
      'preference',
      '--pairs',
      pairs,
      '--steps',
      '1',
      '--replay',
      '0',
    ];
    const { status, stdout, stderr } = await run([...args, '--json']);
    assert.equal(status, 0, stderr);
    const { dryRun, objective, evaluation } = JSON.parse(stdout);
    assert.deepEqual([dryRun.nPairs, objective, evaluation[0].metric], [16, 'preference', 'preferred']);
    assert.ok(existsSync(path.join(out, 'module.json')) && existsSync(path.join(job, 'log.jsonl')));

    const again = await run(['--out', path.join(dir, 'again'), '--job', job]);
    assert.equal(again.status, 2, again.stderr);
    assert.match(
      again.stderr,
      /is finished, and its module was moved to .*quotes\. Take it from there, or .* another --job/,
    );
    assert.ok(!existsSync(path.join(dir, 'again')));
    // As long as the module is there, it is had for asking.
    renameSync(
      out,
      path.join(job, path.basename(JSON.parse(readFileSync(path.join(job, 'outcome.json'), 'utf8')).moduleDir)),
    );
    const moved = path.join(dir, 'job moved');
    renameSync(job, moved);
    assert.equal((await run(['--out', path.join(dir, 'again'), '--job', moved])).status, 0);
    assert.ok(existsSync(path.join(dir, 'again/module.json')));
  });

  const rows: [string, string[], RegExp][] = [
    ['no --out', ['--from', '@'], /^usage: npm run -s train-module/],
    ['nothing to learn from', ['--out', '@out'], /--from must name the folder of the code, or --pairs a file/],
    ['a folder that is not there', ['--from', '@/nope', '--out', '@out'], /There is no folder .*nope/],
    ['a folder without code', ['--from', '@empty', '--out', '@out'], /No source files were found in .*empty/],
    [
      'a folder with a file that is too large',
      ['--from', '@large', '--out', '@out'],
      /In .*large: .* 1 too large \(over/,
    ],
    ['too little code', ['--from', '@few', '--out', '@out'], /Only 1 files are fit for training/],
    [
      'an --out that is taken',
      ['--from', '@', '--out', '@'],
      /There is something in .* already\. Choose another --out/,
    ],
    ['an unknown objective', ['--from', '@', '--out', '@out', '--objective', 'x'], /no objective "x".*ram-normalised/],
    ['an unknown base', ['--from', '@', '--out', '@out', '--base', 'x'], /no module "x" to start from.*"tiny"/],
    ['an unknown proposal', ['--from', '@', '--out', '@out', '--proposal', 'x'], /no proposal model "x".*"tiny"/],
    ['no number', ['--from', '@', '--out', '@out', '--minutes', 'x'], /--minutes must be a number from .* not x/],
    ['a rate out of bounds', ['--from', '@', '--out', '@out', '--learning-rate', '9'], /--learning-rate must be/],
    ['half a seed', ['--from', '@', '--out', '@out', '--seed', '1.5'], /--seed must be a whole number/],
    ['no steps', ['--from', '@', '--out', '@out', '--steps', '0'], /--steps must be a whole number of at least 1/],
    ['an unknown option', ['--nope'], /--nope/],
    [
      'a job folder with something else in it',
      ['--from', '@', '--out', '@out', '--job', '@few'],
      /few holds something/,
    ],
    ['pairs that are none', ['--out', '@out', '--pairs', '@pairs'], /Line 2 of .* is no preference pair/],
    ['pairs that are not there', ['--out', '@out', '--pairs', '@nope'], /nope cannot be read/],
  ];
  for (const [what, args, message] of rows) {
    it(`says in one line what is wrong: ${what}`, async () => {
      mkdirSync(path.join(dir, 'empty'), { recursive: true });
      write(path.join(dir, 'large/a.ts'), 'const a = 1;\n'.repeat(100_000));
      write(path.join(dir, 'few/a.ts'), smallSources()[0].text);
      write(path.join(dir, 'pairs'), `${JSON.stringify(quotePairs(1)[0])}\n{"chosen": 1}\n`);
      const places = args.map(arg => (arg === '@' ? from : arg.startsWith('@/') ? from + arg.slice(1) : arg));
      const { status, stdout, stderr } = await run(
        places.map(arg => (arg.startsWith('@') ? path.join(dir, arg.slice(1)) : arg)),
      );
      assert.equal(status, 2, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
      assert.ok(!existsSync(path.join(dir, 'out')) && !existsSync(path.join(dir, 'out.training')));
    });
  }
});
