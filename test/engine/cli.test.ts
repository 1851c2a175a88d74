/** The command-line tools as a person or a script calls them, on the tiny models. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DELTA } from './support/fixtures';

describe('command line', function () {
  this.timeout(60_000);
  let dir: string;
  let file: string;
  before(() => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'residual-cli-'));
    file = path.join(dir, 'a.ts');
    writeFileSync(file, 'const a = 1;\nconst b = \nconst c = 3;\r\n');
  });
  after(() => rmSync(dir, { recursive: true }));

  const run = (tool: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [path.resolve('dist/cli', `${tool}.js`), ...args], {
      encoding: 'utf8',
      env: { ...process.env, RESIDUAL_MODELS: DELTA },
    });
    return { status, stdout, stderr };
  };
  const complete = (...args: string[]) => run('complete', '--file', file, ...args);

  it('completes: exactly one object, as the contract says', () => {
    const { status, stdout, stderr } = complete(
      '--line',
      '2',
      '--column',
      '11',
      '--module',
      'tiny:0.25',
      '--module',
      'other',
      '--json',
    );
    assert.equal(status, 0, stderr);
    const result = JSON.parse(stdout);
    assert.deepEqual(Object.keys(result), ['text', 'proposal', 'modules', 'rule', 'tokens', 'timesMs', 'stop']);
    assert.equal(result.proposal, 'tiny');
    assert.deepEqual(
      result.modules.map((m: { id: string }) => m.id),
      ['tiny', 'other'],
    );
    assert.equal(result.modules[0].strength, 0.25);
    assert.deepEqual(Object.keys(result.timesMs), ['load', 'prefill', 'decode']);
    assert.ok(result.tokens.length > 0);
    for (const token of result.tokens) {
      assert.deepEqual(Object.keys(token), ['id', 'text', 'p', 'aligned']);
      assert.ok(token.p >= 0 && token.p <= 1 && token.aligned > 0 && token.aligned <= 1);
    }
  });

  it('draws the same with the same seed, and another with another', () => {
    const draw = (seed: number) => {
      const args = ['--line', '2', '--column', '11', '--temperature', '1', '--seed', String(seed), '--json'];
      return JSON.stringify(JSON.parse(complete(...args).stdout).tokens.map((t: { id: number }) => t.id));
    };
    assert.equal(draw(3), draw(3));
    assert.notEqual(draw(3), draw(4));
  });

  it('is the proposal alone at strength 0, token for token and bit for bit', () => {
    const tokens = (...modules: string[]) =>
      JSON.parse(complete('--line', '2', '--column', '11', '--json', ...modules).stdout).tokens;
    assert.deepEqual(tokens('--module', 'tiny:0'), tokens());
    assert.notDeepEqual(tokens('--module', 'tiny:0.9'), tokens());
  });

  for (const tool of ['complete', 'eval', 'bench', 'trainModule']) {
    it(`tells of itself where --help is asked for: ${tool}`, () => {
      const { status, stdout, stderr } = run(tool, '--only', 'no-such', '--help');
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
      assert.match(stdout, /npm run -s [\w-]+ -- .*--json|^ {2}--json /m);
    });
  }

  const mistakes: [string, string[], RegExp][] = [
    ['no file', ['--line', '1'], /^usage: /],
    [
      'a file that is not there',
      ['--file', 'missing.ts', '--line', '1', '--column', '1'],
      /missing\.ts cannot be read/,
    ],
    ['a line beyond the end', ['--file', '@', '--line', '9', '--column', '1'], /has 4 lines, not 9/],
    ['a column beyond the end', ['--file', '@', '--line', '1', '--column', '99'], /has 13 columns, not 99/],
    ['line 0', ['--file', '@', '--line', '0', '--column', '1'], /--line must be a whole number of at least 1/],
    [
      'an unknown module',
      ['--file', '@', '--line', '1', '--column', '1', '--module', 'nope'],
      /no alignment module "nope".*"other", "tiny"/,
    ],
    [
      'an unknown proposal',
      ['--file', '@', '--line', '1', '--column', '1', '--proposal', 'nope'],
      /no proposal model "nope".*"tiny"/,
    ],
    ['an unknown rule', ['--file', '@', '--line', '1', '--column', '1', '--rule', 'nope'], /no rule "nope".*geometric/],
    ['an unknown option', ['--file', '@', '--nope'], /--nope/],
    [
      'rules that do not compose',
      ['--file', '@', '--line', '1', '--column', '1', '--rule', 'sir', '--module', 'tiny', '--module', 'other'],
      /"sir" decides alone/,
    ],
  ];
  for (const [what, args, message] of mistakes) {
    it(`says in one line what is wrong: ${what}`, () => {
      const { status, stdout, stderr } = run('complete', ...args.map(a => (a === '@' ? file : a)));
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    });
  }

  it('evaluates the proposal alone and with each module', () => {
    const cursors = path.join(dir, 'cursors.jsonl');
    const cursor = {
      id: 'x',
      package: 'p',
      path: 'a.ts',
      language: 'ts',
      domain: ['d'],
      kind: 'line-start',
      prefix: 'const a = 1;\n',
      suffix: '\nfoo();',
      truth: 'const b = 2;',
    };
    writeFileSync(cursors, `${JSON.stringify(cursor)}\n${JSON.stringify({ ...cursor, package: 'q' })}\n`);
    const { status, stdout, stderr } = run('eval', '--cursors', cursors, '--json');
    assert.equal(status, 0, stderr);
    const report = JSON.parse(stdout);
    assert.equal(report.n, 2);
    assert.deepEqual(
      report.rows.map((r: { modules: { id: string }[] }) => r.modules.map(m => m.id).join()),
      ['', 'other', 'tiny'],
    );
    for (const row of report.rows) assert.ok(row.editSimilarity >= 0 && row.editSimilarity <= 1 && row.p50Ms > 0);
  });
});
