/**
 * `npm run -s eval -- --nats --unseen choose|report --proposal FOLDER [--limit TEXTS] [--out FILE.jsonl] [--against FILE.jsonl] [--json]`:
 * nats a byte of a proposal on files of packages younger than public models, the true tokens given.
 */
import { parseArgs } from 'node:util';
import { modelsHeader, proposalInFolder } from '../../src/cli/unseen/measuredProposal';
import { compareNats, type NatsResult, natsFigures, natsOf, textsIn } from '../../src/cli/unseen/nats';
import { measured, resultsAgainst } from '../../src/cli/unseen/resultFile';
import { parseSplit, unseenSources } from '../../src/cli/unseen/unseenSources';
import { messageOf, UserError } from '../../src/core/errors';
import { evenly } from '../../src/core/evenly';
import { ModelPool } from '../../src/engine/modelPool';
import { loadNgram } from '../../src/engine/ngramModules';
import { FIXTURE_MODELS, FIXTURE_PROPOSAL } from '../fixtures/fixtureModels.mjs';

const FILES_PER_PACKAGE = 3;
/** Whatever is named is to be measured. */
const MEMORY_MIB = 1 << 16;
const { signal } = new AbortController();

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      nats: { type: 'boolean' },
      unseen: text,
      proposal: text,
      limit: text,
      out: text,
      against: text,
      json: { type: 'boolean' },
    },
  });
  const split = parseSplit(values.unseen);
  const proposal = await proposalInFolder(values.proposal ?? `${FIXTURE_MODELS}/proposals/${FIXTURE_PROPOSAL}`);
  if (proposal === undefined) throw new UserError('usage', `--proposal is a folder here, not ${values.proposal}.`);
  const header = { kind: 'nats', split, ...(await modelsHeader(proposal, [])) };
  const others = values.against && (await resultsAgainst<NatsResult>(values.against, header, ['kind', 'split']));
  const packages = await unseenSources(split, process.cwd());
  const texts = packages.flatMap(({ name, sources }) => textsIn(name, sources, FILES_PER_PACKAGE));
  const pool = new ModelPool({ modelsDir: FIXTURE_MODELS, limits: { threads: 0, memoryMiB: MEMORY_MIB }, loadNgram });
  const lease = await pool.acquire({ proposal, modules: [] }, 'completion', signal);
  const { sequence, tokenizer } = lease.proposal;
  const results = await measured(evenly(texts, Number(values.limit ?? texts.length)), header, values.out, async one => {
    const result = await natsOf(one, sequence, tokenizer, signal);
    console.error(`${one.id}: ${(result.nats / result.nBytes).toFixed(4)} nats a byte`);
    return result;
  });
  lease.release();
  await pool.close();
  const comparison = others && { against: others.header, ...compareNats(results, others.items) };
  const report = { ...header, ...natsFigures(results), ...(comparison && { comparison }) };
  console.log(JSON.stringify(report, null, values.json ? undefined : 1));
}

main().catch((error: unknown) => {
  console.error(error instanceof UserError ? messageOf(error) : error);
  process.exitCode = error instanceof UserError ? 2 : 1;
});
