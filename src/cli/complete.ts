/** `npm run -s complete`: one completion at a place in a file, through the editor's own engine. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UserError } from '../core/errors';
import type { CompletionText } from '../core/fim';
import { RULE_NAMES, type RuleName } from '../core/rules';
import { tidy } from '../core/tidy';
import { requestOf } from '../host/completer';
import type { ModuleSetting } from '../host/modules/moduleChoice';
import { startEngine } from './engine';
import { readOptions } from './options';

const USAGE =
  'usage: npm run -s complete -- --file F --line L --column C [--module ID[:STRENGTH]]… [--proposal ID] [--rule R] [--seed N] [--temperature T] [--json]';

async function main(): Promise<void> {
  const asked = readArguments();
  const text = await readCursor(asked.file, asked.line, asked.column);
  const engine = startEngine(line => process.env.RESIDUAL_DEBUG && console.error(line));
  try {
    const choice = await engine.choose(asked.proposal, asked.modules);
    const base = requestOf({ text, choice, contextTokens: 768, nCompletions: 1 });
    const result = await engine.complete({
      ...base,
      ...(asked.rule && { rule: asked.rule }),
      sampling: { ...base.sampling, seed: asked.seed, temperature: asked.temperature },
    });
    const completion = result.completions[0];
    const shown = completion && tidy(completion.text, text);
    if (!asked.json) {
      console.log(shown?.text ?? '');
      return;
    }
    console.log(
      JSON.stringify({
        text: shown?.text ?? '',
        proposal: choice.proposal.id,
        modules: choice.modules.map(({ id, strength }) => ({ id, strength })),
        rule: result.rule,
        tokens: completion?.tokens ?? [],
        timesMs: result.timesMs,
        stop: completion?.stop ?? 'end',
      }),
    );
  } finally {
    engine.dispose();
  }
}

interface Asked {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly proposal: string;
  readonly modules: readonly ModuleSetting[];
  readonly rule: RuleName | undefined;
  readonly seed: number;
  readonly temperature: number;
  readonly json: boolean;
}

function readArguments(): Asked {
  const text = { type: 'string' } as const;
  const values = readOptions(
    {
      file: text,
      line: text,
      column: text,
      proposal: text,
      module: { type: 'string', multiple: true },
      rule: text,
      seed: text,
      temperature: text,
      json: { type: 'boolean' },
    },
    USAGE,
  );
  if (values.file === undefined) throw new UserError('usage', USAGE);
  const rule = RULE_NAMES.find(r => r === values.rule);
  if (values.rule !== undefined && rule === undefined) {
    throw new UserError('unknown-rule', `There is no rule "${values.rule}". Rules: ${RULE_NAMES.join(', ')}.`);
  }
  return {
    file: values.file,
    line: wholeNumber('line', values.line, 1),
    column: wholeNumber('column', values.column, 1),
    proposal: values.proposal ?? 'auto',
    modules: (values.module ?? []).map(parseModule),
    rule,
    seed: wholeNumber('seed', values.seed ?? '0', 0),
    temperature: number('temperature', values.temperature ?? '0'),
    json: values.json ?? false,
  };
}

/** `ID` or `ID:STRENGTH`. */
function parseModule(argument: string): ModuleSetting {
  const [id, strength] = argument.split(':');
  return strength === undefined ? { id } : { id, strength: number('module strength', strength) };
}

function wholeNumber(name: string, value: string | undefined, atLeast: number): number {
  const parsed = number(name, value);
  if (!Number.isInteger(parsed) || parsed < atLeast)
    throw new UserError('usage', `--${name} must be a whole number of at least ${atLeast}, not ${value}.`);
  return parsed;
}

function number(name: string, value: string | undefined): number {
  const parsed = Number(value);
  if (value === undefined || value.trim() === '' || !(parsed >= 0))
    throw new UserError('usage', `--${name} must be a number of at least 0, not ${value}. ${USAGE}`);
  return parsed;
}

/** @param line 1-based. @param column 1-based, in UTF-16 units. */
async function readCursor(file: string, line: number, column: number): Promise<CompletionText> {
  let source: string;
  try {
    source = (await readFile(file, 'utf8')).replace(/\r\n?/g, '\n');
  } catch (error) {
    throw new UserError('unreadable-file', `${file} cannot be read: ${messageOf(error)}`);
  }
  const lines = source.split('\n');
  if (line > lines.length) throw new UserError('no-such-line', `${file} has ${lines.length} lines, not ${line}.`);
  const current = lines[line - 1];
  if (column > current.length + 1)
    throw new UserError('no-such-column', `Line ${line} of ${file} has ${current.length + 1} columns, not ${column}.`);
  return {
    path: path
      .relative(process.cwd(), path.resolve(file))
      .split(path.sep)
      .filter(part => part !== '..')
      .slice(-3)
      .join('/'),
    prefix: [...lines.slice(0, line - 1), current.slice(0, column - 1)].join('\n'),
    lineRest: current.slice(column - 1),
    suffix: lines.slice(line).join('\n'),
    neighbours: [],
  };
}

main().catch((error: unknown) => {
  console.error(messageOf(error).replaceAll('\n', ' '));
  process.exitCode = error instanceof UserError ? 2 : 1;
});
