// Runs one of the command-line tools in dist/cli, built first, in the folder the person called from.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { boxedModel } from './boxedModel.mjs';
import { build } from './build.mjs';
import { root, setUp } from './setup.mjs';

/** Ends this process with the tool's own exit code; standard output is the tool's alone. */
export async function runCli(name) {
  await setUp();
  await build();
  const tool = spawn(process.execPath, [path.join(root, 'dist/cli', `${name}.js`), ...process.argv.slice(2)], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    env: { RESIDUAL_MODELS: path.join(root, boxedModel()), ...process.env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  // Ctrl+C reaches the tool by itself, which may have something to save: it says when this ends.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => tool.kill('SIGTERM'));
  process.exitCode = await new Promise(resolve => tool.on('close', code => resolve(code ?? 1)));
}
