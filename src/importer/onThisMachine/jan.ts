/** Jan's data folder: a model.yml beside each model names its file. Source: Jan's docs, "Data Folder". */
import path from 'node:path';
import { groupGgufs, isGgufName } from '../../core/ggufNames';
import { type Reader, reportGguf } from './parts';
import type { FoundFile, ReadOnlyFolder } from './readOnly';

const MODELS = path.join('llamacpp', 'models');
const MOST_BYTES = 64 * 1024;

export async function readJan(folder: ReadOnlyFolder, reader: Reader): Promise<void> {
  for (const description of await folder.files(name => name === 'model.yml', MODELS)) {
    if (reader.signal.aborted) return;
    const text = (await folder.text(description.name, MOST_BYTES)) ?? '';
    const dir = path.dirname(description.name);
    const file = await weightsOf(folder, dir, field(text, 'model_path'));
    if (file === undefined) continue;
    const name = field(text, 'name') ?? path.relative(MODELS, dir).split(path.sep).join('/');
    const beside = await folder.files(isGgufName, path.dirname(file.name), 0);
    const gguf = groupGgufs(beside).find(({ files }) => files.some(({ real }) => real === file.real));
    await reportGguf(gguf ?? { stem: name, files: [file], nParts: 1 }, { tool: 'jan', name }, reader);
  }
}

/** Relative to the data folder, or absolute and inside it; else what lies beside the description. */
async function weightsOf(
  folder: ReadOnlyFolder,
  dir: string,
  modelPath: string | undefined,
): Promise<FoundFile | undefined> {
  const names = modelPath === undefined ? [] : [modelPath, path.relative(folder.dir, modelPath)];
  for (const name of names) {
    const file = path.isAbsolute(name) ? undefined : await folder.file(name.split(/[\\/]/).join(path.sep));
    if (file !== undefined) return file;
  }
  return modelPath === undefined ? folder.file(path.join(dir, 'model.gguf')) : undefined;
}

/** A scalar of the top level. */
function field(yaml: string, name: string): string | undefined {
  const value = new RegExp(`^${name}:[ \\t]*(?:"([^"\\r\\n]*)"|'([^'\\r\\n]*)'|([^#\\r\\n]+))`, 'm').exec(yaml);
  const text = (value?.[1] ?? value?.[2] ?? value?.[3])?.trim();
  return text === '' ? undefined : text;
}
