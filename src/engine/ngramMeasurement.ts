/**
 * How much an instant module helps in the workspace that it was counted from: lines are completed with and without it, each
 * in a file whose own counts are taken off, so that nothing is found that is not somewhere else too.
 */
import { calibratedStrength } from '../core/manifest';
import type { Tokenizer } from '../core/model';
import type { NgramCounts } from '../core/ngram/ngramCounts';
import { countsWithout } from '../core/ngram/ngramCounts';
import type { TokenArray } from '../core/ngram/ngramTally';
import { tidy } from '../core/tidy';
import type { CompleteRequest } from '../protocol/messages';
import type { NgramMeasurement, NgramMeasureProgress, NgramMeasureRequest } from '../protocol/ngramQuestions';
import { runCompletion } from './completion';
import type { LoadedModule, ModelPool } from './modelPool';
import { pauseOf, withNgram } from './ngramLease';
import type { Turn } from './scheduler';

/** Lines of one file at most: a large one must not decide for all. */
const PER_FILE = 4;
/** Files that are larger are data, and would hold up what is typed while they are taken off. */
const MOST_FILE_TOKENS = 1 << 16;
/** Shorter ones are closers and the like, longer ones are data. */
const LINE_CHARS = { least: 12, most: 160 };
/** Less is mostly closers. */
const LEAST_LEFT_CHARS = 4;
const WORDS = /[\p{L}\p{N}_$]+|[^\s\p{L}\p{N}_$]+/gu;
const CONTEXT_TOKENS = 768;
const MAX_TOKENS = 48;

interface Spot {
  readonly prefix: string;
  readonly truth: string;
  readonly suffix: string;
}

/** To be run where a save may be: both merge. */
export function measureNgram(
  pool: ModelPool,
  request: NgramMeasureRequest,
  turn: Turn,
  onProgress: (progress: NgramMeasureProgress) => void,
  signal: AbortSignal,
): Promise<NgramMeasurement> {
  return withNgram(pool, request, 'measurement', signal, async ({ model, manifest, proposal }) => {
    const { store } = model;
    const pause = pauseOf(turn, signal);
    if (!store.isMerged) await store.merge(pause);
    const merged = store.merged();
    const files = [...merged.files].filter(([, { nTokens }]) => nTokens <= MOST_FILE_TOKENS);
    const names = spread(files.map(([name]) => name));
    const strength = calibratedStrength(manifest, proposal.manifest.id);
    let found = { nPlaces: 0, nFiles: 0, nAlone: 0, nWith: 0 };
    for (const name of names) {
      if (found.nPlaces >= request.nPlaces) break;
      await pause();
      const spots = spotsIn(textOf(merged.files.get(name)!.tokens, proposal.tokenizer), found.nFiles);
      if (spots.length === 0) continue;
      const counts: NgramCounts = countsWithout(merged, name)!;
      const module: LoadedModule = { manifest, strength, model, sequence: model.openOver(counts) };
      const isWritten = async (spot: Spot, modules: readonly LoadedModule[]) => {
        const lease = { proposal, modules, loadMs: 0, release: () => {} };
        const complete = requestAt(request, name, spot);
        const { completions } = await runCompletion(lease, complete, turn, () => {}, signal);
        const shown = completions[0] && tidy(completions[0].text, complete.text);
        return (shown?.text ?? '').trim() === spot.truth.trim() ? 1 : 0;
      };
      found = { ...found, nFiles: found.nFiles + 1 };
      for (const spot of spots.slice(0, request.nPlaces - found.nPlaces)) {
        found = {
          ...found,
          nPlaces: found.nPlaces + 1,
          nAlone: found.nAlone + (await isWritten(spot, [])),
          nWith: found.nWith + (await isWritten(spot, [module])),
        };
        onProgress({ nDone: found.nPlaces, nPlaces: request.nPlaces });
      }
    }
    return found;
  });
}

/** The same order for the same names, neighbours far apart. */
function spread(names: readonly string[]): string[] {
  const at = (i: number) => (i * GOLDEN) % 1;
  return names
    .map((name, i) => ({ name, at: at(i) }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name);
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Places in lines of code: where a word or a sign begins, anywhere in the line, as somebody who types comes by. */
function spotsIn(text: string, seed: number): Spot[] {
  const lines = text.split('\n');
  const fit = lines.flatMap((line, i) => {
    const { length } = line.trim();
    return i > 0 && length >= LINE_CHARS.least && length <= LINE_CHARS.most && /\p{L}/u.test(line) ? [i] : [];
  });
  const chosen = [
    ...new Set(Array.from({ length: PER_FILE }, (_, k) => fit[Math.floor(((k + at(seed)) / PER_FILE) * fit.length)])),
  ];
  return chosen.flatMap((i, k) => {
    if (i === undefined) return [];
    const line = lines[i];
    const starts = [...line.matchAll(WORDS)].map(({ index }) => index);
    const column = starts[Math.floor(at(seed * PER_FILE + k) * starts.length)] ?? line.length;
    const truth = line.slice(column);
    if (truth.trim().length < LEAST_LEFT_CHARS) return [];
    return [
      {
        prefix: [...lines.slice(0, i), line.slice(0, column)].join('\n'),
        truth,
        suffix: lines.slice(i + 1).join('\n'),
      },
    ];
  });
}

/** A number in [0, 1) that differs from seed to seed. */
function at(seed: number): number {
  return (seed * GOLDEN) % 1;
}

function textOf(tokens: TokenArray, tokenizer: Tokenizer): string {
  return tokenizer.decode([...tokens]);
}

/** As what is typed is completed, but for one line and from the beginning. */
function requestAt({ proposal }: NgramMeasureRequest, name: string, { prefix, suffix }: Spot): CompleteRequest {
  return {
    proposal,
    modules: [],
    text: { path: name.split('/').slice(-3).join('/'), prefix, lineRest: '', suffix, neighbours: [] },
    sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 0, nCandidates: 8 },
    extent: 'line',
    maxTokens: MAX_TOKENS,
    contextTokens: CONTEXT_TOKENS,
    nCompletions: 1,
  };
}
