// npm test: type-check, lint, build, then the three tiers. Ends with one line, `N passed, M failed`.
//   --only unit|engine|editor   one tier, and no checks      --grep TEXT   tests whose title matches
//   --desktop                   the editor tier in a desktop VS Code instead of the browser workbench
//   --vsix                      the tests that drive the workbench, all of them, against the installed package
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import util from 'node:util';
import { boxedModel } from './boxedModel.mjs';
import { build } from './build.mjs';
import { root, setUp } from './setup.mjs';
import { endProcessTree, markedProcesses } from './workbench/processTree.mjs';

const minutes = 60_000;
/** Generous: a tier that takes longer hangs. */
const limitsMs = {
  unit: 5 * minutes,
  engine: 15 * minutes,
  'editor host': 8 * minutes,
  'editor ui': 55 * minutes,
  'editor vsix': 12 * minutes,
};

const mocha = ['--enable-source-maps', 'node_modules/mocha/bin/mocha.js', '--reporter', 'scripts/mochaReporter.cjs'];

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'residual-'));
/** Everything this run starts has its temporary files in there, and is known by that. */
const mark = `TMPDIR=${scratch}`;
const running = new Set();
let passed = 0;
let failed = 0;
let isEnding = false;

const { values: options } = util.parseArgs({
  options: {
    only: { type: 'string' },
    grep: { type: 'string' },
    desktop: { type: 'boolean', default: false },
    vsix: { type: 'boolean', default: false },
  },
});
if (options.vsix) options.only = 'editor';
const tiers = { unit: unitTier, engine: engineTier, editor: editorTier };
if (options.only && !tiers[options.only]) {
  console.error(`--only takes one of ${Object.keys(tiers).join(', ')}, not ${options.only}.`);
  process.exit(2);
}
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.on(signal, async () => {
    // Ctrl+C comes twice, from the terminal and from npm.
    if (isEnding) return;
    isEnding = true;
    await Promise.all([...running].map(pid => endProcessTree(pid, mark)));
    fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
    process.exit(code);
  });
}

const isReady = await setUp().catch(error => {
  console.error(`✗ set-up: ${error.message}`);
  failed++;
});
/** Chosen before anything else runs: that a browser is missing is not to be heard after ten minutes. */
const editor = isReady && (!options.only || options.only === 'editor') ? await editorOfTests() : undefined;
if (isReady && !options.only) await checks();
if (isReady && (await step('build', compiles))) {
  for (const [name, tier] of Object.entries(tiers)) if (!options.only || options.only === name) await tier();
}
fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
if (passed + failed === 0) console.error('No test ran.');
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

/** A check that is not a test: counts only when it fails. */
async function step(name, succeeds) {
  const startedMs = performance.now();
  const ok = await succeeds();
  console.log(`${ok ? '✓' : '✗'} ${name} (${seconds(startedMs)})`);
  if (!ok) failed++;
  return ok;
}

async function checks() {
  const tool = (file, args) =>
    run(process.execPath, [file, ...args], { limitMs: 5 * minutes }).then(code => code === 0);
  await step('type-check', () => tool('node_modules/typescript/lib/tsc.js', ['--noEmit']));
  await step('type-check of the webviews', () =>
    tool('node_modules/typescript/lib/tsc.js', ['--noEmit', '-p', 'src/webview']),
  );
  await step('lint', () => tool('node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings']));
}

function compiles() {
  return build().then(
    () => true,
    () => false,
  );
}

function unitTier() {
  return mochaTier('unit', ['dist/test/unit'], ['--timeout', '10000']);
}

function engineTier() {
  return mochaTier('engine', ['dist/test/engine'], ['--timeout', '60000']);
}

/** @returns undefined where none can run, which counts as a failure */
async function editorOfTests() {
  const { chooseEditor } = await import('./editors.mjs');
  const chosen = chooseEditor({ desktop: options.desktop });
  if (chosen.kind !== 'none') return chosen;
  console.error(`✗ editor: ${chosen.advice}`);
  failed++;
  return undefined;
}

async function editorTier() {
  if (!editor) return;
  const isInBrowser = editor.kind === 'browser';
  if (!options.vsix) await tier('editor host', process.execPath, ['scripts/editorHost.mjs', editor.kind]);
  if (isInBrowser && !options.vsix) await uiTier('editor ui', ['dist/test/editor/ui']);
  if (isInBrowser && (options.vsix || !options.only)) await packageTier();
  if (!isInBrowser)
    console.log(
      'Left out here, for want of the browser workbench (Linux): the tests that drive the workbench, those of the ' +
        'installed package, and the proof that nothing opens a network connection.',
    );
}

