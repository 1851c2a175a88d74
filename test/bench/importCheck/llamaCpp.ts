/**
 * llama.cpp as the other implementation: the same GGUF, its own reader, its own operators. It is installed into the cache
 * when it is needed and is no dependency. Of node-llama-cpp only what is declared here is used.
 */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { npm } from '../../../scripts/npm.mjs';

const VERSION = '3.22.1';

interface Library {
  getLlama(options: { build: 'never'; gpu: false; logLevel: 'error' }): Promise<{
    loadModel(options: { modelPath: string }): Promise<Model>;
    dispose(): Promise<void>;
  }>;
}

interface Model {
  tokenize(text: string, specialTokens: false): readonly number[];
  createContext(options: {
    contextSize: number;
    batchSize: number;
    threads: number;
    flashAttention: false;
    experimentalKvCacheKeyType: 'F32';
    experimentalKvCacheValueType: 'F32';
  }): Promise<{ getSequence(): LlamaSequence }>;
}

interface Evaluated {
  readonly next: { logits?: Map<number, number> };
}

interface LlamaSequence {
  clearHistory(): Promise<void>;
  controlledEvaluate(
    input: readonly (readonly [token: number, options: { readonly generateNext: { readonly logits: true } }])[],
    options: { readonly onTokenResult: (index: number, result: Evaluated) => void },
  ): Promise<unknown>;
  evaluate(tokens: readonly number[], options: { readonly temperature: 0 }): AsyncGenerator<number>;
}

export interface LlamaModel {
  /** Text that spells a special token is ordinary text. */
  tokenize(text: string): readonly number[];
  /** @param onRow hears of the logits after each token; the row is valid until the next call */
  logits(tokens: readonly number[], onRow: (index: number, row: Float32Array) => void): Promise<void>;
  /** The likeliest token, again and again, until one of `stopTokens`, which is not among what is returned. */
  greedy(tokens: readonly number[], maxTokens: number, stopTokens: ReadonlySet<number>): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** Holds `nTokens` positions. */
export async function openLlama(modelFile: string, nTokens: number, cache: string): Promise<LlamaModel> {
  const entry = await installed(path.join(cache, 'llama.cpp'));
  const { getLlama } = (await import(pathToFileURL(entry).href)) as Library;
  const llama = await getLlama({ build: 'never', gpu: false, logLevel: 'error' });
  const model = await llama.loadModel({ modelPath: modelFile });
  const context = await model.createContext({
    contextSize: nTokens + 8,
    batchSize: nTokens + 8,
    // Its threads wait for each other after every operator, spinning: on a busy machine two are slower than one.
    threads: 1,
    // Its caches are half floats by default. What is compared is the model, not those.
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
  });
  const sequence = context.getSequence();
  let row = new Float32Array(0);
  return {
    tokenize: text => [...model.tokenize(text, false)],
    async logits(tokens, onRow) {
      await sequence.clearHistory();
      await sequence.controlledEvaluate(
        tokens.map(token => [token, { generateNext: { logits: true } }] as const),
        {
          onTokenResult(index, { next }) {
            if (next.logits === undefined) throw new Error(`llama.cpp gave no logits after token ${index}.`);
            if (row.length !== next.logits.size) row = new Float32Array(next.logits.size);
            for (const [token, logit] of next.logits) row[token] = logit;
            // All results are kept until the end, and one is a map of the whole vocabulary.
            delete next.logits;
            onRow(index, row);
          },
        },
      );
    },
    async greedy(tokens, maxTokens, stopTokens) {
      await sequence.clearHistory();
      const answered: number[] = [];
      for await (const token of sequence.evaluate(tokens, { temperature: 0 })) {
        if (stopTokens.has(token)) break;
        answered.push(token);
        if (answered.length === maxTokens) break;
      }
      return answered;
    },
    close: () => llama.dispose(),
  };
}

/** @returns the module to import */
async function installed(folder: string): Promise<string> {
  const entry = path.join(folder, 'node_modules/node-llama-cpp/dist/index.js');
  if ((await stat(entry).catch(() => undefined)) !== undefined) return entry;
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{ "private": true }\n');
  console.error(`Installing node-llama-cpp ${VERSION} into ${folder}…`);
  // Its scripts would compile llama.cpp; the packages it names for each system bring it compiled.
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await npm(['install', '--save-exact', ...quiet, `node-llama-cpp@${VERSION}`], { cwd: folder });
  return entry;
}
