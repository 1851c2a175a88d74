/**
 * How often the next 1, 2, 4 and 8 tokens that the instant module would draft are right, on the "measure" packages of
 * test/fixtures/eval/instant.json.gz: each a workspace of 80 % of its files, with holes in the others at the frozen cursors.
 * `node scripts/draftAcceptance.mjs [--limit CURSORS] [--proposal FOLDER]` builds and runs it.
 *
 * right: the draft against what the author wrote, at every token of a hole. confident: the same where the product of the
 * draft's own probabilities is at least so much, and of how many places that is. accepted: the draft against what the
 * proposal with the instant module writes greedily behind it, at every eighth token. perToken is the share a of drafted
 * tokens that it accepts, of those that it looks at; perPass is 1 more than what it accepts of a draft of k tokens, as
 * counted, and as (1 − a^(k+1)) / (1 − a) has it (Leviathan et al. 2023).
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { argmax } from '../../src/core/distribution';
import { buildPrompt } from '../../src/core/fim';
import { mixInPlace, mixtureWeight } from '../../src/core/mixture';
import type { Sequence, Tokenizer } from '../../src/core/model';
import { NgramModel, type NgramSequence } from '../../src/core/ngram/ngram';
import { NgramStore } from '../../src/core/ngram/ngramStore';
import { WholeRow } from '../../src/core/row';
import { type LoadedProposal, ModelPool } from '../../src/engine/modelPool';
import { loadNgram } from '../../src/engine/ngramModules';
import { INSTANT_MIXTURE, INSTANT_STRENGTH } from '../../src/host/modules/instantManifest';
import { FIXTURE_MODELS, FIXTURE_PROPOSAL } from '../fixtures/fixtureModels.mjs';
import { dense, listed } from '../unit/support/rows';
import { type Cursor, packagesOf } from './instantPackages';

/** One draft at one place. */
interface Drafted {
  readonly cursor: Cursor;
  readonly package: string;
  /** Tokens from the first that are right. */
  readonly nRight: number;
  readonly probs: readonly number[];
  /** Tokens from the first that the target would have written; where it was asked. */
  readonly nAccepted: number | undefined;
}

const LENGTHS = [1, 2, 4, 8];
const LONGEST = 8;
/** Tokens of a hole at most. */
const HOLE_TOKENS = 48;
const HOLE_LINES = 12;
const CONFIDENCES = [0.3, 0.5, 0.7, 0.9];
const MAX_BYTES = 1 << 27;
const CONTEXT_TOKENS = 768;
const LINE_BREAKS: ReadonlySet<number | undefined> = new Set([10, 13]);
const { signal } = new AbortController();

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { proposal: { type: 'string' }, limit: { type: 'string' } } });
  const dir = path.resolve(values.proposal ?? path.join(FIXTURE_MODELS, 'proposals', FIXTURE_PROPOSAL));
  const measured = packagesOf('measure');
  const share = Number(values.limit ?? Number.POSITIVE_INFINITY) / measured.reduce((n, p) => n + p.cursors.length, 0);
  const pool = new ModelPool({ modelsDir: FIXTURE_MODELS, limits: { threads: 2, memoryMiB: 1024 }, loadNgram });
  const lease = await pool.acquire({ proposal: { id: path.basename(dir), dir }, modules: [] }, 'completion', signal);
  const { model, tokenizer } = lease.proposal;
  const drafts: Drafted[] = [];
  for (const { name, files, cursors } of measured) {
    const store = new NgramStore(model.vocabSize, MAX_BYTES);
    for (const file of files) store.put(file.path, '', tokenizer.encode(file.text));
    await store.merge(async () => {});
    const ngram = new NgramModel(store, tokenizer).open();
    for (const [i, cursor] of cursors.entries()) {
      if ((i * GOLDEN) % 1 >= share) continue;
      for (const draft of await draftsIn(cursor, lease.proposal, ngram)) drafts.push({ ...draft, package: name });
    }
  }
  lease.release();
  await pool.close();
  const group = (keyOf: (draft: Drafted) => string) =>
    Object.fromEntries(
      [...new Set(drafts.map(keyOf))].sort().map(key => [key, summary(drafts.filter(draft => keyOf(draft) === key))]),
    );
  console.log(
    JSON.stringify({
      proposal: path.basename(dir),
      nCursors: new Set(drafts.map(({ cursor }) => cursor)).size,
      all: summary(drafts),
      byLanguage: group(({ cursor }) => cursor.language),
      byDomain: group(({ cursor }) => cursor.domain.join(' + ')),
      byPackage: group(draft => draft.package),
    }),
  );
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Drafts at every token of the hole at a cursor: the rest of its line and the lines below it, which nothing sees. */
async function draftsIn(
  cursor: Cursor,
  proposal: LoadedProposal,
  ngram: NgramSequence,
): Promise<Omit<Drafted, 'package'>[]> {
  const { tokenizer, sequence } = proposal;
  const below = cursor.suffix.split('\n');
  const hole = [cursor.truth + below[0], ...below.slice(1, HOLE_LINES)].join('\n');
  const text = {
    path: cursor.path.split('/').slice(-3).join('/'),
    prefix: cursor.prefix,
    lineRest: '',
    suffix: below.slice(HOLE_LINES).join('\n'),
    neighbours: [],
  };
  const prompt = buildPrompt(text, tokenizer, proposal.manifest.fim?.order ?? 'none', CONTEXT_TOKENS);
  const written = tokenizer.encode(new TextDecoder().decode(prompt.owed) + hole).slice(0, HOLE_TOKENS + LONGEST);
  const weights = new Map(Object.entries(INSTANT_MIXTURE)).get(proposal.manifest.id) ?? INSTANT_MIXTURE.default;
  await sequence.seek(prompt.tokens, signal);
  await ngram.seek(prompt.tokens);
  const drafts: Omit<Drafted, 'package'>[] = [];
  // The last ones have nothing to be compared with.
  for (let at = 0; at + LONGEST <= written.length; at++) {
    const { tokens, probs, rows, lambdas } = await draftFrom(ngram, tokenizer, weights);
    const nRight = sharedLength(tokens, written.slice(at));
    const isAsked = at % LONGEST === 0;
    const nAccepted = isAsked ? await acceptedBy(sequence, tokens, rows, lambdas) : undefined;
    drafts.push({ cursor, nRight, probs, nAccepted });
    await ngram.push(written[at]);
    if (isAsked && at + 2 * LONGEST <= written.length) await sequence.verify(written.slice(at, at + LONGEST), signal);
  }
  return drafts;
}

