/** Ollama's folder: manifests by name, and weights by digest. Source: ollama/ollama manifest/, docs. */
import path from 'node:path';
import type { FoundModel } from '../../protocol/importing';
import { isAdapter, noFile, seesPictures } from './judgement';
import { licenceOfText } from './licences';
import { type Reader, reportGguf, textOf } from './parts';
import type { ReadOnlyFolder } from './readOnly';

const LAYER = 'application/vnd.ollama.image.';
const MOST_MANIFEST_BYTES = 1024 * 1024;
const MOST_LICENCE_BYTES = 64 * 1024;
/** `manifests/host/namespace/model/tag` */
const DEPTH = 4;

interface Layer {
  readonly mediaType: string;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

export async function readOllama(folder: ReadOnlyFolder, reader: Reader): Promise<void> {
  for (const manifest of await folder.files(() => true, 'manifests', DEPTH)) {
    if (reader.signal.aborted) return;
    const parts = manifest.name.split(path.sep).slice(1);
    const layers = layersOf(await folder.json(manifest.name, MOST_MANIFEST_BYTES));
    if (parts.length === DEPTH && layers !== undefined) await readModel(folder, nameOf(parts), layers, reader);
  }
}

async function readModel(
  folder: ReadOnlyFolder,
  name: string,
  layers: readonly Layer[],
  reader: Reader,
): Promise<void> {
  const has = (kind: string) => layers.find(({ mediaType }) => mediaType === LAYER + kind);
  const weights = layers.filter(({ mediaType }) => mediaType === `${LAYER}model`);
  const licence = has('license');
  const text = licence && (await folder.text(blobOf(licence.sha256), MOST_LICENCE_BYTES));
  const known: Pick<FoundModel, 'tool' | 'name'> & Partial<FoundModel> = {
    tool: 'ollama',
    name,
    ...textOf('licence', text && licenceOfText(text)),
  };
  const files = await Promise.all(weights.map(({ sha256 }) => folder.file(blobOf(sha256))));
  const [file] = files;
  // It was not fetched whole, or is one of a remote machine: there is nothing to read.
  if (file === undefined && !has('tensor')) return;
  if (file === undefined || files.length > 1) {
    const source = file?.path ?? folder.dir;
    await reader.onFound({ ...known, form: 'gguf', source, sizeBytes: file?.sizeBytes ?? 0, obstacle: noFile() });
    return;
  }
  const obstacle = has('projector') ? seesPictures() : has('adapter') ? isAdapter() : undefined;
  const gguf = { stem: name, files: [file], nParts: 1 };
  await reportGguf(gguf, { ...known, sha256: weights[0].sha256, ...(obstacle && { obstacle }) }, reader);
}

/** @returns undefined for what is no manifest */
function layersOf(json: unknown): Layer[] | undefined {
  const { schemaVersion, layers } = (json ?? {}) as Readonly<Record<string, unknown>>;
  if (schemaVersion !== 2 || !Array.isArray(layers)) return undefined;
  return layers.flatMap((layer): Layer[] => {
    const { mediaType, digest } = (layer ?? {}) as Readonly<Record<string, unknown>>;
    // Part of a path: nothing but digits may get there.
    const sha256 = typeof digest === 'string' ? /^sha256[:-]([0-9a-f]{64})$/.exec(digest)?.[1] : undefined;
    return typeof mediaType === 'string' && sha256 !== undefined ? [{ mediaType, sha256 }] : [];
  });
}

function blobOf(sha256: string): string {
  return path.join('blobs', `sha256-${sha256}`);
}

/** As `ollama list` has it: what goes without saying is left out. */
function nameOf([host, namespace, model, tag]: readonly string[]): string {
  const isUsualHost = host === 'registry.ollama.ai';
  const owner = isUsualHost && namespace === 'library' ? [] : isUsualHost ? [namespace] : [host, namespace];
  return `${[...owner, model].join('/')}:${tag}`;
}
