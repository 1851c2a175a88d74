/** The code on which models are compared: files of this repository, in several languages and with what is not ASCII. */
import { readFile } from 'node:fs/promises';

const FILES = [
  'src/core/decoder.ts',
  'src/importer/tensors/dequantiseK.ts',
  'src/webview/chat/composer.css',
  'src/webview/base.css',
  'models/train/model.py',
  'models/train/filters.py',
  'package.json',
  'package.nls.de.json',
  'scripts/setup.mjs',
  'test/unit/policy.test.ts',
];

export interface CodeFile {
  readonly name: string;
  readonly text: string;
}

export async function codeFiles(): Promise<readonly CodeFile[]> {
  return Promise.all(FILES.map(async name => ({ name, text: await readFile(name, 'utf8') })));
}
