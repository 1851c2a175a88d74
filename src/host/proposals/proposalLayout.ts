/**
 * Which files of a Hugging Face folder make a proposal, told from their names alone, so that a folder on this machine and
 * one on a hub are judged alike, before anything large is read or fetched.
 */
import { UserError } from '../../core/errors';
import { graphsOf, weightFilesOf } from '../../core/graphFiles';
import { type Sentence, say } from '../../core/sentence';

export interface ListedFile {
  /** Relative to the folder, with `/`. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** One graph with its weights: the same model in one form. */
export interface Variant<F extends ListedFile = ListedFile> {
  /** `q4`, `quantized`, `fp32`. */
  readonly dtype: string;
  readonly graphFile: string;
  /** The graph first. */
  readonly files: readonly F[];
  readonly sizeBytes: number;
}

export interface Layout<F extends ListedFile = ListedFile> {
  /** What every variant needs or may bring: configuration, tokenizer, licence. */
  readonly common: readonly F[];
  /** At least one; the one to prefer on a CPU first. */
  readonly variants: readonly Variant<F>[];
}

const REQUIRED = ['config.json', 'tokenizer.json'];

const OPTIONAL = [
  'residual.json',
  'tokenizer_config.json',
  'generation_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'chat_template.json',
  'LICENSE',
  'LICENSE.txt',
  'LICENSE.md',
  'NOTICE',
];

/** Of the names that are chosen by a pattern, only these are taken: no other folder, no odd character. */
const PLAIN_NAME = /^onnx\/\w[\w.-]{0,150}$/;

/**
 * @param where the folder or address, for messages
 * @throws UserError that says what is missing and what to do
 */
export function layoutOf<F extends ListedFile>(files: readonly F[], where: string): Layout<F> {
  const byName = new Map(files.map(file => [file.name, file]));
  const names = [...byName.keys()];
  const graphs = graphsOf(names);
  if (graphs.length === 0) throw notAProposal(where, withoutGraph(names));
  for (const name of REQUIRED) if (!byName.has(name)) throw notAProposal(where, say`${name} is missing`);
  const variants = graphs.map((graph): Variant<F> => {
    const found = [graph.name, ...weightFilesOf(graph.name, names)];
    for (const name of found) {
      if (PLAIN_NAME.test(name)) continue;
      throw new UserError(
        'unsafe-name',
        say`${where} has a file with the name ${JSON.stringify(name)}, which no model needs. Nothing of it is taken.`,
      );
    }
    const parts = found.map(name => byName.get(name) as F);
    return { dtype: graph.dtype, graphFile: graph.name, files: parts, sizeBytes: sizeOf(parts) };
  });
  const common = [...REQUIRED, ...OPTIONAL].flatMap(name => byName.get(name) ?? []);
  return { common, variants };
}

export function sizeOf(files: readonly ListedFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function withoutGraph(names: readonly string[]): Sentence {
  const has = (pattern: RegExp) => names.find(name => pattern.test(name));
  const older = has(/^onnx\/decoder_(model|with_past)[\w.-]*\.onnx$/);
  if (older !== undefined) {
    return say`${older} is of an older kind of export. Take one with onnx/model.onnx, or export it anew with optimum (text-generation-with-past)`;
  }
  const atTop = has(/^[^/]+\.onnx$/);
  if (atTop !== undefined)
    return say`${atTop} is not in a folder named onnx. Put it there, with its weights, as onnx/model.onnx`;
  const other = has(/\.(safetensors|gguf|bin|pt)$/i);
  if (other !== undefined) {
    return say`it has ${other}, and neither a whole model in safetensors nor an ONNX graph. Look for the model with safetensors, as GGUF or as ONNX`;
  }
  return say`onnx/model*.onnx is missing`;
}

function notAProposal(where: string, why: Sentence): UserError {
  return new UserError(
    'not-a-proposal',
    say`${where} cannot be a proposal: ${why}. A proposal is a folder with config.json, tokenizer.json and onnx/model*.onnx.`,
  );
}
