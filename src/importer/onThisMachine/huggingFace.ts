/**
 * The cache of Hugging Face's libraries, in which other programs keep what they fetched, too: a repository's newest state,
 * with GGUF files, safetensors or ONNX graphs in it. Source: huggingface_hub, "Understand caching".
 */
import path from 'node:path';
import { UserError } from '../../core/errors';
import { groupGgufs, isGgufName } from '../../core/ggufNames';
import { graphsOf, weightFilesOf } from '../../core/graphFiles';
import type { Sentence } from '../../core/sentence';
import type { FoundModel } from '../../protocol/importing';
import { HfConfig } from '../huggingFace/hfConfig';
import { hfShape } from '../huggingFace/hfShape';
import { unsupported } from '../refusal';
import { missingParts, pickled, quantisedAlready } from './judgement';
import { licenceOfCard } from './licences';
import { type Reader, reportGguf, textOf } from './parts';
import { type FoundFile, isUnchanged, type ReadOnlyFolder } from './readOnly';

const REPOSITORY = /^models--(?:(.+?)--)?(.+)$/;
const COMMIT = /^[0-9a-f]{40}$/;
const MOST_CONFIG_BYTES = 1024 * 1024;
const MOST_INDEX_BYTES = 16 * 1024 * 1024;
const MOST_CARD_BYTES = 64 * 1024;
/** `snapshots/<commit>/UD-Q4_K_XL/name.gguf` */
const DEPTH = 2;

export async function readHuggingFace(folder: ReadOnlyFolder, reader: Reader): Promise<void> {
  for (const name of await folder.names()) {
    const [, owner, model] = REPOSITORY.exec(name) ?? [];
    if (reader.signal.aborted) return;
    if (model === undefined) continue;
    const snapshot = await newestOf(folder, name);
    if (snapshot === undefined) continue;
    await readSnapshot(folder, snapshot, owner === undefined ? model : `${owner}/${model}`, reader);
  }
}

/** A folder with safetensors that a person chose is judged as one in the cache. */
export async function readSnapshot(
  folder: ReadOnlyFolder,
  dir: string,
  repository: string,
  reader: Reader,
): Promise<void> {
  const card = await folder.text(path.join(dir, 'README.md'), MOST_CARD_BYTES);
  const known = { tool: 'huggingface' as const, ...textOf('licence', card && licenceOfCard(card)) };
  for (const gguf of groupGgufs(await folder.files(isGgufName, dir, DEPTH))) {
    if (reader.signal.aborted) return;
    const sha256 = gguf.nParts === 1 ? sha256Of(gguf.files[0]) : undefined;
    const name = `${repository}/${gguf.stem}`;
    await reportGguf(gguf, { ...known, name, ...(sha256 && { sha256 }) }, reader);
  }
  const config = (await folder.json(path.join(dir, 'config.json'), MOST_CONFIG_BYTES)) as
    | Readonly<Record<string, unknown>>
    | undefined;
  if (config === undefined) return;
  const inHere = { folder, dir, config, known: { ...known, name: repository } };
  for (const model of [await safetensorsIn(inHere), await graphsIn(inHere)]) if (model) await reader.onFound(model);
}

interface Here {
  readonly folder: ReadOnlyFolder;
  readonly dir: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly known: Pick<FoundModel, 'tool' | 'name'> & Partial<FoundModel>;
}

async function safetensorsIn({ folder, dir, config, known }: Here): Promise<FoundModel | undefined> {
  const index = await folder.json(path.join(dir, 'model.safetensors.index.json'), MOST_INDEX_BYTES);
  const wanted = index === undefined ? ['model.safetensors'] : shardsOf(index);
  const found = await Promise.all(wanted.map(name => folder.file(path.join(dir, name))));
  const files = found.filter(file => file !== undefined);
  const base = {
    ...known,
    form: 'safetensors' as const,
    source: path.join(folder.dir, dir),
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
  if (files.length === 0) {
    const bin = (await folder.names(dir)).find(name => /^pytorch_model.*\.bin$/.test(name));
    return bin === undefined ? undefined : { ...base, obstacle: pickled(bin) };
  }
  const hasTokenizer = (await folder.file(path.join(dir, 'tokenizer.json'))) !== undefined;
  const nWanted = wanted.length + 1;
  const nMissing = nWanted - files.length - (hasTokenizer ? 1 : 0);
  const obstacle = nMissing > 0 ? missingParts(nMissing, nWanted) : obstacleOf(known.name, config);
  if (!(await Promise.all(files.map(isUnchanged))).every(Boolean)) return undefined;
  const type = config.torch_dtype ?? config.dtype;
  return {
    ...base,
    ...textOf('architecture', kindOf(config)),
    ...textOf('quantisation', typeof type === 'string' ? type : undefined),
    ...(obstacle && { obstacle }),
  };
}

/** A folder of graphs is used as it is: whether one works, the engine finds out by trying it. */
async function graphsIn({ folder, dir, config, known }: Here): Promise<FoundModel | undefined> {
  const below = (await folder.names(path.join(dir, 'onnx'))).map(name => `onnx/${name}`);
  const [graph] = graphsOf(below);
  if (graph === undefined) return undefined;
  const names = ['config.json', 'tokenizer.json', graph.name, ...weightFilesOf(graph.name, below)];
  const found = await Promise.all(names.map(name => folder.file(path.join(dir, ...name.split('/')))));
  const files = found.filter(file => file !== undefined);
  const nMissing = names.length - files.length;
  return {
    ...known,
    form: 'onnx',
    source: path.join(folder.dir, dir),
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...textOf('architecture', kindOf(config)),
    ...textOf('quantisation', graph.dtype),
    ...(nMissing > 0 && { obstacle: missingParts(nMissing, names.length) }),
  };
}

/** What `main` names, else any other state that is there. */
async function newestOf(folder: ReadOnlyFolder, repository: string): Promise<string | undefined> {
  const snapshots = path.join(repository, 'snapshots');
  const main = (await folder.text(path.join(repository, 'refs', 'main'), 100))?.trim();
  const commits = (await folder.names(snapshots)).filter(name => COMMIT.test(name));
  const commit = commits.find(each => each === main) ?? commits.at(-1);
  return commit && path.join(snapshots, commit);
}

/** Names that are in the folder itself, whatever the index says. */
function shardsOf(index: unknown): string[] {
  const { weight_map } = (index ?? {}) as { readonly weight_map?: unknown };
  const names = Object.values(typeof weight_map === 'object' && weight_map !== null ? weight_map : {});
  return [...new Set(names)].filter(
    (name): name is string => typeof name === 'string' && /^\w[\w.-]*\.safetensors$/.test(name),
  );
}

/** Large files lie under the digest of what is in them; small ones under git's, which is shorter. */
function sha256Of({ real }: FoundFile): string | undefined {
  return /^[0-9a-f]{64}$/.exec(path.basename(real))?.[0];
}

function kindOf({ model_type }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof model_type === 'string' ? model_type : undefined;
}

/** As importing it would say it. */
function obstacleOf(name: string, config: Readonly<Record<string, unknown>>): Sentence | undefined {
  try {
    const read = new HfConfig(name, config);
    if (read.has('quantization_config'))
      unsupported(name, quantisedAlready(read.within('quantization_config').string('quant_method') ?? '?'));
    hfShape(name, read);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.sentence;
    throw error;
  }
}
