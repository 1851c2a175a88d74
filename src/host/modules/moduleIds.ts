/** Which module is which: ids that are folder names, titles, and what to say when an id is taken. */
import type { ModuleManifest } from '../../core/manifest';
import { type Sentence, say } from '../../core/sentence';
import { INSTANT_ID } from './instantManifest';
import type { FoundModule } from './registry';

export function titleOf(module: FoundModule): string {
  return module.manifest?.title ?? module.id;
}

/** Whether this person may rename and delete it: the instant module is the workspace's and made anew. */
export function isOwn({ origin, id }: FoundModule): boolean {
  return origin === 'personal' || (origin === 'workspace' && !sameId(id, INSTANT_ID));
}

/** Why a module does not take the place of one that is there. */
export function existsMessage(id: string, existing: FoundModule | undefined): Sentence {
  if (existing === undefined) return say`The id "${id}" belongs to the instant module of each workspace. Keep both.`;
  if (existing.origin === 'personal')
    return say`There is another module with the id "${id}". Replace it, or keep both.`;
  if (existing.extension !== undefined)
    return say`There is another module with the id "${id}", which belongs to the extension "${existing.extension}" and is not replaced. Keep both.`;
  if (existing.origin === 'shipped')
    return say`There is another module with the id "${id}", which ships with Residual and is not replaced. Keep both.`;
  return say`There is another module with the id "${id}", which belongs to this workspace and is not replaced. Keep both.`;
}

/** Ids are folder names, and some disks do not tell cases apart. */
export function sameId(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Whether two are one module, whatever a person calls it. */
export function isSame(a: ModuleManifest | undefined, b: ModuleManifest): boolean {
  const content = ({ title: _, ...rest }: ModuleManifest) => JSON.stringify(rest);
  return a !== undefined && content(a) === content(b);
}

/** The id with the first number that makes it nobody's. */
export function freeId(id: string, found: readonly FoundModule[]): string {
  // An id has at most 100 characters.
  const stem = id.slice(0, 90);
  for (let n = 2; ; n++) if (!found.some(m => sameId(m.id, `${stem}-${n}`))) return `${stem}-${n}`;
}
