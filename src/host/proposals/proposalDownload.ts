/**
 * Downloads the files of one variant of a hub's model into a folder of their own, where they stay until they are whole:
 * stopped, cut off or restarted, the next run goes on where this one ended.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted } from '../../core/errors';
import { say } from '../../core/sentence';
import { isLocked, withLock } from '../lock';
import { hashFile } from '../readThrough';
import { checkRoom, freeBytes, onDisk } from './disk';
import { type DownloadParts, download, sizeOfPart } from './download';
import { type DownloadPlan, PLAN_FILE, parsePlan } from './downloadPlan';
import { fileUrl, type HubConnection } from './hubConnection';
import { explained } from './hubErrors';
import { sizeOf } from './proposalLayout';
import { MANIFEST_FILE } from './proposalStore';

export interface Unfinished {
  readonly plan: DownloadPlan;
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** What a test may replace. */
export interface DownloadsParts extends Omit<DownloadParts, 'connection'> {
  readonly freeBytes?: (dir: string) => Promise<number>;
}

export class ProposalDownloads {
  /** @param root the person's own folder; downloads are in `downloads/` of it */
  constructor(
    private readonly root: string,
    private readonly parts: DownloadsParts,
  ) {}

  /** Where downloads are, made when it is not there. */
  async folder(): Promise<string> {
    const dir = path.join(this.root, 'downloads');
    await onDisk(dir, () => mkdir(dir, { recursive: true }));
    return dir;
  }

  dirOf(id: string): string {
    return path.join(this.root, 'downloads', id);
  }

  /** Where importing begins, of a download that is to be imported. */
  sourceOf({ id, form, files }: DownloadPlan): string {
    return form === 'gguf' ? path.join(this.dirOf(id), files[0].name) : this.dirOf(id);
  }

  /** Those that nobody is downloading now. */
  async unfinished(): Promise<Unfinished[]> {
    const found: Unfinished[] = [];
    for (const id of await readdir(path.join(this.root, 'downloads')).catch(() => [])) {
      const plan = await this.#storedPlan(id);
      if (plan?.id !== id || (await isLocked(this.#lockOf(id)))) continue;
      found.push({ plan, doneBytes: await this.#doneBytes(plan), totalBytes: sizeOf(plan.files) });
    }
    return found;
  }

  /** @throws UserError while another window downloads it */
  discard(id: string): Promise<void> {
    return this.#locked(id, () => this.#remove(id));
  }

  /**
   * @param onBytes hears how many bytes of all files are here
   * @returns name → SHA-256 of every file, all of them whole and right in `dirOf(plan.id)`
   * @throws UserError that says what to do, with what has come kept; AbortError
   */
  async run(
    plan: DownloadPlan,
    connection: HubConnection,
    onBytes: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    const dir = this.dirOf(plan.id);
    return this.#locked(plan.id, async () => {
      await this.#forgetOther(plan);
      const file = path.join(dir, PLAN_FILE);
      await onDisk(file, async () => {
        for (const { name } of plan.files) await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
        await writeFile(`${file}.new`, JSON.stringify(plan, null, 2));
        await rename(`${file}.new`, file);
      });
      const neededBytes = sizeOf(plan.files) - (await this.#doneBytes(plan));
      checkRoom(neededBytes, await (this.parts.freeBytes ?? freeBytes)(dir), dir);
      try {
        await this.#fetchAll(plan, connection, onBytes, signal);
      } catch (error) {
        throwIfAborted(signal);
        throw explained(error, { ...plan, hasToken: connection.token !== undefined });
      }
      return this.#hashes(plan, signal);
    });
  }

  #lockOf(id: string): string {
    return `${this.dirOf(id)}.lock`;
  }

  async #locked<T>(id: string, act: () => Promise<T>): Promise<T> {
    const file = this.#lockOf(id);
    await onDisk(file, () => mkdir(path.dirname(file), { recursive: true }));
    return withLock(file, say`This model is being downloaded in another window.`, act);
  }

  async #fetchAll(
    { endpoint, repo, revision, id, files }: DownloadPlan,
    connection: HubConnection,
    onBytes: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let doneBytes = 0;
    // Small ones first: what cannot be had at all shows before the weights have come.
    for (const wanted of [...files].sort((a, b) => a.sizeBytes - b.sizeBytes)) {
      const file = path.join(this.dirOf(id), wanted.name);
      if ((await sizeOfFile(file)) !== wanted.sizeBytes) {
        const url = fileUrl(endpoint, repo, revision, wanted.name);
        const count = (bytes: number) => onBytes(doneBytes + bytes);
        await download(url, wanted, file, { ...this.parts, connection }, count, signal);
      }
      doneBytes += wanted.sizeBytes;
      onBytes(doneBytes);
    }
  }

  async #hashes({ id, files }: DownloadPlan, signal: AbortSignal): Promise<Record<string, string>> {
    const hashes: Record<string, string> = {};
    for (const { name, sha256 } of files) {
      // It is written anew.
      if (name === MANIFEST_FILE) continue;
      const file = path.join(this.dirOf(id), name);
      hashes[name] = sha256 ?? (await onDisk(file, () => hashFile(file, () => {}, signal)));
    }
    return hashes;
  }

  async #doneBytes({ id, files }: DownloadPlan): Promise<number> {
    let bytes = 0;
    for (const { name, sizeBytes } of files) {
      const file = path.join(this.dirOf(id), name);
      const isWhole = (await sizeOfFile(file)) === sizeBytes;
      bytes += isWhole ? sizeBytes : Math.min(sizeBytes, await sizeOfPart(file));
    }
    return bytes;
  }

  /** What came of another commit of the model, or from another place, is of no use. */
  async #forgetOther(plan: DownloadPlan): Promise<void> {
    const stored = await this.#storedPlan(plan.id);
    if (stored !== undefined && JSON.stringify(stored.files) === JSON.stringify(plan.files)) return;
    await this.#remove(plan.id);
  }

  async #remove(id: string): Promise<void> {
    await rm(this.dirOf(id), { recursive: true, force: true, maxRetries: 3 });
  }

  async #storedPlan(id: string): Promise<DownloadPlan | undefined> {
    try {
      return parsePlan(JSON.parse(await readFile(path.join(this.dirOf(id), PLAN_FILE), 'utf8')));
    } catch {
      return undefined;
    }
  }
}

async function sizeOfFile(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
