/**
 * `npm run -s eval -- --unseen choose|report`: lines of packages that were first published after the models, completed by the
 * product's engine, the proposal alone or with modules. models/eval/README.md says how the packages were found.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../core/errors';
import { evenly } from '../core/evenly';
import { parseProposalManifest } from '../core/manifest';
import type { Choice } from '../host/modules/moduleChoice';
import { answerOne, CONTEXT_TOKENS, parseModules } from './answer';
import { type CliEngine, startEngine } from './engine';
import { sourcesOfPackage } from './unseen/fetch';
import { compareLines, unseenFigures } from './unseen/lineFigures';
import { type LineResult, lineResult } from './unseen/lineResult';
import { readPackageList, SPLITS, type Split } from './unseen/packageList';
import { type Place, placesIn } from './unseen/places';
import { type Header, measured, readResults } from './unseen/resultFile';

const PROJECT = path.resolve(__dirname, '../..');
const PER_PACKAGE = 10;
/** Another seed cuts other places, and its figures cannot be compared. */
const SEED = 2026;

export interface UnseenOptions {
  readonly unseen: string;
  /** An id, or a proposal's folder. */
  readonly proposal?: string;
  readonly module?: readonly string[];
  readonly context?: string;
  /** Places at most, taken evenly. */
  readonly limit: number;
  readonly out?: string;
  readonly against?: string;
  readonly json?: boolean;
}

export async function evaluateUnseen(options: UnseenOptions): Promise<void> {
  const split = parseSplit(options.unseen);
  const contextTokens = Number(options.context ?? CONTEXT_TOKENS);
  if (!(contextTokens >= 64)) throw new UserError('usage', `--context must be at least 64, not ${options.context}.`);
  const others = options.against === undefined ? undefined : await readResults<LineResult>(options.against);
  if (options.against !== undefined && others === undefined)
    throw new UserError('no-results', `There is no file of results at ${options.against}.`);
  const all = await unseenPlaces(split);
  const places = evenly(all, Math.min(options.limit, all.length));
  const engine = startEngine(line => process.env.RESIDUAL_DEBUG && console.error(line));
  try {
    const choice = await chosen(engine, options);
    const header = { ...(await headerOf(choice)), kind: 'lines', split, seed: SEED, contextTokens };
    if (others !== undefined) refuseOtherPlaces(others.header, header, options.against!);
    await engine.warm(choice);
    let nAsked = 0;
    const results = await measured(places, header, options.out, async place => {
      const result = lineResult(place, await answerOne(engine, choice, place, contextTokens));
      nAsked++;
      if (nAsked % 10 === 0) console.error(`${nAsked} asked of ${places.length} places`);
      return result;
    });
    const comparison = others && { against: others.header, ...compareLines(results, others.items) };
    console.log(
      JSON.stringify(
        { ...header, ...unseenFigures(results), ...(comparison && { comparison }) },
        null,
        options.json ? 0 : 1,
      ),
    );
  } finally {
    engine.dispose();
  }
}

/** All places of a split, in the order of the list. */
async function unseenPlaces(split: Split): Promise<Place[]> {
  const packages = await readPackageList(path.join(PROJECT, 'models/eval/packages.json'));
  const cache = process.env.RESIDUAL_UNSEEN ?? path.join(PROJECT, 'artifacts/unseen');
  const places: Place[] = [];
  for (const one of packages.filter(p => p.split === split))
    places.push(...placesIn(one.name, await sourcesOfPackage(one, cache), PER_PACKAGE, SEED));
  return places;
}

export function parseSplit(value: string): Split {
  const split = SPLITS.find(name => name === value);
  if (split !== undefined) return split;
  throw new UserError('usage', `--unseen is one of ${SPLITS.join(', ')}, not ${value}.`);
}

async function chosen(engine: CliEngine, { proposal = 'auto', module }: UnseenOptions): Promise<Choice> {
  const modules = (module ?? []).flatMap(parseModules);
  const dir = path.resolve(proposal);
  const isFolder = /[\\/]/.test(proposal) && (await stat(dir).catch(() => undefined))?.isDirectory();
  if (!isFolder) return engine.choose(proposal, modules);
  const { id } = parseProposalManifest(JSON.parse(await readFile(path.join(dir, 'residual.json'), 'utf8')));
  const choice = modules.length === 0 ? { modules: [], titles: [] } : await engine.choose('auto', modules);
  return { ...choice, proposal: { id, dir } };
}

/** Which models were measured: the hash is of the manifests, which hold those of all files. */
async function headerOf({ proposal, modules }: Choice): Promise<Header> {
  const hash = createHash('sha256').update(await readFile(path.join(proposal.dir, 'residual.json')));
  for (const { dir } of modules) hash.update(await readFile(path.join(dir, 'module.json')));
  return {
    proposal: proposal.id,
    modules: modules.map(({ id, strength }) => `${id}:${strength}`).join('+'),
    models: hash.digest('hex').slice(0, 16),
  };
}

function refuseOtherPlaces(found: Header, header: Header, file: string): void {
  for (const key of ['kind', 'split', 'seed'])
    if (found[key] !== header[key])
      throw new UserError(
        'other-results',
        `${file} has other places: its ${key} is ${found[key]}, not ${header[key]}.`,
      );
}
