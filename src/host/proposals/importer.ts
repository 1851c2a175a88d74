/** The importer's process: one for a piece of work, ended with it. What it had made is for its caller to remove. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { AbortError, EngineGone, messageOf, throwIfAborted, UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import type { ImporterMethods } from '../../protocol/importing';
import { RpcClient } from '../../protocol/rpc';
import { startEngine } from '../engineProcess';

export interface ImporterOptions {
  /** dist/importer.js. */
  readonly script: string;
  readonly execPath?: string;
  /** Lines that the importer prints and how it ended. */
  readonly onLog: (line: string) => void;
}

/** Asks the process; an abort ends it. */
export interface ImporterCalls {
  /** @throws UserError, also when the process ends meanwhile; AbortError */
  call<K extends keyof ImporterMethods>(
    method: K,
    params: ImporterMethods[K]['params'],
    onProgress?: (progress: ImporterMethods[K]['progress']) => void,
  ): Promise<ImporterMethods[K]['result']>;
}

export type WithImporter = <T>(work: (importer: ImporterCalls) => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * @returns when the process has ended, whatever it was doing: nobody writes any more
 * @throws UserError, also when the importer dies, is not there or the disk is full; AbortError
 */
export function importerOf({ script, execPath = process.execPath, onLog }: ImporterOptions): WithImporter {
  return async (work, signal) => {
    await access(script).catch(() => {
      throw new UserError(
        'importer-missing',
        say`The importer is missing from this installation (${script}). Install Residual again.`,
      );
    });
    throwIfAborted(signal);
    let reason = '';
    let hasEnded: () => void = () => {};
    const end = new Promise<void>(resolve => {
      hasEnded = resolve;
    });
    const files = { script, modelsDir: path.join(path.dirname(script), '..', 'models'), execPath };
    const child = startEngine(files, onLog, how => {
      reason = how;
      hasEnded();
    });
    const rpc = new RpcClient<ImporterMethods>(child.channel);
    signal.addEventListener('abort', child.kill, { once: true });
    try {
      return await work({
        call: (method, params, onProgress = () => {}) => rpc.call(method, params, onProgress, signal),
      });
    } catch (error) {
      if (signal.aborted) throw new AbortError();
      if (!(error instanceof EngineGone)) throw understood(error);
      await end;
      onLog(`importer: ended by itself, ${reason}`);
      throw new UserError(
        'importer-crashed',
        say`The importer ended without being asked to (${reason}). Nothing is left of what it made. The machine may be short of memory, or the file is damaged: see the log.`,
      );
    } finally {
      signal.removeEventListener('abort', child.kill);
      child.kill();
      await end;
      child.channel.destroy();
    }
  };
}

/** A full disk is the one failure of a system that a person can mend and the importer does not name. */
function understood(error: unknown): unknown {
  if (error instanceof UserError || !/ENOSPC|no space left/i.test(messageOf(error))) return error;
  return new UserError('disk-full', say`The disk is full. Make room and try again.`);
}
