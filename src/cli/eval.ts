/**
 * `npm run -s eval`: the frozen held-out cursors, answered by the product's engine, P alone and with each module.
 * Exact match and edit similarity are those of CrossCodeEval (Ding et al., 2310.11248) on the rest of the cursor's line.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, UserError } from '../core/errors';
import type { CompletionText } from '../core/fim';
import { tidy } from '../core/tidy';
import { requestOf } from '../host/completer';
import type { Choice, ModuleSetting } from '../host/moduleChoice';
import { type CliEngine, startEngine } from './engine';
import { type Cursor, type Outcome, summarise } from './evalMetrics';

const CURSORS = path.resolve(__dirname, '../../test/fixtures/eval/cursors.jsonl');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      module: { type: 'string', multiple: true },
      proposal: { type: 'string' },
      limit: { type: 'string' },
      json: { type: 'boolean' },
      cursors: { type: 'string' },
    },
  });
  const limit = values.limit === undefined ? Number.POSITIVE_INFINITY : Number(values.limit);
  if (!(limit > 0)) throw new UserError('usage', `--limit must be a number above 0, not ${values.limit}.`);
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

async function answerAll(engine: CliEngine, choice: Choice, cursors: readonly Cursor[]): Promise<Outcome[]> {
  await engine.warm(choice);
  const outcomes: Outcome[] = [];
  for (const cursor of cursors) {
    const text = textOf(cursor);
    const startMs = performance.now();
    const result = await engine.complete(requestOf({ text, choice, contextTokens: 768, nCompletions: 1 }));
    const elapsedMs = performance.now() - startMs;
    const shown = result.completions[0] && tidy(result.completions[0].text, text);
    outcomes.push({ shown: shown?.text ?? '', elapsedMs });
  }
  return outcomes;
}

function textOf(cursor: Cursor): CompletionText {
  return {
    path: cursor.path.split('/').slice(-3).join('/'),
    prefix: cursor.prefix,
    lineRest: '',
    suffix: cursor.suffix.replace(/^\n/, ''),
    neighbours: [],
  };
}

async function readCursors(file: string, limit: number): Promise<Cursor[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
  // Every n-th, so that a short run sees every package and kind.
  const step = Math.max(1, lines.length / limit);
  const taken = Array.from({ length: Math.min(lines.length, limit) }, (_, i) => lines[Math.floor(i * step)]);
  return taken.map(line => JSON.parse(line) as Cursor);
}

/** `A+B:0.3` is two modules composed. */
function parseModules(argument: string): ModuleSetting[] {
  return argument.split('+').map(part => {
    const [id, strength] = part.split(':');
    return strength === undefined ? { id } : { id, strength: Number(strength) };
  });
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = error instanceof UserError ? 2 : 1;
});
