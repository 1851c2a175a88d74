/** What `npm run -s train-module -- --help` says: every option, with what holds where it is not given. */
import { FORM_LIMITS } from '../protocol/pages/training';
import { TRAINING_DEFAULTS } from '../protocol/training';
import type { OPTIONS } from './trainingArguments';

const { minutes, seed, learningRate, alpha, beta, replayShare, memoryMiB } = TRAINING_DEFAULTS;

const ROWS: Readonly<Record<keyof typeof OPTIONS, readonly [value: string, text: string]>> = {
  from: ['DIR', 'the code to learn from'],
  out: ['DIR', 'where the module goes; nothing may be there yet'],
  job: ['DIR', 'where the unfinished work lies; beside --out. A command that was stopped goes on from there'],
  objective: ['NAME', 'nll (default), ram, ram-normalised, joint, or preference, which needs --pairs'],
  pairs: ['FILE', 'preference pairs, an object {text, chosen, rejected} a line'],
  minutes: ['N', `how long to train, preparing and measuring aside (${minutes})`],
  steps: ['N', 'how many steps to take, however long they are; the same steps give the same weights'],
  base: ['ID', 'the module to start from (generic)'],
  proposal: ['ID', 'the proposal that it will align (the best one that is there)'],
  id: ['ID', 'in module.json; made of the name of --out'],
  title: ['TEXT', 'in module.json; the name of the folder'],
  description: ['TEXT', 'in module.json'],
  domain: ['NAME', 'in module.json (workspace)'],
  licence: ['SPDX', 'in module.json (unknown)'],
  seed: ['N', `of everything that is drawn (${seed})`],
  threads: ['N', `of this machine, at most 4 by default (1 to ${FORM_LIMITS.threads.most})`],
  memory: ['MIB', `what the trainer stays below, or stops (${memoryMiB})`],
  'learning-rate': ['X', `highest rate of AdamW (${learningRate})`],
  replay: ['X', `share of general code against forgetting (${replayShare})`],
  alpha: ['X', `weight of the proposal's samples under ram (${alpha})`],
  beta: ['X', `exponent under joint, sharpness under preference (${beta})`],
  json: ['', 'one object on standard output when it is done'],
};

export function trainingHelp(): string {
  const rows = Object.entries(ROWS).map(([name, [value, text]]) => `  ${`--${name} ${value}`.padEnd(20)} ${text}`);
  return [
    'A module trained from a folder of code, as the editor trains it.',
    '',
    'npm run -s train-module -- --from DIR --out DIR [options]',
    '',
    ...rows,
    '',
    'Progress goes to standard error. Ctrl+C stops and keeps what was learned; the same command goes on.',
    'Exit codes: 0 done, 2 asked for wrongly or not trained for a reason that is said, 130 stopped, 1 anything else.',
  ].join('\n');
}
