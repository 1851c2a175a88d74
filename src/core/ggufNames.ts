/** What names of GGUF files say: which are whole models, and which files belong together. Reads none. */

/** The parts of one model. */
export interface GgufGroup<F> {
  /** The first file's base name without `-00001-of-00004` and its ending. */
  readonly stem: string;
  /** In order; those that are there. */
  readonly files: readonly F[];
  readonly nParts: number;
}

const SPLIT = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/i;

/** A GGUF that is whole by its name: no download that is under way, no part that only sees pictures. */
export function isGgufName(baseName: string): boolean {
  return /\.gguf$/i.test(baseName) && !/(^|[-_.])mmproj([-_.]|$)/i.test(baseName) && !/^incomplete-/i.test(baseName);
}

/** @param files by their names, folders before them allowed */
export function groupGgufs<F extends { readonly name: string }>(files: readonly F[]): GgufGroup<F>[] {
  const groups = new Map<string, { stem: string; files: F[]; nParts: number }>();
  for (const file of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const base = file.name.split(/[\\/]/).at(-1) as string;
    const split = SPLIT.exec(base);
    const stem = split?.[1] ?? base.slice(0, -'.gguf'.length);
    const nParts = split === null ? 1 : Number(split[3]);
    const key = `${file.name.slice(0, file.name.length - base.length)}${stem}/${nParts}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { stem, files: [file], nParts });
    else group.files.push(file);
  }
  return [...groups.values()];
}
