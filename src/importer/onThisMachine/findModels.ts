/** All models that other programs keep on a machine, each as soon as it was looked into. Read only. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { FoundModel, FoundModels, LookedInto, MachineView, Tool } from '../../protocol/importing';
import { readHuggingFace } from './huggingFace';
import { readJan } from './jan';
import { readOllama } from './ollama';
import { type Reader, type ReadGguf, reportGgufFolder } from './parts';
import { lmStudioHomes, type Place, placesOf } from './places';
import { beginningOf, ReadOnlyFolder } from './readOnly';

/** More nobody looks through. */
const MOST_MODELS = 500;

/**
 * @param onFound hears of each model once, however many names it has
 * @returns the same again, and where there was nothing
 */
export async function findModels(
  machine: MachineView,
  readGguf: ReadGguf,
  onFound: (model: FoundModel) => void,
  signal: AbortSignal,
): Promise<FoundModels> {
  const models = new Map<string, FoundModel>();
  const lookedInto: LookedInto[] = [];
  const reader: Reader = {
    readGguf,
    signal,
    async onFound(model) {
      // By the file itself: two links to it are one model.
      const key = `${model.form} ${await realpath(model.source).catch(() => model.source)}`;
      if (models.has(key) || models.size >= MOST_MODELS) return;
      models.set(key, model);
      onFound(model);
    },
  };
  const seen = new Set<string>();
  for (const { tool, dir } of [...placesOf(machine, path), ...(await lmStudioPlaces(machine))]) {
    if (signal.aborted) break;
    const folder = await ReadOnlyFolder.open(dir);
    if (typeof folder === 'string') lookedInto.push({ tool, dir, state: folder });
    else {
      lookedInto.push({ tool, dir, state: 'read' });
      // The same folder by two names is read once.
      if (seen.has(`${tool} ${folder.real}`)) continue;
      seen.add(`${tool} ${folder.real}`);
      await readerOf(tool)(folder, reader);
    }
  }
  return { models: [...models.values()], lookedInto };
}

function readerOf(tool: Tool): (folder: ReadOnlyFolder, reader: Reader) => Promise<void> {
  switch (tool) {
    case 'ollama':
      return readOllama;
    case 'huggingface':
      return readHuggingFace;
    case 'jan':
      return readJan;
    case 'lmstudio':
    case 'llamacpp':
    case 'gpt4all':
      return (folder, reader) => reportGgufFolder(folder, tool, reader);
  }
}

/** Where the pointer leads, else where it was and is by default. */
async function lmStudioPlaces(machine: MachineView): Promise<Place[]> {
  const { pointerFile, homes } = lmStudioHomes(machine, path);
  const pointed = (await beginningOf(pointerFile, 4096))?.toString('utf8').trim();
  const used = pointed !== undefined && path.isAbsolute(pointed) ? [pointed] : homes;
  return used.map(home => ({ tool: 'lmstudio', dir: path.join(home, 'models') }));
}
