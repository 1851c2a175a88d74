/**
 * The proposal's best candidates at the targets of training rows, for the `joint` objective. A row's are computed when it
 * is first asked for and kept in `candidates.bin` by its index, where the next round over the same rows finds them, and a
 * training that goes on. The file is bounded: of more rows than it holds, the others are computed each time.
 *
 * A record, little-endian: checksum u32, ids u16 [T·C], −log P u16 [T·C] in units of 1/2048 nat.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as eventsHadTheirTurn } from 'node:timers/promises';
import { throwIfAborted } from '../core/errors';
import type { Sequence } from '../core/model';
import { valuesOf } from '../core/row';
import { NO_TARGET, type RepeatingRows, type TrainingRow } from '../core/training/rows';
import { TopCandidates } from '../core/training/topCandidates';
import type { Proposal } from '../engine/proposal';
import { rowsAtOnce } from './rowsAtOnce';

export const CANDIDATES_FILE = 'candidates.bin';
export const N_CANDIDATES = 32;
/** Of places that hold no candidate: never chosen, and finite in sums. */
export const NO_CANDIDATE_LOGP = -1e9;

export interface RowCandidates {
  /** [T, C]; the target is the first of each position, whether the proposal ranks it among its best or not. */
  readonly ids: Int32Array;
  /** [T, C] log P over the whole vocabulary; a position without a target has one candidate of probability 1. */
  readonly logps: Float32Array;
}

export interface CandidatesOf {
  readonly proposal: Proposal;
  readonly rows: RepeatingRows;
  /** T */
  readonly length: number;
  /** Rows that are kept; those that fit into 64 MiB when absent. */
  readonly nKept?: number;
  /** Of all that decides what the rows are: the data's fingerprint and the seed. */
  readonly fingerprint: string;
}

const KEY_BYTES = 32;
const UNITS = 2048;
const MOST_BYTES = 64 * 2 ** 20;
const NONE = 0xffff;

export class CandidateCache {
  readonly #best: TopCandidates;
  readonly #recordBytes: number;
  readonly #nKept: number;
  readonly #sequence: Sequence;

  private constructor(
    private readonly of: CandidatesOf,
    private readonly file: FileHandle,
  ) {
    this.#best = new TopCandidates(N_CANDIDATES);
    this.#recordBytes = 4 + 4 * of.length * N_CANDIDATES;
    this.#nKept = of.nKept ?? Math.floor(MOST_BYTES / this.#recordBytes);
    this.#sequence = of.proposal.model.open({ rows: 'whole' });
  }

  /** What the folder holds for other rows or another proposal is dropped. */
  static async open(dir: string, of: CandidatesOf): Promise<CandidateCache> {
    const name = path.join(dir, CANDIDATES_FILE);
    const { id, files } = of.proposal.manifest;
    const parts = [2, of.fingerprint, of.length, N_CANDIDATES, id, files];
    const key = createHash('sha256').update(JSON.stringify(parts)).digest();
    let file = await open(name, 'a+').then(async created => {
      await created.close();
      return open(name, 'r+');
    });
    const found = Buffer.alloc(KEY_BYTES);
    await file.read(found, 0, KEY_BYTES, 0);
    if (!found.equals(key)) {
      await file.close();
      file = await open(name, 'w+');
      await file.write(key, 0, KEY_BYTES, 0);
    }
    return new CandidateCache(of, file);
  }

  /** @throws AbortError */
  async row(index: number, signal: AbortSignal): Promise<RowCandidates> {
    const row = index % this.of.rows.nRows;
    const isKept = row < this.#nKept;
    const kept = isKept ? await this.#read(row) : undefined;
    if (kept !== undefined) return kept;
    const record = this.#packed(await this.#compute(this.of.rows.row(row), signal));
    if (isKept) await this.file.write(record, 0, record.length, this.#at(row));
    // As it will be read again, so that a training that goes on sees the same numbers.
    return this.#unpacked(record);
  }

  async close(): Promise<void> {
    this.#sequence.close();
    await this.file.close();
  }

  async #compute({ tokens, targets }: TrainingRow, signal: AbortSignal): Promise<RowCandidates> {
    const { length } = this.of;
    const ids = new Int32Array(length * N_CANDIDATES);
    const logps = new Float32Array(length * N_CANDIDATES).fill(NO_CANDIDATE_LOGP);
    for (let t = 0; t < length; t++) if (targets[t] === NO_TARGET) logps[t * N_CANDIDATES] = 0;
    const sequence = this.#sequence;
    sequence.rewind(sequence.length);
    const last = targets.findLastIndex(target => target !== NO_TARGET);
    const nRows = rowsAtOnce(this.of.proposal.model.vocabSize);
    for (let start = 0; start <= last; start += nRows) {
      const end = Math.min(start + nRows, last + 1);
      await eventsHadTheirTurn();
      throwIfAborted(signal);
      const rows = await sequence.verify([...tokens.subarray(start, end)], signal);
      for (let t = start; t < end; t++) {
        if (targets[t] === NO_TARGET) continue;
        const at = t * N_CANDIDATES;
        this.#best.find(
          valuesOf(rows[t - start]),
          targets[t],
          ids.subarray(at, at + N_CANDIDATES),
          logps.subarray(at, at + N_CANDIDATES),
        );
      }
    }
    return { ids, logps };
  }

  async #read(row: number): Promise<RowCandidates | undefined> {
    const record = Buffer.alloc(this.#recordBytes);
    const { bytesRead } = await this.file.read(record, 0, record.length, this.#at(row));
    const isWhole = bytesRead === record.length && record.readUInt32LE(0) === checksum(record);
    return isWhole ? this.#unpacked(record) : undefined;
  }

  #unpacked(record: Buffer): RowCandidates {
    const n = this.of.length * N_CANDIDATES;
    const ids = new Int32Array(n);
    const logps = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      ids[i] = record.readUInt16LE(4 + 2 * i);
      const units = record.readUInt16LE(4 + 2 * (n + i));
      logps[i] = units === NONE ? NO_CANDIDATE_LOGP : 0 - units / UNITS;
    }
    return { ids, logps };
  }

  #packed({ ids, logps }: RowCandidates): Buffer {
    const record = Buffer.alloc(this.#recordBytes);
    const n = ids.length;
    for (let i = 0; i < n; i++) {
      record.writeUInt16LE(ids[i], 4 + 2 * i);
      const units = logps[i] === NO_CANDIDATE_LOGP ? NONE : Math.min(NONE - 1, Math.round(-logps[i] * UNITS));
      record.writeUInt16LE(Math.max(0, units), 4 + 2 * (n + i));
    }
    record.writeUInt32LE(checksum(record), 0);
    return record;
  }

  #at(row: number): number {
    return KEY_BYTES + row * this.#recordBytes;
  }
}

/** FNV-1a of what follows the checksum; never 0, which is what a hole in the file reads as. */
function checksum(bytes: Buffer): number {
  let h = 0x811c9dc5;
  for (let i = 4; i < bytes.length; i++) h = Math.imul(h ^ bytes[i], 0x01000193);
  return h >>> 0 || 1;
}
