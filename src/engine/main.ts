/**
 * Entry of the engine process: `engine.js --models <dir>`. Speaks the protocol on file descriptor 3 and lives exactly
 * as long as that pipe: when the host is gone, so is the engine.
 */
import { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import type { EngineMethods } from '../protocol/messages';
import { serve } from '../protocol/rpc';
import { hashInBackground, hashingThread } from './backgroundHashes';
import { engineWithoutRuntime } from './missingRuntime';

const CHANNEL_FD = 3;

if (!hashingThread()) runEngine();

function runEngine(): void {
  const { values } = parseArgs({ options: { models: { type: 'string' } } });
  if (values.models === undefined) {
    console.error('Usage: engine.js --models <dir>, with the channel on file descriptor 3.');
    process.exit(2);
  }
  const { models } = values;
  const channel = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });
  channel.on('close', () => process.exit(0));
  // Imported only here, because importing it loads the native runtime, which not every machine has.
  void import('./engine')
    .then(
      ({ createEngine }) => createEngine(models, hashInBackground(__filename)),
      reason => {
        console.error(reason);
        return engineWithoutRuntime(reason);
      },
    )
    .then(engine => serve<EngineMethods>(channel, engine));
}
