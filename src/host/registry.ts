/**
 * Finds proposals and modules on disk. Reads manifests only, never weights; a folder that cannot be read stays in the
 * list with the reason, so that a surface can say what is wrong with it.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../core/errors';
import {
  type ModuleManifest,
  type ProposalManifest,
  parseModuleManifest,
  parseProposalManifest,
} from '../core/manifest';

/** Who put it there: the extension, this person, the workspace's team, or a build from this workspace. */
export type Origin = 'shipped' | 'personal' | 'team' | 'workspace';

export interface Root {
  /** Absolute path of a folder with `proposals/` and `modules/` in it. */
  readonly dir: string;
  readonly origin: Origin;
}

export interface Found<Manifest> {
  readonly id: string;
  readonly dir: string;
  readonly origin: Origin;
  readonly sizeBytes: number;
  /** Absent when there is none (a proposal of someone else's) or it could not be read; `problem` says why. */
  readonly manifest?: Manifest;
  readonly problem?: string;
}

export type FoundModule = Found<ModuleManifest>;
export type FoundProposal = Found<ProposalManifest>;

export class Registry {
  /** @param roots asked at every scan; later roots do not hide ids of earlier ones. */
  constructor(private readonly roots: () => readonly Root[]) {}

  modules(): Promise<FoundModule[]> {
    return this.scan('modules', 'module.json', parseModuleManifest);
  }

  proposals(): Promise<FoundProposal[]> {
    return this.scan('proposals', 'residual.json', parseProposalManifest);
  }

  private async scan<M extends { id: string }>(
    kind: string,
    file: string,
    parse: (json: unknown) => M,
  ): Promise<Found<M>[]> {
    const found = new Map<string, Found<M>>();
    for (const root of this.roots()) {
      const parent = join(root.dir, kind);
      for (const name of await folders(parent)) {
        const entry = await read(join(parent, name), name, root.origin, file, parse);
        if (entry !== undefined && !found.has(entry.id)) found.set(entry.id, entry);
      }
    }
    return [...found.values()].sort((a, b) => a.id.localeCompare(b.id));
  }
}

async function read<M extends { id: string }>(
  dir: string,
  name: string,
  origin: Origin,
  file: string,
  parse: (json: unknown) => M,
): Promise<Found<M> | undefined> {
  let source: string;
  try {
    source = await readFile(join(dir, file), 'utf8');
  } catch (error) {
    // A proposal in the usual Hugging Face layout has no residual.json; a folder without module.json is no module.
    if (file === 'module.json' || !(await exists(join(dir, 'config.json')))) return undefined;
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { id: name, dir, origin, sizeBytes: await sizeOf(dir), ...(!isMissing && { problem: messageOf(error) }) };
  }
  const sizeBytes = await sizeOf(dir);
  try {
    const manifest = parse(JSON.parse(source));
    return { id: manifest.id, dir, origin, sizeBytes, manifest };
  } catch (error) {
    return { id: name, dir, origin, sizeBytes, problem: messageOf(error) };
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function folders(parent: string): Promise<string[]> {
  try {
    const entries = await readdir(parent, { withFileTypes: true });
    // Hidden folders are modules on their way in or out.
    return entries.filter(e => e.isDirectory() && !e.name.startsWith('.')).map(e => e.name);
  } catch {
    return []; // the folder need not exist
  }
}

async function sizeOf(dir: string): Promise<number> {
  let sizeBytes = 0;
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) sizeBytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return sizeBytes;
}
