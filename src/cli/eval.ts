/**
 * `npm run -s eval`: the frozen held-out cursors, answered by the product's engine, P alone and with each module.
 * `-- --instant` instead: held-out packages as workspaces (evalInstant.ts); `-- --unseen`: packages younger than public
 * models (evalUnseen.ts).
 * Exact match and edit similarity are those of CrossCodeEval (Ding et al., 2310.11248) on the rest of the cursor's line.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UserError } from '../core/errors';
import { answerAll, parseModules } from './answer';
import { startEngine } from './engine';
import { evaluateInstant } from './evalInstant';
import { type Cursor, summarise } from './evalMetrics';
import { evaluateUnseen } from './evalUnseen';
import { readOptions } from './options';

const USAGE =
  'usage: npm run -s eval -- [--module ID[:STRENGTH][+ID…]]… [--proposal ID] [--limit N] [--cursors FILE.jsonl] [--instant [--calibrate]] [--unseen choose|report [--context TOKENS] [--out FILE.jsonl] [--against FILE.jsonl]] [--json]';

const CURSORS = path.resolve(__dirname, '../../test/fixtures/eval/cursors.jsonl');

async function main(): Promise<void> {
  const values = readOptions(
    {
      module: { type: 'string', multiple: true },
      proposal: { type: 'string' },
      limit: { type: 'string' },
      json: { type: 'boolean' },
      cursors: { type: 'string' },
      instant: { type: 'boolean' },
      calibrate: { type: 'boolean' },
      unseen: { type: 'string' },
      context: { type: 'string' },
      out: { type: 'string' },
      against: { type: 'string' },
    },
    USAGE,
  );
  const limit = values.limit === undefined ? Number.POSITIVE_INFINITY : Number(values.limit);
  if (!(limit > 0)) throw new UserError('usage', `--limit must be a number above 0, not ${values.limit}.`);
  if (values.unseen !== undefined) return evaluateUnseen({ ...values, unseen: values.unseen, limit });
  if (values.instant) return evaluateInstant({ ...values, limit });
  const cursors = await readCursors(values.cursors ?? CURSORS, limit);
  const engine = startEngine(() => {});
  try {
    const asked = values.module?.map(parseModules) ?? (await engine.moduleIds()).map(id => [{ id }]);
    const rows = [];
    for (const modules of [[], ...asked]) {
      const choice = await engine.choose(values.proposal ?? 'auto', modules);
      const row = {
        proposal: choice.proposal.id,
        modules: choice.modules.map(({ id, strength }) => ({ id, strength })),
        ...summarise(cursors, await answerAll(engine, choice, cursors)),
      };
      rows.push(row);
      if (!values.json) console.log(JSON.stringify(row));
    }
    if (values.json) console.log(JSON.stringify({ n: cursors.length, rows }));
  } finally {
    engine.dispose();
  }
}

async function readCursors(file: string, limit: number): Promise<Cursor[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
  // Every n-th, so that a short run sees every package and kind.
  const step = Math.max(1, lines.length / limit);
  const taken = Array.from({ length: Math.min(lines.length, limit) }, (_, i) => lines[Math.floor(i * step)]);
  return taken.map(line => JSON.parse(line) as Cursor);
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = error instanceof UserError ? 2 : 1;
});
