/** A program in the engine's place that speaks the protocol and behaves as badly as a test wants. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes the program into `dir`. `behaviour` is JavaScript that runs for each request, with `method`, `params`,
 * `answer(value)`, `progress(value)`, `isCancelled()`, `pulse(blockedMs)` and `life`, which counts the processes from 1.
 */
export function fakeEngine(dir: string, behaviour: string): string {
  const file = path.join(dir, 'engine.cjs');
  writeFileSync(
    file,
    `const fs = require('node:fs');
const lives = ${JSON.stringify(path.join(dir, 'lives'))};
const life = fs.existsSync(lives) ? Number(fs.readFileSync(lives, 'utf8')) + 1 : 1;
fs.writeFileSync(lives, String(life));
const channel = new (require('node:net').Socket)({ fd: 3, readable: true, writable: true });
channel.on('close', () => process.exit(0));
const send = message => {
  const text = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(text.length);
  channel.write(Buffer.concat([head, text]));
};
let pulseId;
const cancelled = new Set();
const pulse = blockedMs => send({ kind: 'progress', id: pulseId, value: { blockedMs } });
let bytes = Buffer.alloc(0);
channel.on('data', chunk => {
  bytes = Buffer.concat([bytes, chunk]);
  while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) {
    const length = bytes.readUInt32BE(0);
    const { kind, id, method, params } = JSON.parse(bytes.subarray(4, 4 + length));
    bytes = bytes.subarray(4 + length);
    if (kind === 'cancel') { cancelled.add(id); continue; }
    if (method === 'pulse') { pulseId = id; continue; }
    const answer = value => send({ kind: 'result', id, value });
    const progress = value => send({ kind: 'progress', id, value });
    const isCancelled = () => cancelled.has(id);
    if (method === 'limits') { answer(null); continue; }
    (() => { ${behaviour} })();
  }
});
`,
  );
  return file;
}
