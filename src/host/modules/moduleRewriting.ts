/** Changes to a module's folder that leave its manifest and its signature true to each other at every moment. */
import { randomUUID } from 'node:crypto';
import { copyFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exists } from '../exists';
import { MANIFEST_FILE, SIGNATURE_FILE } from './moduleFileNames';
import { readManifestJson } from './moduleFolder';
import { signerOf } from './moduleSignature';

/** The signature goes before the manifest changes, so that there is never one that does not match. */
export async function rewriteManifest(
  dir: string,
  changed: Readonly<Record<string, unknown>>,
): Promise<{ readonly isSignatureDropped: boolean }> {
  const json = { ...((await readManifestJson(dir)) as object), ...changed };
  const file = path.join(dir, MANIFEST_FILE);
  const beside = path.join(dir, `.${MANIFEST_FILE}.${randomUUID()}`);
  const signature = path.join(dir, SIGNATURE_FILE);
  const isSignatureDropped = await exists(signature);
  try {
    await writeFile(beside, `${JSON.stringify(json, null, 2)}\n`);
    await rm(signature, { force: true });
    await rename(beside, file);
  } finally {
    await rm(beside, { force: true });
  }
  return { isSignatureDropped };
}

/** The same module, now signed: what is here is signed too, where its files are those that were signed. */
export async function bringSignature(from: string, to: string, signal: AbortSignal): Promise<void> {
  const [sent, here] = [from, to].map(dir => path.join(dir, SIGNATURE_FILE));
  if (!(await exists(sent)) || (await exists(here))) return;
  await copyFile(sent, here);
  try {
    await signerOf(to, signal);
  } catch {
    // It was renamed, or has other texts beside it.
    await rm(here, { force: true });
  }
}
