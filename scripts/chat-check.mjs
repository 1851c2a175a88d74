import path from 'node:path';
import { runBundle } from './runBundle.mjs';

// It runs in the project's folder, and paths are meant from where the person is.
const from = process.env.INIT_CWD ?? process.cwd();
process.argv = process.argv.map((value, i) =>
  ['--proposal', '--against-llama'].includes(process.argv[i - 1]) ? path.resolve(from, value) : value,
);
await runBundle('test/bench/chatCheck.ts');
