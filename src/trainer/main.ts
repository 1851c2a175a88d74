/**
 * Entry of the trainer process: `trainer.js --models <dir>`. Speaks the protocol on file descriptor 3, lives as long as that
 * pipe, and gives way to everything else on the machine. What it was doing goes on from the folder the next time.
 */
import { Socket } from 'node:net';
import { constants, setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { serve } from '../protocol/rpc';
import type { TrainerMethods } from '../protocol/training';

const CHANNEL_FD = 3;

const { values } = parseArgs({ options: { models: { type: 'string' } } });
if (values.models === undefined) {
  console.error('Usage: trainer.js --models <dir>, with the channel on file descriptor 3.');
  process.exit(2);
}
const { models } = values;
try {
  setPriority(constants.priority.PRIORITY_LOW);
} catch (error) {
  console.error(`The priority stays as it is: ${error}`);
}
const channel = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });
channel.on('close', () => process.exit(0));
// Ctrl+C in a terminal reaches every process of the group: whoever started this one says when to stop, and what to save.
process.on('SIGINT', () => {});
// Imported only here, because importing it loads the native runtime, which not every machine has.
void import('./trainer').then(
  ({ createTrainer }) => serve<TrainerMethods>(channel, createTrainer({ modelsDir: models })),
  reason => {
    console.error(reason);
    process.exit(1);
  },
);