/** In a full run the tests that tell a package from a checkout, with --vsix all of them. */
async function packageTier() {
  const { makeModelPackage, makePackage } = await import('./package.mjs');
  const packages = [];
  const succeeds = async () => {
    try {
      packages.push(await makePackage(`${process.platform}-${process.arch}`, scratch));
      packages.push(await makeModelPackage(boxedModel(), scratch));
      return true;
    } catch (error) {
      console.error(error.message);
      return false;
    }
  };
  if (!(await step('packages', succeeds))) return;
  for (const vsix of packages) console.log(`${path.basename(vsix)}: ${(fs.statSync(vsix).size / 1e6).toFixed(1)} MB`);
  const [extension, models] = packages;
  const short = ['dist/test/editor/ui/completion.test.js', 'dist/test/editor/ui/switching.test.js'];
  const files = ['dist/test/editor/vsix', ...(options.vsix ? ['dist/test/editor/ui'] : short)];
  await uiTier('editor vsix', files, { RESIDUAL_TEST_EXTENSION: extension, RESIDUAL_TEST_MODELS: models });
}

/** A real editor's timing is not ours: a file of which a test failed runs once more, and what it shows then counts. */
async function uiTier(name, paths, environment = {}) {
  const startedMs = performance.now();
  const args = ['--timeout', '120000'];
  let { lines, problems } = await mochaSideBySide(name, testsIn(paths), args, environment);
  const files = problems.length === 0 ? filesToRepeat(lines) : [];
  if (files.length > 0) {
    console.log(`\n── ${name}, once more: ${files.map(file => path.basename(file, '.js')).join(', ')} ──`);
    const second = await mochaOutcome(name, files, args, { environment });
    const stillFailed = new Set(second.lines.filter(line => line.kind === 'failed').map(line => line.title));
    for (const { kind, title } of lines)
      if (kind === 'failed' && !stillFailed.has(title)) console.log(`! ${name}: failed once, then not: ${title}`);
    lines = [...lines.filter(line => !files.includes(line.file)), ...second.lines];
    problems = second.problems;
  }
  count(name, { lines, problems, startedMs });
}

/** A window waits more than it works: two at a time, one file each, the longest first. */
async function mochaSideBySide(name, files, args, environment) {
  // With --grep most files would start a process for nothing.
  if (options.grep || os.availableParallelism() < 2) return mochaOutcome(name, files, args, { environment });
  console.log(`\n── ${name} ──`);
  const endMs = performance.now() + limitsMs[name];
  const waiting = files.toSorted((a, b) => sourceBytes(b) - sourceBytes(a));
  const all = { lines: [], problems: [] };
  const work = async worker => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const limitMs = Math.max(1, endMs - performance.now());
      const { lines, problems } = await mochaOutcome(name, [file], args, { environment, worker, limitMs });
      all.lines.push(...lines);
      all.problems.push(...problems.map(problem => `${path.basename(file, '.js')} ${problem}`));
    }
  };
  await Promise.all(['a', 'b'].map(work));
  return all;
}

