/** Opens whatever a person pointed at: a GGUF of any name, any shard of one, or a folder with safetensors. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { say } from '../core/sentence';
import { ggufStem } from './gguf/gguf';
import { isGguf } from './gguf/ggufHeader';
import { openGgufSource, type TextFilesOf } from './gguf/ggufSource';
import { textFilesOf } from './gguf/tokenizer';
import { openSafetensorsSource } from './huggingFace/safetensorsSource';
import { unreadable, unsupported } from './refusal';
import type { SourceModel } from './sourceModel';
import { BinaryFile, notReadable } from './tensors/binaryFile';

/**
 * @param tokenizerOf for tests that are of something else
 * @throws UserError naming what was pointed at and why it cannot be imported
 */
export async function openSource(source: string, tokenizerOf: TextFilesOf = textFilesOf): Promise<SourceModel> {
  const name = path.basename(source);
  const found = await stat(source).catch(error => notReadable(name, error));
  if (found.isDirectory()) return openFolder(source, tokenizerOf);
  const file = await BinaryFile.open(source);
  const hasGguf = await isGguf(file).finally(() => file.close());
  if (hasGguf) return openGgufSource(source, tokenizerOf);
  // Any file of a folder stands for the folder.
  if (/\.safetensors(\.index\.json)?$/.test(name) || name === 'config.json')
    return openSafetensorsSource(path.dirname(source));
  if (/\.(bin|pt|pth|ckpt)$/.test(name)) {
    unsupported(
      name,
      say`its weights are pickled Python objects, which can run code when they are read. Get its safetensors`,
    );
  }
  return unreadable(name, say`it is neither a GGUF file nor a folder with safetensors`);
}

/** LM Studio and others keep a GGUF in a folder of its own. */
async function openFolder(folder: string, tokenizerOf: TextFilesOf): Promise<SourceModel> {
  const name = path.basename(folder);
  const names = await readdir(folder).catch(error => notReadable(name, error));
  const ggufs = names.filter(file => file.endsWith('.gguf') && !file.startsWith('mmproj')).sort();
  if (names.includes('config.json') || ggufs.length === 0) return openSafetensorsSource(folder);
  if (new Set(ggufs.map(ggufStem)).size > 1) {
    unreadable(name, say`it has several models. Choose one of ${ggufs.join(', ')}`);
  }
  return openGgufSource(path.join(folder, ggufs[0]), tokenizerOf);
}
