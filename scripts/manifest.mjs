// package.json as people see it in English: its `%keys%` replaced by what package.nls.json says.
import fs from 'node:fs';

/** @returns {any} */
export function englishManifest() {
  return resolved(readJson('package.json'), readJson('package.nls.json'));
}

/** @returns {string[]} keys that package.json names */
export function keysOfManifest() {
  return [...fs.readFileSync('package.json', 'utf8').matchAll(/"%([^"%]+)%"/g)].map(([, key]) => key);
}

function resolved(value, strings) {
  if (typeof value === 'string') {
    const key = /^%(.+)%$/.exec(value)?.[1];
    return key === undefined ? value : strings[key];
  }
  if (Array.isArray(value)) return value.map(item => resolved(item, strings));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolved(item, strings)]));
}

function readJson(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}