function sourceBytes(file) {
  return fs.statSync(file.replace(/^dist\//, '').replace(/js$/, 'ts')).size;
}

async function mochaTier(name, paths, args) {
  const startedMs = performance.now();
  count(name, { ...(await mochaOutcome(name, testsIn(paths), args)), startedMs });
}

/** @param paths files, and folders whose tests all run; what is not there counts as a file that does not end well */
function testsIn(paths) {
  const below = folder => fs.readdirSync(folder, { recursive: true }).map(file => path.join(folder, file));
  return paths.flatMap(each =>
    each.endsWith('.js') || !fs.existsSync(each) ? each : below(each).filter(file => file.endsWith('.test.js')),
  );
}

function mochaOutcome(name, files, args, more) {
  const grep = options.grep ? ['--grep', options.grep] : [];
  return tierOutcome(name, process.execPath, [...mocha, ...args, ...grep, ...files], more);
}

/** Failures in many files are no accident of timing, and a connection that was attempted is one, however often it was not. */
function filesToRepeat(lines) {
  const failures = lines.filter(line => line.kind === 'failed');
  if (failures.some(({ title, file }) => /nothing left the machine/.test(title) || /egress/.test(file))) return [];
  const files = [...new Set(failures.map(line => line.file))];
  return files.length <= 6 ? files : [];
}

/** Runs one tier in its own process and counts what its result file says. */
async function tier(name, command, args) {
  const startedMs = performance.now();
  count(name, { ...(await tierOutcome(name, command, args)), startedMs });
}

function count(name, { lines, problems, startedMs }) {
  const n = kind => lines.filter(line => line.kind === kind).length;
  for (const problem of problems) console.error(`✗ ${name}: ${problem}`);
  passed += n('passed');
  failed += n('failed') + problems.length;
  console.log(`${name}: ${n('passed')} passed, ${n('skipped')} skipped in ${seconds(startedMs)}`);
}

/**
 * What the tests themselves have written down, never the exit code alone.
 * @param worker one of several that run at once: its output comes when it is whole, and its temporary files lie apart
 */
async function tierOutcome(name, command, args, { environment = {}, worker = '', limitMs = limitsMs[name] } = {}) {
  if (worker === '') console.log(`\n── ${name} ──`);
  const temporary = path.join(scratch, worker);
  fs.mkdirSync(temporary, { recursive: true });
  const result = path.join(temporary, `${name}.jsonl`);
  fs.rmSync(result, { force: true });
  const grep = options.grep ? { RESIDUAL_TEST_GREP: options.grep } : {};
  const env = { TMPDIR: temporary, RESIDUAL_TEST_RESULT: result, ...grep, ...environment };
  const code = await run(command, args, { limitMs, environment: env, result, isWhole: worker !== '' });
  const lines = fs.existsSync(result)
    ? fs
        .readFileSync(result, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
    : [];
  const has = kind => lines.some(line => line.kind === kind);
  const problems = [];
  if (!has('end')) problems.push('ended before its tests did');
  else if (code !== 0 && !has('failed')) problems.push(`ended with exit code ${code} although no test failed`);
  const left = await leftBehind(`TMPDIR=${temporary}`);
  if (left.length > 0) problems.push(`left processes running: ${left.join('; ')}`);
  return { lines, problems };
}

/** Command lines of processes of this run that are still there after a grace period; they are ended. */
async function leftBehind(mark) {
  for (let i = 0; i < 30 && markedProcesses(mark).length > 0; i++)
    await new Promise(resolve => setTimeout(resolve, 100));
  const left = markedProcesses(mark);
  if (left.length > 0) await endProcessTree(left[0].pid, mark);
  return left.map(({ command }) => command.slice(0, 200));
}

/**
 * Resolves with the exit code, or with a signal's name or 'time' when it did not end by itself.
 * @param isWhole whether its output is kept until it ends
 */
function run(command, args, { limitMs, environment = {}, result = undefined, isWhole = false }) {
  const colour = process.stdout.isTTY ? {} : { NO_COLOR: '1' };
  const env = { ...process.env, TMPDIR: scratch, ...colour, ...environment };
  for (const variable of ['ELECTRON_RUN_AS_NODE', 'NODE_OPTIONS', 'VSCODE_IPC_HOOK_CLI', 'VSCODE_PID'])
    delete env[variable];
  const output = isWhole ? 'pipe' : 'inherit';
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', output, output] });
  running.add(child.pid);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', text => (printed += text));
  return new Promise(resolve => {
    let reason;
    const end = why => {
      reason = why;
      console.error(`Ending it: ${why}.`);
      void endProcessTree(child.pid, `TMPDIR=${env.TMPDIR}`);
    };
    const limit = setTimeout(() => end('it took longer than the time it has'), limitMs);
    // A finished suite whose process stays has left something open: a defect, but no reason to wait for the limit.
    let finishedAtMs = Infinity;
    const watch = setInterval(() => {
      if (
        finishedAtMs === Infinity &&
        result &&
        fs.existsSync(result) &&
        fs.readFileSync(result, 'utf8').includes('"kind":"end"')
      )
        finishedAtMs = performance.now();
      if (performance.now() - finishedAtMs > 30_000 && !reason)
        end('its tests are done, but something keeps it running');
    }, 1000);
    child.on('error', error => {
      console.error(error.message);
      resolve('error');
    });
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      clearInterval(watch);
      running.delete(child.pid);
      process.stdout.write(printed);
      resolve(reason ?? signal ?? code);
    });
  });
}

function seconds(startedMs) {
  return `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
}
