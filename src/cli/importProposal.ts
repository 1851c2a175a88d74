/**
 * `npm run -s import-proposal`: a GGUF or a folder with safetensors as a proposal folder. With `--check` the folder is
 * there already, and it is proved that the same source gives the same files.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isAbortError, messageOf, UserError } from '../core/errors';
import { parseProposalManifest } from '../core/manifest';
import { say } from '../core/sentence';
import { FORMATS, type Format } from '../importer/formats';
import { type ImportProgress, importProposal, planImport } from '../importer/importProposal';
import { readOptions } from './options';

const USAGE =
  'usage: npm run -s import-proposal -- --from FILE|FOLDER --out DIR [--format int8|int4] [--id ID] [--title T] [--licence L] [--check] [--json]';

/** As a shell tells of a program that was interrupted. */
const INTERRUPTED = 130;

interface Asked {
  readonly from: string;
  readonly out: string;
  readonly format: Format;
  readonly id: string;
  readonly title: string | undefined;
  readonly licence: string | undefined;
  readonly check: boolean;
  readonly json: boolean;
}

async function main(): Promise<void> {
  const asked = readArguments();
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort());
  const startMs = performance.now();
  try {
    if (asked.check) await check(asked, controller.signal);
    else await run(asked, asked.out, controller.signal);
  } catch (error) {
    if (!isAbortError(error)) throw error;
    console.error('Stopped: nothing is kept.');
    process.exitCode = INTERRUPTED;
    return;
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
  const manifest = parseProposalManifest(JSON.parse(await readFile(path.join(asked.out, 'residual.json'), 'utf8')));
  const plan = await planImport(asked.from);
  const seconds = Math.round((performance.now() - startMs) / 1000);
  const { id, title, licence, dtype, contextLength } = manifest;
  if (asked.json) {
    const { family, nParameters } = plan;
    const result = {
      proposal: asked.out,
      id,
      title,
      licence,
      family,
      nParameters,
      format: dtype,
      contextLength,
      seconds,
    };
    console.log(JSON.stringify({ ...result, ...(asked.check && { same: true }) }));
  } else {
    console.log(
      asked.check
        ? `${asked.out} is what ${asked.from} gives, byte for byte (${seconds} s).`
        : `${title} is in ${asked.out} (${dtype}, ${seconds} s).`,
    );
  }
}

async function run(asked: Asked, out: string, signal: AbortSignal): Promise<void> {
  const { from, format, id, title, licence } = asked;
  const said = {
    ...(title !== undefined && { title }),
    ...(licence !== undefined && { licence }),
  };
  await importProposal({ source: from, out, format, id, ...said }, shown, signal);
}

/** Makes it again from the source, elsewhere, and compares every file by hash. */
async function check(asked: Asked, signal: AbortSignal): Promise<void> {
  const there = JSON.parse(await readFile(path.join(asked.out, 'residual.json'), 'utf8')) as Manifest;
  const { id, title, licence, dtype } = parseProposalManifest(there);
  const format = FORMATS.find(known => known === dtype);
  if (format === undefined)
    throw new UserError('usage', say`${asked.out} is in the format ${dtype}, which no import makes.`);
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'residual-import-'));
  try {
    const again = path.join(scratch, 'again');
    await run({ ...asked, id, title, licence, format }, again, signal);
    const made = JSON.parse(await readFile(path.join(again, 'residual.json'), 'utf8')) as Manifest;
    for (const [name, hash] of Object.entries(made.files)) {
      if (there.files[name] === hash) continue;
      throw new UserError(
        'import-differs',
        say`${name} is not what ${asked.from} gives: its SHA-256 is ${there.files[name] ?? 'missing'}, and ${hash} was made.`,
      );
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Manifest {
  readonly files: Readonly<Record<string, string>>;
}

const PHASES: Readonly<Record<ImportProgress['phase'], string>> = {
  reading: 'Reading the source',
  quantising: 'Quantising',
  writing: 'Checking what was written',
};
let lastLine = '';

function shown({ phase, done, total }: ImportProgress): void {
  const line = `${PHASES[phase]}: ${Math.floor((100 * done) / Math.max(1, total))} %`;
  if (line === lastLine || !process.stderr.isTTY) return;
  lastLine = line;
  process.stderr.write(`\r\x1b[K${line}`);
}

function readArguments(): Asked {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const values = readOptions(
    {
      from: text,
      out: text,
      format: text,
      id: text,
      title: text,
      licence: text,
      check: flag,
      json: flag,
    },
    USAGE,
  );
  if (values.from === undefined || values.out === undefined) throw new UserError('usage', USAGE);
  const format = FORMATS.find(known => known === (values.format ?? 'int8'));
  if (format === undefined)
    throw new UserError('usage', say`--format is ${FORMATS.join(', ')}, not ${values.format ?? ''}.`);
  const out = path.resolve(values.out);
  return {
    from: path.resolve(values.from),
    out,
    format,
    id: values.id ?? path.basename(out),
    title: values.title,
    licence: values.licence,
    check: values.check,
    json: values.json,
  };
}

main().catch((error: unknown) => {
  console.error(messageOf(error).replaceAll('\n', ' '));
  process.exitCode = error instanceof UserError ? 2 : 1;
});
