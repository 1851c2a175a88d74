/** A Hugging Face folder on this machine: what is in it, and how it becomes a proposal, by a copy or where it is. */
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { sentenceOf, UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import type { InspectResult } from '../../protocol/inspection';
import { copyFile, hashFile } from '../readThrough';
import { checkRoom, freeBytes, onDisk } from './disk';
import { type Layout, type ListedFile, layoutOf, sizeOf, type Variant } from './proposalLayout';
import { type Draft, MANIFEST_FILE, type ProposalStore } from './proposalStore';

export interface LocalFolder {
  readonly dir: string;
  /** What people call the model: the folder's name, or the one that a download cache hides in its own. */
  readonly name: string;
  readonly layout: Layout;
  /** Its residual.json, if it has one. */
  readonly brought: Readonly<Record<string, unknown>> | undefined;
}

/** @throws UserError that says what is missing and what to do */
export async function surveyFolder(dir: string): Promise<LocalFolder> {
  const files = await filesOfFolder(dir);
  const brought = await readBrought(path.join(dir, MANIFEST_FILE));
  const layout = layoutOf(files, dir);
  return { dir, name: nameOf(dir), layout: ofBrought(layout, brought), brought };
}

/** What of a folder is looked at. @throws UserError when it cannot be read */
export async function filesOfFolder(dir: string): Promise<ListedFile[]> {
  return [...(await filesIn(dir, '')), ...(await filesIn(dir, 'onnx'))];
}

/** @param onBytes hears how many bytes are copied so far */
export function copyIn(
  store: ProposalStore,
  folder: LocalFolder,
  variant: Variant,
  id: string,
  report: InspectResult,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  return store.filling(async dir => {
    const files = [...folder.layout.common, ...variant.files];
    checkRoom(sizeOf(files), await freeBytes(dir), dir);
    await onDisk(dir, () => mkdir(path.join(dir, 'onnx')));
    const hashes = await hashed(folder, files, onBytes, (from, name, count) =>
      onDisk(path.join(dir, name), () => copyFile(from, path.join(dir, name), count, signal)),
    );
    return store.moveIn(dir, draftOf(folder, variant, id, hashes), report);
  });
}

/** @param onBytes hears how many bytes are read so far */
export function useInPlace(
  store: ProposalStore,
  folder: LocalFolder,
  variant: Variant,
  id: string,
  report: InspectResult,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  return store.filling(async dir => {
    const files = [...folder.layout.common, ...variant.files];
    const hashes = await hashed(folder, files, onBytes, (from, _name, count) =>
      onDisk(from, () => hashFile(from, count, signal)),
    );
    return store.moveIn(dir, draftOf(folder, variant, id, hashes), report, folder.dir);
  });
}

async function hashed(
  { dir }: LocalFolder,
  files: readonly ListedFile[],
  onBytes: (bytes: number) => void,
  take: (from: string, name: string, count: (bytes: number) => void) => Promise<string>,
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  let done = 0;
  for (const { name } of files) {
    // It is written anew.
    if (name === MANIFEST_FILE) continue;
    hashes[name] = await take(path.join(dir, name), name, bytes => {
      done += bytes;
      onBytes(done);
    });
  }
  return hashes;
}

function draftOf({ name, brought }: LocalFolder, { dtype }: Variant, id: string, files: Draft['files']): Draft {
  const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise);
  return {
    id,
    title: text(brought?.title, `${name} (${dtype})`),
    licence: text(brought?.licence, 'unknown'),
    files,
    ...(brought && { brought }),
  };
}

/** A manifest names the one graph that it is about. */
function ofBrought(layout: Layout, brought: LocalFolder['brought']): Layout {
  const variants = layout.variants.filter(({ dtype }) => dtype === brought?.dtype);
  return variants.length > 0 ? { ...layout, variants } : layout;
}

/** The residual.json that files came with; undefined when there is none. */
export async function readBrought(file: string): Promise<LocalFolder['brought']> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined;
  } catch {
    // The engine refuses it by name when it is tried.
    return undefined;
  }
}

/** Files and what links point to: download caches are made of links. */
async function filesIn(dir: string, folder: string): Promise<ListedFile[]> {
  let names: string[];
  try {
    names = await readdir(path.join(dir, folder));
  } catch (error) {
    if (folder !== '') return [];
    throw new UserError('folder-unreadable', say`${dir} cannot be read: ${sentenceOf(error)}.`);
  }
  const files: ListedFile[] = [];
  for (const name of names) {
    const found = await stat(path.join(dir, folder, name)).catch(() => undefined);
    if (found?.isFile()) files.push({ name: folder === '' ? name : `${folder}/${name}`, sizeBytes: found.size });
  }
  return files;
}

/** `models--owner--name/snapshots/<commit>` is how the Hugging Face cache lays out what it fetched. */
function nameOf(dir: string): string {
  const parts = path.resolve(dir).split(path.sep);
  const cached = parts.at(-2) === 'snapshots' ? /^models--(?:.+--)?(.+)$/.exec(parts.at(-3) ?? '')?.[1] : undefined;
  return cached ?? (parts.at(-1) || 'model');
}
