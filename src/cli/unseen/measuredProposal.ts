/** Which models are measured: a proposal by its id or its folder, and a short hash that tells two of the same name apart. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UserError } from '../../core/errors';
import { parseProposalManifest } from '../../core/manifest';
import type { FolderRef } from '../../protocol/messages';
import type { Header } from './resultFile';

/** @returns undefined where `proposal` is an id. @throws UserError where the folder holds no proposal of ours */
export async function proposalInFolder(proposal: string): Promise<FolderRef | undefined> {
  const dir = path.resolve(proposal);
  if (!/[\\/]/.test(proposal)) return undefined;
  const manifest = path.join(dir, 'residual.json');
  try {
    if (!(await stat(dir)).isDirectory()) throw new Error('it is no folder');
    return { id: parseProposalManifest(JSON.parse(await readFile(manifest, 'utf8'))).id, dir };
  } catch (error) {
    throw new UserError(
      'no-proposal',
      `${dir} is no proposal folder: ${messageOf(error)}. Name one with a residual.json.`,
    );
  }
}

/** The hash is of the manifests, which hold those of all files. */
export async function modelsHeader(proposal: FolderRef, modules: readonly FolderRef[]): Promise<Header> {
  const hash = createHash('sha256').update(await readFile(path.join(proposal.dir, 'residual.json')));
  for (const { dir } of modules) hash.update(await readFile(path.join(dir, 'module.json')));
  return { proposal: proposal.id, models: hash.digest('hex').slice(0, 16) };
}
