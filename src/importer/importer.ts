/** What the importer's process answers: models of other programs, what importing one means, this machine's speed, an import. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { throwIfAborted, UserError } from '../core/errors';
import { say } from '../core/sentence';
import type { ImporterMethods, ImportProgress, MachineSpeed } from '../protocol/importing';
import type { Handlers } from '../protocol/rpc';
import type { Importing } from './importing';
import { findModels } from './onThisMachine/findModels';
import type { ReadGguf } from './onThisMachine/parts';

export interface ImporterParts extends Importing {
  readonly readGguf: ReadGguf;
  readonly machineSpeed: (nThreads: number, signal: AbortSignal) => Promise<readonly MachineSpeed[]>;
}

/** A figure changes at most so often: each is a message. */
const PROGRESS_MS = 100;
const PIECE_BYTES = 1 << 20;

export function createImporter(parts: ImporterParts): Handlers<ImporterMethods> {
  return {
    find: (machine, onProgress, signal) => findModels(machine, parts.readGguf, onProgress, signal),
    plan: ({ source }) => parts.planImport(source),
    measure: ({ threads }, _, signal) => parts.machineSpeed(threads, signal),
    async import({ spec, sha256 }, onProgress, signal) {
      giveWay();
      const tell = sparingly(onProgress);
      if (sha256 !== undefined) await checkContent(spec.source, sha256, tell, signal);
      await parts.importProposal(spec, tell, signal);
      return null;
    },
  };
}

/** To everything else on the machine; for good, so a process that is to measure has not imported. */
function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch (error) {
    console.error(`The priority stays as it is: ${error}`);
  }
}

/** The program that a file belongs to names it by its digest: what is damaged is not worth importing. */
async function checkContent(
  file: string,
  sha256: string,
  onProgress: (progress: ImportProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const { size: total } = await stat(file).catch(() => {
    throw new UserError('source-gone', say`${file} is not there any more.`);
  });
  const hash = createHash('sha256');
  let done = 0;
  for await (const piece of createReadStream(file, { highWaterMark: PIECE_BYTES })) {
    throwIfAborted(signal);
    hash.update(piece);
    done += piece.length;
    onProgress({ phase: 'checking', done, total });
  }
  if (hash.digest('hex') !== sha256)
    throw new UserError(
      'source-damaged',
      say`${file} is not what its name says: it was damaged or changed. Fetch it again with the program that it belongs to.`,
    );
}

/** Passes on the first and the last of each phase, and of the others as many as can be seen. */
function sparingly(onProgress: (progress: ImportProgress) => void): (progress: ImportProgress) => void {
  let shown: ImportProgress | undefined;
  let shownAtMs = Number.NEGATIVE_INFINITY;
  return progress => {
    const nowMs = performance.now();
    const isEdge = progress.phase !== shown?.phase || progress.done >= progress.total;
    if (!isEdge && nowMs - shownAtMs < PROGRESS_MS) return;
    shown = progress;
    shownAtMs = nowMs;
    onProgress(progress);
  };
}
