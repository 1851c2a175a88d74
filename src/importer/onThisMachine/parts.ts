/** What the readers of the programs' folders share. */
import { UserError } from '../../core/errors';
import { type GgufGroup, groupGgufs, isGgufName } from '../../core/ggufNames';
import type { FoundModel } from '../../protocol/importing';
import { type GgufFacts, missingParts, notGguf } from './judgement';
import { line } from './licences';
import { beginningOf, type FoundFile, isUnchanged, type ReadOnlyFolder } from './readOnly';

/** Reads the header of a GGUF that people call by `name`. @throws UserError that says why it cannot be read */
export type ReadGguf = (file: string, name: string) => Promise<GgufFacts>;

export interface Reader {
  readonly readGguf: ReadGguf;
  readonly signal: AbortSignal;
  onFound(model: FoundModel): Promise<void>;
}

/**
 * Looks into one and says what it is.
 * @param known what its program says of it, which counts more than its header does
 */
export async function reportGguf(
  { files, nParts }: GgufGroup<FoundFile>,
  known: Pick<FoundModel, 'tool' | 'name'> & Partial<FoundModel>,
  { readGguf, signal, onFound }: Reader,
): Promise<void> {
  const [first] = files;
  const model = {
    form: 'gguf' as const,
    source: first.path,
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
  const facts = await factsOf(first.path, known.name, readGguf);
  if (signal.aborted) return;
  // It is being written by its program.
  if (!(await isUnchanged(first))) return;
  const nMissing = nParts - files.length;
  const obstacle = known.obstacle ?? (nMissing > 0 ? missingParts(nMissing, nParts) : facts.obstacle);
  const { architecture, nParameters, quantisation, licence } = facts;
  await onFound({
    ...model,
    ...textOf('architecture', architecture),
    ...textOf('quantisation', quantisation),
    ...textOf('licence', licence),
    ...(nParameters !== undefined && { nParameters }),
    ...known,
    name: line(known.name) ?? '?',
    ...(obstacle && { obstacle }),
  });
}

/** All GGUF files of a folder, called by their names. */
export async function reportGgufFolder(
  folder: ReadOnlyFolder,
  tool: FoundModel['tool'],
  reader: Reader,
): Promise<void> {
  for (const gguf of groupGgufs(await folder.files(isGgufName))) {
    if (reader.signal.aborted) return;
    await reportGguf(gguf, { tool, name: gguf.stem }, reader);
  }
}

export function textOf<K extends string>(key: K, value: string | undefined): { readonly [key in K]?: string } {
  const text = line(value);
  return (text === undefined ? {} : { [key]: text }) as { readonly [key in K]?: string };
}

async function factsOf(file: string, name: string, readGguf: ReadGguf): Promise<GgufFacts> {
  if (!(await hasMagic(file))) return { obstacle: notGguf() };
  try {
    return await readGguf(file, name);
  } catch (error) {
    return { obstacle: error instanceof UserError ? error.sentence : notGguf() };
  }
}

/** `GGUF` and a version that is read; the other byte order has another version. */
async function hasMagic(file: string): Promise<boolean> {
  const head = await beginningOf(file, 8);
  if (head === undefined || head.length < 8 || head.toString('latin1', 0, 4) !== 'GGUF') return false;
  return [2, 3].includes(head.readUInt32LE(4));
}
