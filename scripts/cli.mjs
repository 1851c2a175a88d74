// Runs one of the command-line tools in dist/cli, built first, in the folder the person called from.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { build } from './build.mjs';
import { root, setUp } from './setup.mjs';

/** Ends this process with the tool's own exit code; standard output is the tool's alone. */
export async function runCli(name) {
  await setUp();
  await build();
  const tool = spawnSync(process.execPath, [path.join(root, 'dist/cli', `${name}.js`), ...process.argv.slice(2)], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  process.exitCode = tool.status ?? 1;
}
