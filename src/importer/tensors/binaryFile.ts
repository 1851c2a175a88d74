/** A file that is read in pieces, by position, and never as a whole. Knows nothing of what is in it. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { say } from '../../core/sentence';
import { damaged, unreadable } from '../refusal';

export class BinaryFile {
  private constructor(
    readonly path: string,
    /** Base name. */
    readonly name: string,
    readonly sizeBytes: number,
    private readonly handle: FileHandle,
  ) {}

  /**
   * Opens read-only, through symbolic links.
   * @throws UserError when there is no such file, when it is no regular file, or when reading is not allowed
   */
  static async open(file: string): Promise<BinaryFile> {
    const name = path.basename(file);
    const fail = (error: unknown) => notReadable(name, error);
    // Before opening: to open a pipe would wait for its other end.
    const found = await stat(file).catch(fail);
    if (!found.isFile()) unreadable(name, say`it is no regular file`);
    const handle = await open(file, 'r').catch(fail);
    return new BinaryFile(file, name, found.size, handle);
  }

  /**
   * Fills `into` from `position`.
   * @throws UserError when the file ends before
   */
  async read(position: number, into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await this.handle.read(into, done, into.length - done, position + done);
      if (bytesRead === 0) damaged(this.name, say`it ends early`);
      done += bytesRead;
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** What the system says, as what a person can understand; other errors stay as they are. */
export function notReadable(name: string, error: unknown): never {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  if (code === 'ENOENT') unreadable(name, say`there is no such file`);
  if (code === 'EACCES' || code === 'EPERM') unreadable(name, say`reading it is not allowed`);
  throw error;
}
