/** The extension with a program of a test's own in the importer's place, which says and writes what the test wants. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { FoundModels, ImportPlan, MachineSpeed } from '../../../src/protocol/importing';
import { fakeEngine } from '../../engine/support/fakeEngine';

export interface FakeImporter {
  readonly found: FoundModels;
  /** By the source's path; a source without one is refused. */
  readonly plans: Readonly<Record<string, ImportPlan>>;
  readonly speeds: readonly MachineSpeed[];
  /** Folder of a proposal that an import comes to. */
  readonly writes: string;
}

/**
 * @param dir an empty folder that the caller removes
 * @returns the extension's folder; while `dir/wait` is there, an import stays in the middle
 */
export function extensionWithImporter(dir: string, { found, plans, speeds, writes }: FakeImporter): string {
  const folder = path.join(dir, 'extension');
  fs.mkdirSync(path.join(folder, 'dist'), { recursive: true });
  for (const name of fs.readdirSync('.').filter(file => /^(package(\.nls.*)?\.json|LICENSE|README\.md)$/.test(file)))
    fs.copyFileSync(name, path.join(folder, name));
  for (const name of ['media', 'l10n']) fs.cpSync(name, path.join(folder, name), { recursive: true });
  for (const name of ['extension.js', 'engine.js', 'trainer.js'])
    fs.copyFileSync(path.join('dist', name), path.join(folder, 'dist', name));
  fs.symlinkSync(fs.realpathSync('node_modules'), path.join(folder, 'node_modules'), 'dir');
  const program = fakeEngine(
    dir,
    `const wait = ${JSON.stringify(path.join(dir, 'wait'))};
    if (method === 'find') {
      const found = ${JSON.stringify(found)};
      for (const model of found.models) progress(model);
      answer(found);
    } else if (method === 'measure') answer(${JSON.stringify(speeds)});
    else if (method === 'plan') {
      const plan = ${JSON.stringify(plans)}[params.source];
      const message = '"' + params.source + '" cannot be imported: it ends early. Get the file again.';
      if (plan) answer(plan);
      else send({ kind: 'error', id, error: { code: 'damaged-model', message } });
    } else if (method === 'import') {
      progress({ phase: 'quantising', done: 1, total: 4 });
      const write = () => {
        if (fs.existsSync(wait)) return setTimeout(write, 50);
        fs.cpSync(${JSON.stringify(path.resolve(writes))}, params.spec.out, { recursive: true });
        answer(null);
      };
      write();
    }`,
  );
  fs.copyFileSync(program, path.join(folder, 'dist/importer.js'));
  return folder;
}

/** A new folder for it. */
export const importerFolder = (): string => fs.mkdtempSync(path.join(os.tmpdir(), 'importer-'));
