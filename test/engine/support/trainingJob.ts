/** A job folder on the tiny models, with this project's own sources as the workspace. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findProposalFiles, loadTokenizer } from '../../../src/engine/proposal';
import type { PreferencePair, TrainingFile, TrainingSpec } from '../../../src/protocol/training';
import { Dataset, DatasetWriter } from '../../../src/trainer/dataset';
import type { DataAccount } from '../../../src/trainer/preparedData';
import { FIXTURE_MODELS, FIXTURE_PROPOSAL } from '../../fixtures/fixtureModels.mjs';
import { DELTA, proposalDir } from './fixtures';

export const tinySpec: TrainingSpec = {
  formatVersion: 1,
  module: { id: 'mine', title: 'Mine', description: '', domain: 'workspace', licence: 'unknown' },
  objective: 'nll',
  proposal: { id: 'tiny', dir: proposalDir('delta') },
  base: { id: 'tiny', dir: path.join(DELTA, 'modules', 'tiny') },
  minutes: 1,
  seed: 7,
  learningRate: 1e-3,
  alpha: 1e-4,
  beta: 0.5,
  replayShare: 0,
  threads: 1,
  memoryMiB: 1024,
};

/** The tokenizer that ships, and a base that fits it. */
export const shippedSpec: TrainingSpec = {
  ...tinySpec,
  proposal: { id: 'residual-6m', dir: path.join(FIXTURE_MODELS, 'proposals', FIXTURE_PROPOSAL) },
  base: { id: 'generic', dir: path.join(FIXTURE_MODELS, 'modules/generic') },
  replayShare: 0.15,
};

/** Of src/core, as a workspace would name them. */
export function sources(n = 24): TrainingFile[] {
  const dir = path.resolve('src/core');
  const names = readdirSync(dir).filter(name => name.endsWith('.ts'));
  return names
    .slice(0, n)
    .map(name => ({ name: `src/core/${name}`, text: readFileSync(path.join(dir, name), 'utf8') }));
}

const made: string[] = [];

export function jobDir(): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'residual-job-'));
  made.push(dir);
  return dir;
}

export function removeJobs(): void {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}

export interface Prepared {
  readonly dir: string;
  readonly account: DataAccount;
  readonly dataset: Dataset;
}

export async function prepare(
  spec: TrainingSpec,
  files: readonly TrainingFile[],
  pairs: readonly PreferencePair[] = [],
): Promise<Prepared> {
  const dir = jobDir();
  const tokenizer = await loadTokenizer(await findProposalFiles(spec.proposal));
  const writer = await DatasetWriter.create(dir, spec, tokenizer);
  await writer.addFiles(files.slice(0, 3));
  await writer.addFiles(files.slice(3));
  await writer.addPairs(pairs);
  const account = await writer.finish();
  return { dir, account, dataset: await Dataset.open(dir, spec) };
}
