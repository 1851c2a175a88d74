/** What the instant module learned, with what the engine does not know: languages, files on disk, and what is left out. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type EvaluationRow, parseModuleManifest } from '../../core/manifest';
import type { NgramSurvey } from '../../protocol/ngramQuestions';
import type {
  LanguageShare,
  Learned,
  LeftOutGroup,
  LeftOutReason,
  MeasuredHere,
} from '../../protocol/pages/instantExplorer';
import type { EngineClient } from '../engineClient';
import { examineFiles, type LeftOutFile, type ListedFile, readSource } from '../workspaceFiles';
import { withinLimit } from './instantBatches';
import type { InstantModule } from './instantModule';

const N_NAMES = 150;
const N_PHRASES = 60;
const N_LARGEST = 15;
/** Files named for each reason. */
const N_LEFT_OUT = 20;
/** Files that are read to learn why they are not counted. */
const MOST_READ = 300;

export interface SurveyParts {
  readonly engine: Pick<EngineClient, 'call'>;
  readonly instant: Pick<InstantModule, 'target' | 'dir' | 'folders' | 'nUnsaved' | 'evaluation'>;
  readonly isUsed: boolean;
  /** A language as people call it, by a file's name; undefined for none that is known. */
  languageOf(name: string): string | undefined;
}

/** @throws UserError when the module does not load; AbortError; EngineGone. */
export async function surveyInstant(parts: SurveyParts, signal: AbortSignal): Promise<Learned> {
  const { engine, instant } = parts;
  const target = await instant.target();
  const request = { ...target, nNames: N_NAMES, nPhrases: N_PHRASES };
  const survey = await engine.call('ngramSurvey', request, signal);
  const { listed, leftOut } = await examineFiles(instant.folders, undefined, signal);
  const { nTokens, nNames, names, phrases, files } = survey;
  return {
    nTokens,
    nNames,
    names,
    phrases,
    nFiles: files.length,
    textBytes: files.reduce((sum, { textBytes }) => sum + textBytes, 0),
    memoryBytes: survey.sizeBytes,
    ...(await onDisk(instant.dir)),
    nUnsaved: instant.nUnsaved,
    isUsed: parts.isUsed,
    measured: measuredWith(await instant.evaluation(), target.proposal.id),
    languages: languagesOf(files, name => parts.languageOf(name)),
    largest: [...files].sort((a, b) => b.textBytes - a.textBytes || (a.name < b.name ? -1 : 1)).slice(0, N_LARGEST),
    leftOut: grouped([...leftOut, ...(await notCounted(listed, new Set(files.map(({ name }) => name)), signal))]),
  };
}

function measuredWith(evaluation: readonly EvaluationRow[], proposalId: string): MeasuredHere | undefined {
  const row = evaluation.find(found => found.proposalId === proposalId);
  return row && { alone: row.proposal, aligned: row.aligned, nPlaces: row.n, measured: row.measured };
}

async function onDisk(dir: string): Promise<Pick<Learned, 'diskBytes' | 'built' | 'written'>> {
  const names = await readdir(dir).catch(() => []);
  const stats = await Promise.all(names.map(name => stat(path.join(dir, name)).catch(() => undefined)));
  const diskBytes = stats.reduce((sum, found) => sum + (found?.size ?? 0), 0);
  const manifest = path.join(dir, 'module.json');
  const written = await stat(manifest).then(
    ({ mtime }) => mtime.toISOString(),
    () => undefined,
  );
  // Whoever loads the module says what is wrong with a manifest.
  const built = await readFile(manifest, 'utf8')
    .then(text => parseModuleManifest(JSON.parse(text)).built)
    .catch(() => undefined);
  return { diskBytes, built, written };
}

type Reasoned = Pick<LeftOutFile, 'name' | 'reason'>;

/** Files that could be counted and are not, with why. */
async function notCounted(
  listed: readonly ListedFile[],
  counted: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Reasoned[]> {
  const within = new Set(withinLimit(listed));
  const missing = listed.filter(({ name }) => !counted.has(name));
  const reasons: Reasoned[] = [];
  for (const file of missing) {
    signal.throwIfAborted();
    const isRead = within.has(file) && reasons.length < MOST_READ;
    const isText = !isRead || (await readSource(file)) !== undefined;
    const reason: LeftOutReason = !within.has(file) ? 'limit' : isText ? 'waiting' : 'content';
    reasons.push({ name: file.name, reason });
  }
  return reasons;
}

function languagesOf(
  files: NgramSurvey['files'],
  languageOf: (name: string) => string | undefined,
): readonly LanguageShare[] {
  const shares = new Map<string, { nFiles: number; nTokens: number; textBytes: number }>();
  for (const { name, nTokens, textBytes } of files) {
    const language = languageOf(name) ?? (path.posix.extname(name) || path.posix.basename(name));
    const share = shares.get(language) ?? { nFiles: 0, nTokens: 0, textBytes: 0 };
    shares.set(language, share);
    share.nFiles++;
    share.nTokens += nTokens;
    share.textBytes += textBytes;
  }
  return [...shares]
    .map(([name, share]) => ({ name, ...share }))
    .sort((a, b) => b.textBytes - a.textBytes || (a.name < b.name ? -1 : 1));
}

function grouped(leftOut: readonly Reasoned[]): readonly LeftOutGroup[] {
  const groups = new Map<LeftOutReason, string[]>();
  for (const { name, reason } of leftOut) {
    const names = groups.get(reason);
    if (names === undefined) groups.set(reason, [name]);
    else names.push(name);
  }
  return [...groups]
    .map(([reason, names]) => ({ reason, nFiles: names.length, names: names.sort().slice(0, N_LEFT_OUT) }))
    .sort((a, b) => b.nFiles - a.nFiles);
}
