/**
 * Tries a folder that may become a proposal: loads it, evaluates a few lines of code and some steps behind them, and
 * reports what it found. What does not fit together is a UserError here, before anybody works with it.
 */
import path from 'node:path';
import { throwIfAborted, UserError } from '../core/errors';
import { graphsOf } from '../core/graphFiles';
import type { Row } from '../core/row';
import { say } from '../core/sentence';
import type { InspectResult } from '../protocol/inspection';
import { readExternalTensors } from './externalTensors';
import { type FileHashes, fileSizeBytes, fileStamp, named, readModelFile } from './modelFiles';
import { loadProposal, type Proposal, type ProposalFiles } from './proposal';
import type { Execution } from './session';

const CODE = `export function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
`;

const N_STEPS = 8;

/** A graph beyond this size holds its weights itself, and is not worth reading twice. */
const LARGEST_READ_BYTES = 64 * 1024 * 1024;

/** @throws UserError naming the file, the reason and the next step; AbortError between steps. */
export async function inspectProposal(
  files: ProposalFiles,
  hashes: FileHashes,
  execution: Execution,
  signal: AbortSignal,
): Promise<InspectResult> {
  return named(files.folder, async () => {
    await checkExternalFiles(files);
    throwIfAborted(signal);
    const rssBytes = process.memoryUsage.rss();
    const startMs = performance.now();
    const proposal = await loadProposal(files, hashes, execution);
    try {
      const loadMs = performance.now() - startMs;
      const msPerToken = await timeSteps(proposal, signal);
      const { manifest, tokenizer, model, architecture } = proposal;
      return {
        architecture,
        graphFile: files.graphFile,
        graphForm: manifest.graphForm,
        dtype: graphsOf([files.graphFile])[0]?.dtype ?? manifest.dtype,
        tokenizerSha256: tokenizer.id,
        vocabSize: model.vocabSize,
        contextLength: model.contextLength,
        fim: manifest.fim,
        weightsBytes: files.sizeBytes,
        memoryBytes: Math.max(model.sizeBytes, process.memoryUsage.rss() - rssBytes),
        cacheBytesPerToken: model.cacheBytesPerToken,
        loadMs,
        msPerToken,
      };
    } finally {
      await proposal.model.close();
    }
  });
}

/** Before the runtime meets them: it names a missing file in a way that nobody can act on. */
async function checkExternalFiles({ folder, graphFile }: ProposalFiles): Promise<void> {
  if ((await fileSizeBytes(path.join(folder.dir, graphFile))) > LARGEST_READ_BYTES) return;
  const graph = await readModelFile(folder, graphFile);
  const locations = new Set(readExternalTensors(graph).map(({ location }) => location));
  for (const location of locations) {
    const name = path.posix.join('onnx', location);
    // A backslash is a separator on some systems, and a letter of a name on others.
    if (path.isAbsolute(location) || location.includes('\\') || !name.startsWith('onnx/')) {
      throw new UserError(
        'graph-unknown',
        say`${graphFile} looks for its weights outside the folder, in ${location}. Get the model again.`,
      );
    }
    if ((await fileStamp(path.join(folder.dir, name))) === undefined) {
      throw new UserError(
        'model-file-missing',
        say`${graphFile} has its weights in ${name}, which is missing in ${folder.dir}. Put it there, or choose another graph.`,
      );
    }
  }
}

/** @returns median milliseconds of a step */
async function timeSteps({ tokenizer, model }: Proposal, signal: AbortSignal): Promise<number> {
  // A vocabulary may be padded in the graph, never in the tokenizer.
  if (tokenizer.vocabSize > model.vocabSize) {
    throw new UserError(
      'tokenizer-mismatch',
      say`tokenizer.json knows ${tokenizer.vocabSize} tokens and the graph ${model.vocabSize}: they are not of the same model. Get the model again.`,
    );
  }
  const { bos } = tokenizer.special;
  const prompt = [...(bos === undefined ? [] : [bos]), ...tokenizer.encode(CODE)];
  const sequence = model.open();
  await sequence.seek(prompt.slice(0, Math.max(1, model.contextLength - N_STEPS)), signal);
  const times: number[] = [];
  for (let step = 0; step < N_STEPS; step++) {
    const startMs = performance.now();
    await sequence.push(likeliest(sequence.logps()), signal);
    times.push(performance.now() - startMs);
  }
  likeliest(sequence.logps());
  return times.sort((a, b) => a - b)[N_STEPS >> 1];
}

/** @throws UserError when the row is no distribution */
function likeliest(row: Row): number {
  let best = row.ids[0];
  for (let i = 0; i < row.n; i++) {
    const token = row.ids[i];
    if (Number.isNaN(row.logp(token))) {
      throw new UserError(
        'model-broken',
        say`The model answers with something that is no probability. Its weights are damaged, or overflow in this form: choose another graph of the model, such as an 8-bit one.`,
      );
    }
    if (row.logp(token) > row.logp(best)) best = token;
  }
  return best;
}
