/** The sources of a split, fetched where they are not there yet. */
import path from 'node:path';
import { UserError } from '../../core/errors';
import { sourcesOfPackage } from './fetch';
import { readPackageList, SPLITS, type Split } from './packageList';
import type { Source } from './sources';

/** Another seed cuts other places, and its figures cannot be compared. */
export const SEED = 2026;

export interface PackageSources {
  readonly name: string;
  readonly sources: readonly Source[];
}

/** @param project the checkout: archives are kept in its `artifacts/unseen`, or where RESIDUAL_UNSEEN says */
export async function unseenSources(split: Split, project: string): Promise<PackageSources[]> {
  const packages = await readPackageList(path.join(project, 'models/eval/packages.json'));
  const cache = process.env.RESIDUAL_UNSEEN ?? path.join(project, 'artifacts/unseen');
  const found: PackageSources[] = [];
  for (const one of packages.filter(p => p.split === split))
    found.push({ name: one.name, sources: await sourcesOfPackage(one, cache) });
  return found;
}

export function parseSplit(value: string | undefined): Split {
  const split = SPLITS.find(name => name === value);
  if (split !== undefined) return split;
  throw new UserError('usage', `--unseen is one of ${SPLITS.join(', ')}, not ${value}.`);
}
