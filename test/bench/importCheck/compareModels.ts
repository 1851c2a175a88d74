/** One public model, imported in several formats, against llama.cpp on the same file: token ids, then logits. */
import path from 'node:path';
import type { Sequence, Tokenizer } from '../../../src/core/model';
import { FileHashes } from '../../../src/engine/modelFiles';
import { findProposalFiles, loadProposal, type Proposal } from '../../../src/engine/proposal';
import { type Agreement, AgreementSums } from './agreement';
import type { CodeFile } from './codeFiles';
import type { LlamaModel } from './llamaCpp';
import type { PublicModel } from './publicModels';

/** Tokens in one pass of ours, so that a text needs several and what was kept of the earlier ones is compared too. */
const PASS_TOKENS = 48;
const { signal } = new AbortController();

export interface TokenIds {
  readonly nTokens: number;
  /** Files that the two do not cut into the same tokens. */
  readonly differ: readonly string[];
}

export async function openImport(dir: string, nThreads: number): Promise<Proposal> {
  const files = await findProposalFiles({ id: path.basename(dir), dir });
  return loadProposal(files, new FileHashes(), { nThreads });
}

/** Whole files. */
export function compareTokens(
  files: readonly CodeFile[],
  tokenizer: Tokenizer,
  llama: LlamaModel,
  { normalizes }: PublicModel,
): TokenIds {
  let nTokens = 0;
  const differ: string[] = [];
  for (const { name, text } of files) {
    const ours = tokenizer.encode(text);
    const theirs = llama.tokenize(normalizes ? text.normalize('NFC') : text);
    nTokens += theirs.length;
    if (ours.length !== theirs.length || ours.some((token, i) => token !== theirs[i])) differ.push(name);
  }
  return { nTokens, differ };
}

/**
 * @param nTokens of each file, from its beginning
 * @returns one agreement for each of `proposals`
 */
export async function compareLogits(
  files: readonly CodeFile[],
  proposals: readonly Proposal[],
  llama: LlamaModel,
  nTokens: number,
  onFile: (name: string) => void,
): Promise<readonly Agreement[]> {
  const sums = proposals.map(() => new AgreementSums());
  for (const { name, text } of files) {
    onFile(name);
    const tokens = proposals[0].tokenizer.encode(text).slice(0, nTokens);
    const theirs: Float32Array[] = [];
    await llama.logits(tokens, (i, row) => {
      theirs[i] = row.slice();
    });
    for (const [which, { model }] of proposals.entries()) {
      const sequence = model.open({ rows: 'whole' });
      await eachRow(sequence, tokens, (i, row) => {
        if (i + 1 < tokens.length) sums[which].add(theirs[i], row, tokens[i + 1]);
      });
      sequence.close();
    }
  }
  return sums.map(each => each.agreement);
}

async function eachRow(
  sequence: Sequence,
  tokens: readonly number[],
  see: (index: number, logps: Float32Array) => void,
): Promise<void> {
  for (let at = 0; at < tokens.length; at += PASS_TOKENS) {
    const rows = await sequence.verify(tokens.slice(at, at + PASS_TOKENS), signal);
    for (const [i, row] of rows.entries()) {
      const logps = new Float32Array(row.vocabSize);
      for (let token = 0; token < logps.length; token++) logps[token] = row.logp(token);
      see(at + i, logps);
    }
  }
}
