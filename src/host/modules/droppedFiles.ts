/** Files that came as bytes, put where they can be read as files: for what was dropped onto a page that knows no paths. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface BytesOfFile {
  /** Without any folder. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Dropped {
  /** Archives are sources by themselves; everything else that came together is one folder. */
  readonly sources: readonly string[];
  remove(): Promise<void>;
}

/** Writes files into a new folder, where they stay until they are removed. */
export async function putDropped(files: readonly BytesOfFile[]): Promise<Dropped> {
  const root = await mkdtemp(path.join(tmpdir(), 'residual-dropped-'));
  const remove = () => rm(root, { recursive: true, force: true });
  try {
    const archives = files.filter(({ name }) => /\.ram$/i.test(name));
    const others = files.filter(file => !archives.includes(file));
    const sources = await write(root, archives);
    if (others.length === 0) return { sources, remove };
    const folder = path.join(root, 'module');
    await mkdir(folder);
    await write(folder, others);
    return { sources: [...sources, folder], remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A name that leads elsewhere names no file that was dropped: its last part is used. */
async function write(dir: string, files: readonly BytesOfFile[]): Promise<string[]> {
  const written: string[] = [];
  for (const { name, bytes } of files) {
    const file = path.join(dir, path.basename(name));
    await writeFile(file, bytes);
    written.push(file);
  }
  return written;
}
