import path from 'node:path';
import { runCli } from './cli.mjs';
import { runBundle } from './runBundle.mjs';

if (process.argv.includes('--nats')) {
  // It runs in the project's folder, and paths are meant from where the person is.
  const from = process.env.INIT_CWD ?? process.cwd();
  const isPath = (/** @type {number} */ i) => ['--proposal', '--out', '--against'].includes(process.argv[i - 1]);
  process.argv = process.argv.map((value, i) => (isPath(i) ? path.resolve(from, value) : value));
  await runBundle('test/bench/natsPerByte.ts');
} else await runCli('eval');
