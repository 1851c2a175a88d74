/**
 * A person's own proposals on disk: how one gets an id and a residual.json, and how it is moved into place, whole or not
 * at all. Knows nothing of where its files come from.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../core/errors';
import { FORMAT_VERSION, LOCATION_FILE } from '../../core/manifest';
import { say } from '../../core/sentence';
import type { InspectResult } from '../../protocol/inspection';
import { onDisk } from './disk';

export const MANIFEST_FILE = 'residual.json';

/** Where files came from, for a person who wants to know and for a second download. */
export interface HubSource {
  readonly endpoint: string;
  readonly repo: string;
  readonly revision: string;
}

/** What is known of a proposal beside what the engine found out. */
export interface Draft {
  readonly id: string;
  readonly title: string;
  readonly licence: string;
  /** Name → SHA-256 of everything that is used. */
  readonly files: Readonly<Record<string, string>>;
  /** The residual.json that the files came with, as it was; unknown fields survive. */
  readonly brought?: Readonly<Record<string, unknown>>;
  readonly source?: HubSource;
}

const INCOMING = '.incoming';
const STALE_MS = 24 * 3600_000;
const LONGEST_ID = 100;

/** A name for settings and folders that nobody has yet, whatever the file system thinks of capitals. */
export function freeId(name: string, taken: readonly string[]): string {
  const room = LONGEST_ID - '-99'.length;
  const plain = name.replaceAll(/[^\w.-]+/g, '-').replaceAll(/\.{2,}/g, '.');
  const id =
    plain
      .replaceAll(/^[-.]+/g, '')
      .slice(0, room)
      .replaceAll(/[-.]+$/g, '') || 'proposal';
  const used = new Set(taken.map(one => one.toLowerCase()));
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? id : `${id}-${n}`;
    if (!used.has(candidate.toLowerCase())) return candidate;
  }
}

export class ProposalStore {
  /** @param root the person's own folder, with `proposals/` in it */
  constructor(private readonly root: string) {}

  dirOf(id: string): string {
    return path.join(this.root, 'proposals', id);
  }

  /** Gives a new folder to fill, removed again when that fails; what earlier ones left behind goes, too. */
  async filling<T>(fill: (dir: string) => Promise<T>): Promise<T> {
    const parent = path.join(this.root, 'proposals', INCOMING);
    await this.#sweep(parent);
    const dir = path.join(parent, randomUUID());
    try {
      await onDisk(dir, () => mkdir(dir, { recursive: true }));
      return await fill(dir);
    } finally {
      await rm(dir, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  /**
   * Writes the manifest, and the place for files that stay elsewhere, and moves the folder where it is found.
   * @param place the person's own folder, for a proposal that is used in place
   * @throws UserError when a proposal with that id is there
   */
  async moveIn(dir: string, draft: Draft, report: InspectResult, place?: string): Promise<string> {
    const target = this.dirOf(draft.id);
    const write = (name: string, json: unknown) =>
      onDisk(dir, () => writeFile(path.join(dir, name), `${JSON.stringify(json, null, 2)}\n`));
    await write(MANIFEST_FILE, manifestOf(draft, report));
    if (place !== undefined) await write(LOCATION_FILE, { formatVersion: FORMAT_VERSION, dir: place });
    await onDisk(target, async () => {
      await mkdir(path.dirname(target), { recursive: true });
      await rename(dir, target).catch(error => {
        if (!isOccupied(error)) throw error;
        throw new UserError('proposal-exists', say`There is a proposal "${draft.id}" already.`);
      });
    });
    return target;
  }

  /** Out of sight at once, and then off the disk. */
  async remove(id: string): Promise<void> {
    const gone = path.join(this.root, 'proposals', INCOMING, randomUUID());
    await onDisk(this.dirOf(id), async () => {
      await mkdir(path.dirname(gone), { recursive: true });
      await rename(this.dirOf(id), gone);
      await rm(gone, { recursive: true, force: true, maxRetries: 3 });
    });
  }

  async #sweep(parent: string): Promise<void> {
    for (const name of await readdir(parent).catch(() => [])) {
      const dir = path.join(parent, name);
      const { mtimeMs } = await stat(dir).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
      // Another window may be filling a younger one.
      if (Date.now() - mtimeMs > STALE_MS) await rm(dir, { recursive: true, force: true }).catch(() => {});
    }
  }
}

function manifestOf({ brought, ...draft }: Draft, report: InspectResult): Readonly<Record<string, unknown>> {
  const { graphForm, dtype, fim, contextLength } = report;
  return { ...brought, formatVersion: FORMAT_VERSION, ...draft, graphForm, dtype, ...(fim && { fim }), contextLength };
}

function isOccupied(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'EPERM';
}
