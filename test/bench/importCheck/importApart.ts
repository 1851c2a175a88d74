/** The product's own import, in a process of its own whose largest resident size is measured. */
import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../../src/core/errors';
import type { Format } from '../../../src/importer/formats';

/** Of the built tools, in the project's folder. */
const IMPORT_PROPOSAL = 'dist/cli/importProposal.js';
const PEAK_MEMORY = './test/bench/importCheck/peakMemory.cjs';

export interface Imported {
  readonly dir: string;
  /** Largest resident size of the process that imported. */
  readonly peakBytes: number;
  readonly seconds: number;
}

/** @throws UserError when the import fails, which has said why */
export async function importApart(source: string, dir: string, format: Format): Promise<Imported> {
  await rm(dir, { recursive: true, force: true });
  const startMs = performance.now();
  const args = [
    '--require',
    PEAK_MEMORY,
    IMPORT_PROPOSAL,
    '--from',
    source,
    '--out',
    dir,
    '--format',
    format,
    '--json',
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  let said = '';
  child.stdio[3]?.on('data', piece => (said += piece));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new UserError('usage', `${source} could not be imported: exit code ${code}.`);
  const imported = { dir, peakBytes: Number(said) * 1024, seconds: Math.round((performance.now() - startMs) / 1000) };
  await writeFile(figuresOf(dir), JSON.stringify(imported));
  return imported;
}

/** An import that an earlier run kept. */
export async function keptImport(dir: string): Promise<Imported | undefined> {
  const text = await readFile(figuresOf(dir), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Imported);
}

function figuresOf(dir: string): string {
  return path.join(dir, 'import-check.json');
}
