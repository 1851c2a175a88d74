/**
 * Code out of an answer: taken as a person takes it, one whole block, and run. What a model wrote runs in a process of its
 * own, which reads nothing but its own folder, writes nothing and lives for ten seconds.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Loader, transform } from 'esbuild';

/** What is wrong with an answer, in a sentence; undefined when nothing is. */
export type Fault = string | undefined;

const LONGEST_RUN_MS = 10_000;

export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

/** Fenced blocks that were closed. */
export function codeBlocks(answer: string): CodeBlock[] {
  return [...answer.matchAll(/^[ \t]*```([^\s`]*)[^\n]*\n([\s\S]*?)\n?[ \t]*```[ \t]*$/gm)].map(
    ([, language, code]) => ({
      language: language.toLowerCase(),
      code,
    }),
  );
}

/** The first whole block, which is what one takes. */
export function firstBlock(answer: string): string | undefined {
  return codeBlocks(answer)[0]?.code;
}

export interface Running {
  readonly loader?: Loader;
  /** JavaScript around the code: what it finds without saying so. `own[name]` is what importing `name` gives. */
  readonly around?: string;
}

/**
 * Runs `code` and behind it `script`, which sees what the code declares and has `assert`, node:assert/strict.
 * @param code TypeScript or JavaScript; JSX calls React.createElement
 */
export async function faultOf(code: string | undefined, script: string, running: Running = {}): Promise<Fault> {
  if (code === undefined) return 'It has no whole block of code.';
  const { loader = 'ts', around = '' } = running;
  let js: string;
  try {
    js = (await transform(code, { loader, format: 'cjs', target: 'node20', logLevel: 'silent' })).code;
  } catch (error) {
    return `The code does not parse: ${firstLine(error)}`;
  }
  const answer = `${js}\n;return (async () => {\n${script}\n})();`;
  return runs(
    `${PREAMBLE}${around}\n(function (require, module, exports) {\n${answer}\n})(imported, { exports: {} }, {}).then(() => process.exit(0), fail);\n`,
  );
}

const PREAMBLE = `const assert = require('node:assert/strict');
const own = {};
const imported = name => own[name] ?? require(name);
const fail = error => { console.error('FAULT ' + String(error && error.message || error).split('\\n').slice(0, 6).join(' ')); process.exit(1); };
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
`;

async function runs(js: string): Promise<Fault> {
  // A permission is compared with real paths.
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'residual-chat-check-')));
  const file = path.join(folder, 'answer.cjs');
  await writeFile(file, js);
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const args = ['--no-warnings', permission, `--allow-fs-read=${folder}`, file];
  try {
    return await new Promise<Fault>(resolve => {
      execFile(process.execPath, args, { cwd: folder, env: {}, timeout: LONGEST_RUN_MS }, (error, _stdout, stderr) => {
        if (error === null) return resolve(undefined);
        if (error.killed) return resolve(`The code ran for more than ${LONGEST_RUN_MS / 1000} s.`);
        resolve(`The code fails: ${/FAULT (.*)/.exec(stderr)?.[1] ?? (firstLine(stderr) || error.message)}`);
      });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Of text outside of code: whether each of the groups has a word that it says. */
export function missingWords(answer: string, groups: readonly RegExp[]): Fault {
  const missing = groups.filter(words => !words.test(answer));
  return missing.length === 0 ? undefined : `It does not say ${missing.map(({ source }) => source).join(' nor ')}.`;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n').find(line => line.includes('ERROR')) ?? text.split('\n')[0];
}
