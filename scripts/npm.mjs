// Runs npm itself, also from within an npm script, whose own npm_* variables must not leak into another folder's install.
import { spawn } from 'node:child_process';
import path from 'node:path';

const kept = /^npm_config_(registry|cache|cafile|ca|proxy|https_proxy|noproxy|userconfig|globalconfig|strict_ssl)$/i;

/** The environment without what the surrounding npm script added to it. */
export function environmentForNpm() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || kept.test(name) || name === 'npm_execpath'),
  );
}

/**
 * Resolves when npm succeeded.
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, node?: string, quiet?: boolean }} options `node` runs npm under another Node; `quiet` shows npm's output only on failure
 */
export function npm(args, { cwd, env = {}, node = process.execPath, quiet = false }) {
  const cli = process.env.npm_execpath;
  const environment = { ...environmentForNpm(), ...env };
  const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', process.stderr, process.stderr];
  const child =
    cli && path.basename(cli) === 'npm-cli.js'
      ? spawn(node, [cli, ...args], { cwd, env: environment, stdio })
      : // npm is a batch file on Windows, which only a shell can start.
        spawn('npm', args, { cwd, env: environment, stdio, shell: process.platform === 'win32' });
  let output = '';
  child.stdout?.on('data', chunk => (output += chunk));
  child.stderr?.on('data', chunk => (output += chunk));
  // Two npms must not work in one folder: this one ends with us.
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  const stop = () => child.kill('SIGTERM');
  for (const signal of signals) process.once(signal, stop);
  child.on('close', () => {
    for (const signal of signals) process.off(signal, stop);
  });
  return new Promise((resolve, reject) => {
    child.on('error', error => reject(new Error(`npm could not be started: ${error.message}`)));
    child.on('close', code =>
      code === 0
        ? resolve(undefined)
        : reject(new Error(`npm ${args[0]} failed with exit code ${code}.${output && `\n${output}`}`)),
    );
  });
}
