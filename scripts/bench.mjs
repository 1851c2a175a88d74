import path from 'node:path';
import { build } from './build.mjs';
import { runCli } from './cli.mjs';
import { runBundle } from './runBundle.mjs';
import { setUp } from './setup.mjs';

const folderAt = process.argv.indexOf('--proposal') + 1;
if (folderAt > 0) {
  // It runs in the project's folder, and the path is meant from where the person is.
  process.argv[folderAt] = path.resolve(process.env.INIT_CWD ?? process.cwd(), process.argv[folderAt] ?? '');
  await setUp();
  await build();
  await runBundle('test/bench/proposalTimes.ts');
} else await runCli('bench');
