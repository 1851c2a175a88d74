/**
 * Finds proposals and modules on disk. Reads manifests, and weights only to hold them against a signature; a folder that
 * cannot be used stays in the list with the reason, so that a surface can say what is wrong with it.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { sentenceOf, UserError } from '../../core/errors';
import {
  LOCATION_FILE,
  type ModuleManifest,
  type ProposalManifest,
  parseLocation,
  parseModuleManifest,
  parseProposalManifest,
} from '../../core/manifest';
import { type Sentence, say } from '../../core/sentence';
import { exists } from '../exists';
import { sizeOfFolder } from '../sizeOfFolder';
import { type SignatureState, SignatureStates } from './signatureStates';

/** Who put it there: this extension or another one, this person, the workspace's team, or a build from this workspace. */
export type Origin = 'shipped' | 'personal' | 'team' | 'workspace';

export interface Root {
  /** Absolute path of a folder with `proposals/` and `modules/` in it. */
  readonly dir: string;
  readonly origin: Origin;
  /** Of what ships: the name of the extension that brought it, where that is another one than ours. */
  readonly extension?: string;
}

export interface Found<Manifest> {
  readonly id: string;
  readonly dir: string;
  readonly origin: Origin;
  readonly extension?: string;
  readonly sizeBytes: number;
  /** The person's own folder with the files of a proposal that is used in place. */
  readonly place?: string;
  /** Absent when there is none (a proposal of someone else's) or it could not be read. */
  readonly manifest?: Manifest;
  /** Why it cannot be used. */
  readonly problem?: Sentence | string;
}

export interface FoundModule extends Found<ModuleManifest> {
  /** Absent where its files cannot be read. */
  readonly signature?: SignatureState;
}
export type FoundProposal = Found<ProposalManifest>;

/** What both kinds of manifest have. */
interface Named {
  readonly id: string;
  readonly files: Readonly<Record<string, string>>;
}

export class Registry {
  readonly #signatures = new SignatureStates();

  /** @param roots asked at every scan; later roots do not hide ids of earlier ones. */
  constructor(private readonly roots: () => readonly Root[]) {}

  /** A module that claims a signer who did not sign it has a problem: nothing uses it. */
  async modules(): Promise<FoundModule[]> {
    const found = await this.scan('modules', 'module.json', parseModuleManifest);
    return Promise.all(found.map(module => this.withSignature(module)));
  }

  /** Whether modules that were found are still those that their signers signed. Hashes nothing. */
  async holdStill(modules: readonly { readonly dir: string }[]): Promise<boolean> {
    const hold = await Promise.all(modules.map(({ dir }) => this.#signatures.holdsStill(dir)));
    return hold.every(holds => holds);
  }

  proposals(): Promise<FoundProposal[]> {
    return this.scan('proposals', 'residual.json', parseProposalManifest);
  }

  private async withSignature(module: Found<ModuleManifest>): Promise<FoundModule> {
    const signature = await this.#signatures.of(module.dir);
    if (signature === undefined || module.problem !== undefined) return module;
    return { ...module, signature, ...(signature.kind === 'broken' && { problem: signature.problem }) };
  }

  private async scan<M extends Named>(kind: string, file: string, parse: (json: unknown) => M): Promise<Found<M>[]> {
    const found = new Map<string, Found<M>>();
    for (const root of this.roots()) {
      const parent = join(root.dir, kind);
      for (const name of await folders(parent)) {
        const entry = await read(join(parent, name), name, root, file, parse);
        if (entry !== undefined && !found.has(entry.id)) found.set(entry.id, entry);
      }
    }
    return [...found.values()].sort((a, b) => a.id.localeCompare(b.id));
  }
}

async function read<M extends Named>(
  dir: string,
  name: string,
  { origin, extension }: Root,
  file: string,
  parse: (json: unknown) => M,
): Promise<Found<M> | undefined> {
  const from = { dir, origin, ...(extension !== undefined && { extension }) };
  let source: string;
  try {
    source = await readFile(join(dir, file), 'utf8');
  } catch (error) {
    // A proposal in the usual Hugging Face layout has no residual.json; a folder without module.json is no module.
    if (file === 'module.json' || !(await exists(join(dir, 'config.json')))) return undefined;
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return {
      id: name,
      ...from,
      sizeBytes: await sizeOfFolder(dir),
      ...(!isMissing && { problem: sentenceOf(error) }),
    };
  }
  let sizeBytes = await sizeOfFolder(dir);
  try {
    const manifest = parse(JSON.parse(source));
    const place = await placeOf(dir);
    if (place === undefined) return { id: manifest.id, ...from, sizeBytes, manifest };
    // Only a person names a place on this machine; what a team shares holds its files itself.
    if (origin !== 'personal')
      throw new UserError('location-not-own', say`${LOCATION_FILE} is for the proposals that a person added.`);
    sizeBytes = await sizeOfFiles(place, Object.keys(manifest.files));
    return { id: manifest.id, ...from, sizeBytes, manifest, place };
  } catch (error) {
    return { id: name, ...from, sizeBytes, problem: sentenceOf(error) };
  }
}

/** @throws UserError when the folder that location.json names is not there */
async function placeOf(dir: string): Promise<string | undefined> {
  const file = join(dir, LOCATION_FILE);
  if (!(await exists(file))) return undefined;
  const place = parseLocation(JSON.parse(await readFile(file, 'utf8')));
  if (isAbsolute(place) && (await exists(place))) return place;
  throw new UserError(
    'location-missing',
    say`Its files are used in place, and the folder ${place} is not there. Put it back, or add it again.`,
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

async function sizeOfFiles(dir: string, names: readonly string[]): Promise<number> {
  let sizeBytes = 0;
  for (const name of names) sizeBytes += (await stat(join(dir, name)).catch(() => ({ size: 0 }))).size;
  return sizeBytes;
}
