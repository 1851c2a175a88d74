/** A Hugging Face folder with safetensors, one or sharded, as a source model. Symbolic links of its cache are followed. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { say } from '../../core/sentence';
import { checkTensors, HEAD } from '../decoder/decoderTensors';
import { sourceOf } from '../decoder/storedModel';
import { damaged, unreadable, unsupported } from '../refusal';
import type { DecoderShape, SourceModel } from '../sourceModel';
import { BinaryFile, notReadable } from '../tensors/binaryFile';
import { STORAGE_TYPES } from '../tensors/storageTypes';
import { rowBytes, type StoredTensor } from '../tensors/storedTensor';
import { HfConfig } from './hfConfig';
import { hfShape } from './hfShape';
import { hfTextFiles, licenceInCard, mustText, objectIn, textOf, tokensIn } from './hfText';
import { readSafetensorsHeader, type SafeTensor } from './safetensorsHeader';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const MAX_SHARDS = 1000;

/** @throws UserError naming the folder or file and why it cannot be imported */
export async function openSafetensorsSource(folder: string): Promise<SourceModel> {
  const name = path.basename(folder);
  const configText = await mustText(folder, 'config.json', say`it has no config.json, and is no GGUF file`);
  const config = objectIn('config.json', configText);
  const quantisation = (config.quantization_config ?? undefined) as { readonly quant_method?: unknown } | undefined;
  if (quantisation) {
    const method = String(quantisation.quant_method);
    unsupported(
      name,
      say`its weights are quantised in a way of their own ("${method}"). Get the model they were made from, or a GGUF`,
    );
  }
  const { shape, isTied } = hfShape(name, new HfConfig('config.json', config));
  const text = await hfTextFiles(folder, config);
  const card = (await textOf(folder, 'README.md')) ?? '';
  const files: BinaryFile[] = [];
  try {
    const stored = await tensorsOf(folder, name, files);
    const tensors = named(name, stored, shape);
    // Transformers ties them whatever the file has; without it the head would be missed.
    if (isTied) tensors.delete(HEAD);
    else if (!tensors.has(HEAD)) damaged(name, say`the tensor "${HEAD}" is missing`);
    checkTensors(name, shape, tensors);
    return await sourceOf({
      name,
      title: titleOf(folder),
      licence: licenceInCard(card),
      shape,
      tensors,
      files,
      text,
      nTokens: tokensIn(text['tokenizer.json']),
    });
  } catch (error) {
    for (const file of files) await file.close();
    throw error;
  }
}

/** @param files those opened, for whoever closes them */
async function tensorsOf(
  folder: string,
  name: string,
  files: BinaryFile[],
): Promise<ReadonlyMap<string, StoredTensor>> {
  const names = await readdir(folder).catch(error => notReadable(name, error));
  const placed = names.includes(INDEX) ? await placesOf(folder) : undefined;
  if (!placed && !names.includes(SINGLE)) {
    if (names.some(file => /\.(bin|pt|pth|ckpt)$/.test(file))) {
      unsupported(
        name,
        say`its weights are pickled Python objects, which can run code when they are read. Get its safetensors`,
      );
    }
    unreadable(name, say`it has no ${SINGLE}`);
  }
  const tensors = new Map<string, StoredTensor>();
  for (const fileName of placed ? [...new Set(placed.values())].sort() : [SINGLE]) {
    const file = await BinaryFile.open(path.join(folder, fileName));
    files.push(file);
    for (const [tensorName, tensor] of await readSafetensorsHeader(file)) {
      if (placed && placed.get(tensorName) !== fileName) {
        damaged(fileName, say`${INDEX} does not have its tensor "${tensorName}"`);
      }
      tensors.set(tensorName, stored(file, tensorName, tensor));
    }
  }
  for (const [tensorName, fileName] of placed ?? []) {
    if (!tensors.has(tensorName)) damaged(fileName, say`the tensor "${tensorName}" is missing`);
  }
  return tensors;
}

/** Which file has which tensor. */
async function placesOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const index = objectIn(INDEX, (await textOf(folder, INDEX)) ?? '');
  const map = index.weight_map;
  if (typeof map !== 'object' || map === null) return damaged(INDEX, say`it does not say where the tensors are`);
  const places = new Map<string, string>();
  for (const [tensor, file] of Object.entries(map)) {
    // Nothing outside the folder is read, whatever a file says.
    if (typeof file !== 'string' || !/^[\w.-]+\.safetensors$/.test(file)) {
      damaged(INDEX, say`"${String(file)}" is no file name for a tensor`);
    }
    places.set(tensor, file);
  }
  if (new Set(places.values()).size > MAX_SHARDS) damaged(INDEX, say`it names more than ${MAX_SHARDS} files`);
  return places;
}

function stored(file: BinaryFile, name: string, { dtype, shape, offset }: SafeTensor): StoredTensor {
  const type = STORAGE_TYPES.get(dtype);
  if (!type) return unsupported(file.name, say`the tensor "${name}" is stored as ${dtype}, which is not known`);
  return { nameInFile: name, file, offset, shape, type };
}

/** By the names of plain decoders: Granite 4 has gate and up rows in one tensor. Buffers of old checkpoints are left out. */
function named(
  name: string,
  all: ReadonlyMap<string, StoredTensor>,
  { hiddenWidth }: DecoderShape,
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  for (const [tensorName, tensor] of all) {
    if (tensorName.endsWith('.rotary_emb.inv_freq')) continue;
    const [, layer, part] = /^(model\.layers\.\d+)\.shared_mlp\.(input|output)_linear\.weight$/.exec(tensorName) ?? [];
    if (layer === undefined) tensors.set(tensorName, tensor);
    else if (part === 'output') tensors.set(`${layer}.mlp.down_proj.weight`, tensor);
    else {
      if (tensor.shape[0] !== 2 * hiddenWidth) {
        damaged(name, say`the tensor "${tensorName}" has ${tensor.shape[0]} rows instead of ${2 * hiddenWidth}`);
      }
      const shape = [hiddenWidth, ...tensor.shape.slice(1)];
      const offset = tensor.offset + hiddenWidth * rowBytes(tensor);
      tensors.set(`${layer}.mlp.gate_proj.weight`, { ...tensor, shape });
      tensors.set(`${layer}.mlp.up_proj.weight`, { ...tensor, shape, offset });
    }
  }
  return tensors;
}

/** The folder's name, or in Hugging Face's cache (`models--org--name/snapshots/…`) the model's. */
function titleOf(folder: string): string {
  const [, cached] = /models--[^/\\]*?--([^/\\]+)[/\\]snapshots[/\\][^/\\]+$/.exec(path.resolve(folder)) ?? [];
  return cached ?? path.basename(path.resolve(folder));
}
