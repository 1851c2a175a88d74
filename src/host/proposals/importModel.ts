/** From a file of another format to a proposal: imported, tried, and only then moved where proposals are found. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../core/errors';
import { graphsOf } from '../../core/graphFiles';
import { say } from '../../core/sentence';
import type { ImportFormat, ImportProgress } from '../../protocol/importing';
import type { InspectResult } from '../../protocol/inspection';
import { hashFile } from '../readThrough';
import type { Inspect } from './addDownload';
import { checkRoom, freeBytes } from './disk';
import type { WithImporter } from './importer';
import { readBrought } from './localProposal';
import { MANIFEST_FILE, type ProposalStore } from './proposalStore';

export interface ImportModelParts {
  readonly store: ProposalStore;
  readonly withImporter: WithImporter;
  readonly inspect: Inspect;
  /** What a test may replace. */
  readonly freeBytes?: (dir: string) => Promise<number>;
}

/** What is to be made of which file. */
export interface WantedImport {
  readonly source: string;
  /** Of the source, where its program names it by that. */
  readonly sha256?: string;
  readonly id: string;
  readonly title: string;
  readonly licence: string | undefined;
  readonly format: ImportFormat;
  /** What will be written. */
  readonly sizeBytes: number;
}

/** `trying`: the engine loads it and asks it for some tokens. */
export type ImportStep = ImportProgress | { readonly phase: 'trying' };

/** The folder within the one that is filled: the importer makes it itself. */
const OUT = 'model';

/** @throws UserError that says what to do, with nothing left behind; AbortError */
export function importModel(
  parts: ImportModelParts,
  wanted: WantedImport,
  onStep: (step: ImportStep) => void,
  signal: AbortSignal,
): Promise<InspectResult> {
  const { store, withImporter, inspect } = parts;
  const { source, sha256, id, title, format, sizeBytes } = wanted;
  return store.filling(async dir => {
    checkRoom(sizeBytes, await (parts.freeBytes ?? freeBytes)(dir), dir);
    const out = path.join(dir, OUT);
    const spec = { source, out, id, title, format };
    const params = { spec, ...(sha256 !== undefined && { sha256 }) };
    await withImporter(importer => importer.call('import', params, onStep), signal);
    onStep({ phase: 'trying' });
    const names = await filesBelow(out);
    const graphFile = graphsOf(names)[0]?.name;
    if (graphFile === undefined)
      throw new UserError('import-failed', say`Nothing was made of ${source}. See the log, and report it.`);
    const report = await inspect({ proposal: { id, dir: out }, graphFile }, signal);
    const brought = await readBrought(path.join(out, MANIFEST_FILE));
    const files: Record<string, string> = {};
    for (const name of names)
      if (name !== MANIFEST_FILE) files[name] = await hashFile(path.join(out, name), () => {}, signal);
    const licence = wanted.licence ?? (typeof brought?.licence === 'string' ? brought.licence : 'unknown');
    await store.moveIn(out, { id, title, licence, files, ...(brought && { brought }) }, report);
    return report;
  });
}

/** Relative, with `/`, in the same order everywhere. */
async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const names = entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
  return names.map(name => path.relative(dir, name).split(path.sep).join('/')).sort();
}