/** The most probable continuation; what ends a text is written as a line break, which it stands for. */
async function draftFrom(ngram: NgramSequence, tokenizer: Tokenizer, weights: readonly number[]) {
  const tokens: number[] = [];
  const probs: number[] = [];
  const rows: Float32Array[] = [];
  const lambdas: number[] = [];
  while (tokens.length < LONGEST) {
    const row = dense(ngram.logps());
    rows.push(row);
    lambdas.push(mixtureWeight(weights, ngram.recognition()));
    const open = row.slice();
    open[tokenizer.special.endoftext] = Number.NEGATIVE_INFINITY;
    for (const token of breaksOf(tokenizer)) open[token] += Math.LN2;
    const token = argmax(open);
    tokens.push(token);
    probs.push(Math.exp(open[token]));
    await ngram.push(token);
  }
  ngram.rewind(LONGEST);
  return { tokens, probs, rows, lambdas };
}

/** How much of a draft the proposal with the instant module would have written greedily; leaves the sequence as it was. */
async function acceptedBy(
  sequence: Sequence,
  tokens: readonly number[],
  rows: readonly Float32Array[],
  lambdas: readonly number[],
): Promise<number> {
  const before = dense(sequence.logps());
  const behind = (await sequence.verify(tokens, signal)).map(dense);
  sequence.rewind(tokens.length);
  const target = [before, ...behind].slice(0, tokens.length).map((scores, i) => {
    const mixed = listed(scores);
    mixInPlace(mixed, new WholeRow(rows[i]), lambdas[i]);
    for (let v = 0; v < scores.length; v++) mixed.values[v] += INSTANT_STRENGTH * (rows[i][v] - mixed.values[v]);
    return argmax(mixed.values);
  });
  return sharedLength(tokens, target);
}

function sharedLength(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((token, i) => token !== b[i]);
  return differs < 0 ? a.length : differs;
}

function summary(drafts: readonly Drafted[]): object {
  const asked = drafts.filter(({ nAccepted }) => nAccepted !== undefined).map(({ nAccepted }) => nAccepted!);
  const nLooked = asked.reduce((sum, n) => sum + Math.min(LONGEST, n + 1), 0);
  const a = asked.reduce((sum, n) => sum + n, 0) / nLooked;
  return {
    n: drafts.length,
    right: byLength(k => mean(drafts.map(({ nRight }) => (nRight >= k ? 1 : 0)))),
    confident: CONFIDENCES.map(least => ({
      least,
      ...byLength(k => {
        const sure = drafts.filter(({ probs }) => probs.slice(0, k).reduce((p, q) => p * q, 1) >= least);
        return {
          share: round(sure.length / drafts.length),
          right: mean(sure.map(({ nRight }) => (nRight >= k ? 1 : 0))),
        };
      }),
    })),
    accepted: byLength(k => mean(asked.map(n => (n >= k ? 1 : 0)))),
    perToken: round(a),
    perPass: byLength(k => ({
      counted: mean(asked.map(n => 1 + Math.min(n, k))),
      formula: round((1 - a ** (k + 1)) / (1 - a)),
    })),
  };
}

function byLength<T>(of: (k: number) => T): Record<string, T> {
  return Object.fromEntries(LENGTHS.map(k => [k, of(k)]));
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : round(values.reduce((sum, x) => sum + x, 0) / values.length);
}

let breaks: readonly number[] | undefined;
function breaksOf(tokenizer: Tokenizer): readonly number[] {
  breaks ??= Array.from({ length: tokenizer.vocabSize }, (_, token) => token).filter(token =>
    LINE_BREAKS.has(tokenizer.bytes(token)[0]),
  );
  return breaks;
}

function round(x: number): number {
  return Math.round(x * 1000) / 1000;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
