/**
 * `npm run -s eval -- --unseen choose|report`: lines of packages that were first published after the models, completed by the
 * product's engine, the proposal alone or with modules. models/eval/README.md says how the packages were found.
 */
import path from 'node:path';
import { UserError } from '../core/errors';
import { evenly } from '../core/evenly';
import type { Choice } from '../host/modules/moduleChoice';
import { answerOne, CONTEXT_TOKENS, parseModules } from './answer';
import { type CliEngine, startEngine } from './engine';
import { compareLines, unseenFigures } from './unseen/lineFigures';
import { type LineResult, lineResult } from './unseen/lineResult';
import { modelsHeader, proposalInFolder } from './unseen/measuredProposal';
import { type Place, placesIn } from './unseen/places';
import { measured, resultsAgainst } from './unseen/resultFile';
import { parseSplit, SEED, unseenSources } from './unseen/unseenSources';

const PROJECT = path.resolve(__dirname, '../..');
const PER_PACKAGE = 10;

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
  const engine = startEngine(line => process.env.RESIDUAL_DEBUG && console.error(line));
  try {
    const choice = await chosen(engine, options);
    const modules = choice.modules.map(({ id, strength }) => `${id}:${strength}`).join('+');
    const models = await modelsHeader(choice.proposal, choice.modules);
    const header = { kind: 'lines', split, seed: SEED, ...models, modules, contextTokens };
    const others =
      options.against === undefined
        ? undefined
        : await resultsAgainst<LineResult>(options.against, header, ['kind', 'split', 'seed']);
    const packages = await unseenSources(split, PROJECT);
    const all = packages.flatMap(({ name, sources }): Place[] => placesIn(name, sources, PER_PACKAGE, SEED));
    const places = evenly(all, options.limit);
    await engine.warm(choice);
    let nAsked = 0;
    const results = await measured(places, header, options.out, async place => {
      const answer = await answerOne(engine, choice, place, contextTokens);
      nAsked++;
      if (nAsked % 10 === 0) console.error(`${nAsked} lines completed`);
      return lineResult(place, answer);
    });
    const comparison = others && { against: others.header, ...compareLines(results, others.items) };
    const report = { ...header, ...unseenFigures(results), ...(comparison && { comparison }) };
    console.log(JSON.stringify(report, null, options.json ? undefined : 1));
  } finally {
    engine.dispose();
  }
}

async function chosen(engine: CliEngine, { proposal = 'auto', module }: UnseenOptions): Promise<Choice> {
  const modules = (module ?? []).flatMap(parseModules);
  const folder = await proposalInFolder(proposal);
  if (folder === undefined) return engine.choose(proposal, modules);
  const choice = modules.length === 0 ? { modules: [], titles: [] } : await engine.choose('auto', modules);
  return { ...choice, proposal: folder };
}
