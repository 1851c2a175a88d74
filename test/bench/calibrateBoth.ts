/**
 * How strong an instant module and a neural one should be when both are in use: nats a token, first choices and whole lines of
 * every pair of strengths, on the lines at the cursors of test/fixtures/eval/instant.json.gz. Choose on the "calibrate"
 * packages, report on the others. `node scripts/calibrateBoth.mjs [--role measure] [--module generic] [--limit CURSORS]`
 * builds and runs it. Rows are as the rules give them over the whole vocabulary, without a nucleus.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Candidates } from '../../src/core/distribution';
import { buildPrompt } from '../../src/core/fim';
import { mixInPlace, mixtureWeight } from '../../src/core/mixture';
import type { Tokenizer } from '../../src/core/model';
import { NgramModel } from '../../src/core/ngram/ngram';
import { NgramStore } from '../../src/core/ngram/ngramStore';
import { type Row, SparseRow } from '../../src/core/row';
import { weigh } from '../../src/core/rules';
import { ModelPool } from '../../src/engine/modelPool';
import { loadNgram } from '../../src/engine/ngramModules';
import { INSTANT_MIXTURE } from '../../src/host/modules/instantManifest';
import { FIXTURE_MODELS, FIXTURE_PROPOSAL } from '../fixtures/fixtureModels.mjs';
import { type Cursor, packagesOf } from './instantPackages';

/** 0 leaves the module out; `undefined` leaves out the instant module with its mixture. */
const INSTANT = [undefined, 0.05, 0.1, 0.2] as const;
const NEURAL = [0, 0.1, 0.2, 0.3, 0.5] as const;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const { signal } = new AbortController();

interface Tried {
  readonly instant: number | undefined;
  readonly neural: number;
  nats: number;
  nFirst: number;
  readonly missed: Set<number>;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      role: { type: 'string', default: 'calibrate' },
      module: { type: 'string', default: 'generic' },
      limit: { type: 'string' },
    },
  });
  const dir = path.join(FIXTURE_MODELS, 'proposals', FIXTURE_PROPOSAL);
  const module = { id: values.module, dir: path.resolve(FIXTURE_MODELS, 'modules', values.module), strength: 1 };
  const packages = packagesOf(values.role);
  const share = Number(values.limit ?? Number.POSITIVE_INFINITY) / packages.reduce((n, p) => n + p.cursors.length, 0);
  const pool = new ModelPool({ modelsDir: FIXTURE_MODELS, limits: { threads: 2, memoryMiB: 1024 }, loadNgram });
  const lease = await pool.acquire(
    { proposal: { id: path.basename(dir), dir }, modules: [module] },
    'completion',
    signal,
  );
  const { tokenizer, model, sequence, manifest } = lease.proposal;
  const beside = lease.modules[0];
  const weights = INSTANT_MIXTURE['residual-6m'];
  const tried = INSTANT.flatMap(instant =>
    NEURAL.map((neural): Tried => ({ instant, neural, nats: 0, nFirst: 0, missed: new Set() })),
  );
  const scratch = new Scratch(model.vocabSize);
  const endsLine = (token: number) => tokenizer.bytes(token).length === 0 || tokenizer.bytes(token)[0] === 10;
  let nTokens = 0;
  let nLines = 0;
  for (const { files, cursors } of packages) {
    const store = new NgramStore(model.vocabSize, 1 << 27);
    for (const file of files) store.put(file.path, '', tokenizer.encode(file.text));
    await store.merge(async () => {});
    const ngram = new NgramModel(store, tokenizer).open();
    for (const [i, cursor] of cursors.entries()) {
      if ((i * GOLDEN) % 1 >= share) continue;
      const { prompt, line } = promptOf(cursor, tokenizer, manifest.fim?.order ?? 'none');
      await sequence.seek(prompt, signal);
      await beside.sequence.seek(prompt, signal);
      await ngram.seek(prompt);
      for (const token of line) {
        const lambda = mixtureWeight(weights, ngram.recognition());
        for (const one of tried) {
          const written = scratch.judge(one, token, sequence.logps(), beside.sequence.logps(), ngram.logps(), lambda);
          if (written === token) one.nFirst++;
          else if (!endsLine(token) || !endsLine(written)) one.missed.add(nLines);
        }
        nTokens++;
        await sequence.push(token, signal);
        await beside.sequence.push(token, signal);
        await ngram.push(token);
      }
      nLines++;
    }
  }
  lease.release();
  await pool.close();
  const rows = tried.map(({ instant, neural, nats, nFirst, missed }) => ({
    instant: instant ?? null,
    neural,
    natsPerToken: round(nats / nTokens),
    first: round(nFirst / nTokens),
    lines: round((nLines - missed.size) / nLines),
  }));
  console.log(JSON.stringify({ role: values.role, module: values.module, nTokens, nLines, rows }));
}

class Scratch {
  readonly #mixed: SparseRow;
  readonly #scores: Float64Array;
  readonly #terms: readonly Float64Array[];
  readonly #candidates: Candidates;

  constructor(vocabSize: number) {
    this.#mixed = new SparseRow(vocabSize);
    this.#scores = new Float64Array(vocabSize);
    this.#terms = [new Float64Array(vocabSize), new Float64Array(vocabSize)];
    this.#candidates = new Candidates(vocabSize);
  }

  /** Adds what a token costs. @returns the token that would be written. */
  judge(tried: Tried, token: number, pLogps: Row, neuralLogps: Row, instantLogps: Row, lambda: number): number {
    const { instant, neural } = tried;
    const rawLogps = this.#mixed;
    rawLogps.copy(pLogps);
    if (instant !== undefined) mixInPlace(rawLogps, instantLogps, lambda);
    const at = {
      rawLogps,
      ...(instant !== undefined && { unmixed: { logps: pLogps, logShare: Math.log1p(-lambda) } }),
      pLogits: rawLogps.values,
      masked: false,
      endToken: -1,
      nCandidates: 8,
      uniform: () => 0,
    };
    const weighings = [
      ...(neural > 0 ? [{ rule: 'geometric' as const, strength: neural, qLogps: neuralLogps }] : []),
      ...(instant === undefined
        ? []
        : [{ rule: 'geometric' as const, strength: instant, qLogps: instantLogps, isMixedIn: true as const }]),
    ];
    this.#candidates.fill(rawLogps);
    weigh(at, weighings, this.#candidates, this.#scores, this.#terms);
    const scores = this.#scores;
    let best = 0;
    for (let i = 1; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
    let sum = 0;
    for (let i = 0; i < scores.length; i++) sum += Math.exp(scores[i] - scores[best]);
    tried.nats += scores[best] + Math.log(sum) - scores[token];
    return best;
  }
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

function round(x: number): number {
  return Math.round(x * 1000) / 1000;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
