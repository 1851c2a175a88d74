/** Names that a JSON text has twice in one object: JSON.parse keeps the last, other readers the first. */

/** @param parsed what JSON.parse made of `json` */
export function hasNameTwice(json: string, parsed: unknown): boolean {
  return nNamesIn(json) !== nNamesOf(parsed);
}

/** Names of all objects in a JSON text: strings that a colon follows. */
function nNamesIn(json: string): number {
  return json.match(/"(?:[^"\\]|\\.)*"(?=\s*:)/g)?.length ?? 0;
}

/** The same of what was read from it, where a name stands once. Level by level: a text may be as deep as it is long. */
function nNamesOf(json: unknown): number {
  let n = 0;
  for (let level = [json]; level.length > 0; ) {
    const objects = level.filter((value): value is object => typeof value === 'object' && value !== null);
    for (const object of objects) if (!Array.isArray(object)) n += Object.keys(object).length;
    level = objects.flatMap(object => Object.values(object));
  }
  return n;
}
