/** The held-out packages that an instant module is fitted and measured with: files of a workspace, and cursors in others. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface Cursor {
  readonly path: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly truth: string;
  readonly language: string;
  readonly domain: readonly string[];
}

export interface Package {
  readonly name: string;
  /** `calibrate` or `measure`: what is chosen on the ones is reported on the others. */
  readonly role: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly cursors: readonly Cursor[];
}

/** Of test/fixtures/eval/instant.json.gz, seen from the repository's root. */
export function packagesOf(role: string): Package[] {
  const fixture = gunzipSync(readFileSync('test/fixtures/eval/instant.json.gz')).toString();
  return (JSON.parse(fixture) as { packages: Package[] }).packages.filter(one => one.role === role);
}
