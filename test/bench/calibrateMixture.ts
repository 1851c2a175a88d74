/**
 * λ of the mixture by length of the known context, for one proposal: expectation maximisation (Dempster, Laird & Rubin
 * 1977; deleted interpolation of Jelinek & Mercer 1980) on the lines at the cursors of the "calibrate" packages of
 * test/fixtures/eval/instant.json.gz. `node scripts/calibrateMixture.mjs [proposal folder]` builds and runs it.
 *
 * With it, what each strength of the geometric rule makes of the same lines: nats a token, how often the author's token
 * comes first, and how many lines greedy decoding writes whole.
 */
import path from 'node:path';
import { argmax, logSumExp } from '../../src/core/distribution';
import { buildPrompt } from '../../src/core/fim';
import { mixInPlace } from '../../src/core/mixture';
import type { Tokenizer } from '../../src/core/model';
import { NgramModel } from '../../src/core/ngram/ngram';
import { MAX_ORDER } from '../../src/core/ngram/ngramSort';
import { NgramStore } from '../../src/core/ngram/ngramStore';
import { WholeRow } from '../../src/core/row';
import { ModelPool } from '../../src/engine/modelPool';
import { loadNgram } from '../../src/engine/ngramModules';
import { FIXTURE_MODELS, FIXTURE_PROPOSAL } from '../fixtures/fixtureModels.mjs';
import { dense, listed } from '../unit/support/rows';
import { type Cursor, packagesOf } from './instantPackages';

/** One token as its author wrote it. */
interface Seen {
  readonly order: number;
  readonly p: number;
  readonly q: number;
  readonly token: number;
  /** Number of the line. */
  readonly line: number;
  /** log P and log Q over the vocabulary. */
  readonly pRow: Float32Array;
  readonly qRow: Float32Array;
}

const MAX_BYTES = 1 << 27;
const N_ROUNDS = 60;
const LF = 10;
const STRENGTHS = [0.05, 0.1, 0.2, 0.3, 0.5];
const { signal } = new AbortController();

async function main(): Promise<void> {
  const dir = path.resolve(process.argv[2] ?? path.join(FIXTURE_MODELS, 'proposals', FIXTURE_PROPOSAL));
  const pool = new ModelPool({ modelsDir: FIXTURE_MODELS, limits: { threads: 2, memoryMiB: 1024 }, loadNgram });
  const lease = await pool.acquire({ proposal: { id: path.basename(dir), dir }, modules: [] }, 'completion', signal);
  const { tokenizer, model, sequence, manifest } = lease.proposal;
  const seen: Seen[] = [];
  let nLines = 0;
  for (const { files, cursors } of packagesOf('calibrate')) {
    const store = new NgramStore(model.vocabSize, MAX_BYTES);
    for (const file of files) store.put(file.path, '', tokenizer.encode(file.text));
    await store.merge(async () => {});
    const ngram = new NgramModel(store, tokenizer).open();
    for (const cursor of cursors) {
      const { prompt, line } = promptOf(cursor, tokenizer, manifest.fim?.order ?? 'none');
      await sequence.seek(prompt, signal);
      await ngram.seek(prompt);
      for (const token of line) {
        const order = ngram.recognition().order;
        const [pRow, qRow] = [dense(sequence.logps()), dense(ngram.logps())];
        seen.push({ order, p: Math.exp(pRow[token]), q: Math.exp(qRow[token]), token, line: nLines, pRow, qRow });
        await sequence.push(token, signal);
        await ngram.push(token);
      }
      nLines++;
    }
  }
  lease.release();
  await pool.close();
  const lambdas = maximise(seen);
  const endsLine = (token: number) => tokenizer.bytes(token).length === 0 || tokenizer.bytes(token)[0] === LF;
  const nats = (of: (token: Seen) => number) => round(-seen.reduce((sum, t) => sum + Math.log(of(t)), 0) / seen.length);
  console.log(
    JSON.stringify({
      proposal: path.basename(dir),
      nTokens: seen.length,
      nLines,
      mixture: lambdas.map(round),
      natsPerToken: {
        proposal: nats(t => t.p),
        ngram: nats(t => t.q),
        mixed: nats(t => (1 - lambdas[t.order]) * t.p + lambdas[t.order] * t.q),
      },
      strengths: STRENGTHS.map(strength => judge(seen, lambdas, strength, endsLine)),
    }),
  );
}

/** What P′ aligned with the n-gram makes of the lines. */
function judge(
  seen: readonly Seen[],
  lambdas: readonly number[],
  strength: number,
  endsLine: (token: number) => boolean,
): object {
  const missed = new Set<number>();
  let nats = 0;
  let nFirst = 0;
  for (const { order, token, line, pRow, qRow } of seen) {
    const mixed = listed(pRow);
    mixInPlace(mixed, new WholeRow(qRow), lambdas[order]);
    const scores = mixed.values;
    for (let v = 0; v < scores.length; v++) scores[v] += strength * (qRow[v] - scores[v]);
    nats += logSumExp(scores) - scores[token];
    const written = argmax(scores);
    if (written === token) nFirst++;
    // A line may as well end with the break after it.
    else if (!endsLine(token) || !endsLine(written)) missed.add(line);
  }
  const nLines = seen[seen.length - 1].line + 1;
  return {
    strength,
    natsPerToken: round(nats / seen.length),
    first: round(nFirst / seen.length),
    lines: nLines - missed.size,
  };
}

/** The rest of the cursor's line ends as a completion does, with the end token. */
function promptOf(cursor: Cursor, tokenizer: Tokenizer, order: Parameters<typeof buildPrompt>[2]) {
  const shown = cursor.path.split('/').slice(-3).join('/');
  const suffix = cursor.suffix.replace(/^\n/, '');
  const text = { path: shown, prefix: cursor.prefix, lineRest: '', suffix, neighbours: [] };
  const { tokens, owed } = buildPrompt(text, tokenizer, order, 768);
  const line = tokenizer.encode(new TextDecoder().decode(owed) + cursor.truth.trimEnd());
  return { prompt: tokens, line: [...line, tokenizer.special.endoftext] };
}

function maximise(seen: readonly Seen[]): number[] {
  let lambdas = new Array<number>(MAX_ORDER + 1).fill(0.3);
  for (let i = 0; i < N_ROUNDS; i++) {
    lambdas = lambdas.map((lambda, order) => {
      const here = seen.filter(token => token.order === order);
      const share = here.reduce((sum, { p, q }) => sum + (lambda * q) / ((1 - lambda) * p + lambda * q), 0);
      return here.length === 0 ? 0 : share / here.length;
    });
  }
  return lambdas;
}

function round(x: number): number {
  return Math.round(x * 1000) / 1000;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
