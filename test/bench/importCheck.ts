/**
 * `npm run -s import-check [-- --only MODEL --format fp32|int8|int4 --tokens N --keep --json]`: public GGUF files, fetched and imported
 * here, have the tokens and the logits that llama.cpp gets from them. `RESIDUAL_CHECK_CACHE` is where files are kept. Needs
 * a network, a Python with pip, and disk space for what is imported; not part of any other test.
 */
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, UserError } from '../../src/core/errors';
import { findProposalFiles } from '../../src/engine/proposal';
import { FORMATS, type Format } from '../../src/importer/formats';
import { type Agreement, faultsOf } from './importCheck/agreement';
import { codeFiles } from './importCheck/codeFiles';
import { compareLogits, compareTokens, openImport } from './importCheck/compareModels';
import { fetchModel } from './importCheck/fetchModel';
import { type Imported, importApart, keptImport } from './importCheck/importApart';
import { openLlama } from './importCheck/llamaCpp';
import { PUBLIC_MODELS, type PublicModel } from './importCheck/publicModels';

/** What an import may take at most, by which a model of 1.5 thousand million parameters fits a small machine. */
const MOST_PEAK_BYTES = 1e9;

interface Asked {
  readonly models: readonly PublicModel[];
  readonly formats: readonly Format[];
  /** Of each file, from its beginning. */
  readonly nTokens: number;
  /** Imports stay, and one that is there is compared as it is. */
  readonly keep: boolean;
  readonly json: boolean;
}

interface FormatReport extends Agreement {
  readonly format: Format;
  readonly sizeBytes: number;
  readonly importSeconds: number;
  readonly importPeakBytes: number;
}

interface ModelReport {
  readonly model: string;
  readonly sha256: string;
  readonly nTokens: number;
  readonly tokensDiffer: readonly string[];
  readonly formats: readonly FormatReport[];
  /** What is wrong, in sentences. */
  readonly faults: readonly string[];
}

async function main(): Promise<void> {
  const asked = readArguments();
  const cache = path.resolve(
    process.env.INIT_CWD ?? '.',
    process.env.RESIDUAL_CHECK_CACHE ?? path.resolve('artifacts/import-check'),
  );
  let nFaults = 0;
  for (const model of asked.models) {
    const report = await checkModel(model, asked, cache);
    nFaults += report.faults.length;
    console.log(asked.json ? JSON.stringify(report) : tableOf(model, report));
  }
  process.exitCode = nFaults === 0 ? 0 : 1;
}

async function checkModel(
  model: PublicModel,
  { formats, nTokens: tokensPerFile, keep }: Asked,
  cache: string,
): Promise<ModelReport> {
  console.error(`${model.title}: fetching…`);
  const file = await fetchModel(model, cache);
  const imports: Imported[] = [];
  for (const format of formats) {
    const dir = path.join(cache, 'imports', `${model.id}-${format}`);
    console.error(`${model.title}: importing as ${format}…`);
    imports.push((keep ? await keptImport(dir) : undefined) ?? (await importApart(file, dir, format)));
  }
  const files = await codeFiles();
  const proposals = [];
  for (const { dir } of imports) proposals.push(await openImport(dir, availableParallelism()));
  const llama = await openLlama(file, tokensPerFile, cache);
  const { nTokens, differ } = compareTokens(files, proposals[0].tokenizer, llama, model);
  const onFile = (name: string) => console.error(`${model.title}: ${name}`);
  const agreements = await compareLogits(files, proposals, llama, tokensPerFile, onFile);
  await llama.close();
  const reports: FormatReport[] = [];
  for (const [i, format] of formats.entries()) {
    const { dir, seconds: importSeconds, peakBytes: importPeakBytes } = imports[i];
    const { sizeBytes } = await findProposalFiles({ id: '', dir });
    reports.push({ format, sizeBytes, importSeconds, importPeakBytes, ...agreements[i] });
    await proposals[i].model.close();
    if (!keep) await rm(dir, { recursive: true });
  }
  const faults = [
    ...differ.map(name => `${name} is cut into other tokens than llama.cpp's.`),
    ...reports.flatMap(report => faultsIn(report).map(fault => `${report.format}: ${fault}`)),
  ];
  return { model: model.id, sha256: model.sha256, nTokens, tokensDiffer: differ, formats: reports, faults };
}

function faultsIn(report: FormatReport): string[] {
  const { format, importPeakBytes } = report;
  const tooLarge = `The import took ${megabytes(importPeakBytes)} MB, which are to be at most ${megabytes(MOST_PEAK_BYTES)}.`;
  return [...(importPeakBytes <= MOST_PEAK_BYTES ? [] : [tooLarge]), ...(format === 'fp32' ? faultsOf(report) : [])];
}

function tableOf({ title }: PublicModel, { nTokens, tokensDiffer, formats, faults }: ModelReport): string {
  const rows = formats.map(report => [
    report.format,
    `${megabytes(report.sizeBytes)}`,
    `${megabytes(report.importPeakBytes)}`,
    `${(100 * report.sameFirst).toFixed(2)} %`,
    report.kl.toExponential(2),
    report.largestKl.toExponential(2),
    report.trueDifference.toFixed(4),
    report.natsTheirs.toFixed(4),
    report.natsOurs.toFixed(4),
  ]);
  const heads = ['', 'MB', 'peak MB', 'same first', 'KL', 'largest', '|Δ log p|', 'llama.cpp', 'ours'];
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map(row => row[i].length)));
  const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padStart(widths[i])).join('  ');
  const same = tokensDiffer.length === 0 ? 'the same' : `other ones in ${tokensDiffer.join(', ')}`;
  const heading = `${title}: ${nTokens} tokens, ${same}; ${formats[0].nPositions} positions, in nats`;
  return [heading, line(heads), ...rows.map(line), ...faults, ''].join('\n');
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);

function readArguments(): Asked {
  const many = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: { only: many, format: many, tokens: { type: 'string', default: '200' }, keep: flag, json: flag },
  });
  const models = chosen('--only', values.only ?? PUBLIC_MODELS.map(({ id }) => id), id =>
    PUBLIC_MODELS.find(known => known.id === id),
  );
  const formats = chosen('--format', values.format ?? ['fp32'], format => FORMATS.find(known => known === format));
  const nTokens = Number(values.tokens);
  if (!Number.isInteger(nTokens) || nTokens < 2)
    throw new UserError('usage', `--tokens is a whole number of 2 or more, not ${values.tokens}.`);
  return { models, formats, nTokens, keep: values.keep, json: values.json };
}

function chosen<T>(option: string, asked: readonly string[], find: (name: string) => T | undefined): readonly T[] {
  return asked.map(name => {
    const found = find(name);
    const known = option === '--only' ? PUBLIC_MODELS.map(({ id }) => id) : FORMATS;
    if (found === undefined) throw new UserError('usage', `${option} is ${known.join(', ')}, not ${name}.`);
    return found;
  });
}

main().catch((error: unknown) => {
  console.error(error instanceof UserError ? messageOf(error) : error);
  process.exitCode = error instanceof UserError ? 2 : 1;
});
