// Starts VS Code's server on a free loopback port with a throw-away profile, and ends it with everything it started.
// Knows nothing of browsers: what the address shows is up to whoever opens it.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { installExtension, isPackage } from './extensionFolder.mjs';
import { countAttempts, isolation } from './isolation.mjs';
import { endProcessTree, killProcessTree } from './processTree.mjs';
import { listenFor } from './socketProxy.mjs';

const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  // As on a desktop: in a browser VS Code saves by itself.
  'files.autoSave': 'off',
  // Each folder is a row of its own, as paths are.
  'explorer.compactFolders': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  // VS Code's own TypeScript asks the npm registry for types as soon as a JavaScript file is opened.
  'js/ts.tsserver.automaticTypeAcquisition.enabled': false,
  'git.enabled': false,
  'git.openRepositoryInParentFolders': 'never',
};

/**
 * @typedef {object} ServerOptions
 * @property {string | string[]} [extension] Folder or vsix of extensions to install, as a person would have them installed.
 * @property {boolean} [testDriver] Lets a page run an extension's tests by address; hides toasts.
 * @property {boolean} [trusted] Trust every workspace without asking.
 * @property {number} [port] A free one by default.
 * @property {boolean} [isolated] Without a network, where the machine can do that: see `attempts`.
 * @property {Record<string, unknown>} [settings] User settings.
 * @property {Record<string, unknown>} [machineSettings] Settings of machine scope: a window on a server takes them from there alone.
 * @property {Record<string, string>} [environment] Reaches the extension host.
 *
 * @typedef {object} Server
 * @property {number} port
 * @property {string} profile Folder of everything the server writes.
 * @property {Promise<void>} ended Resolves when the server ends, for whatever reason.
 * @property {() => import('./isolation.mjs').Attempts | undefined} attempts What the whole tree has tried to reach so far, which
 * holds after its end too; undefined when it is not isolated.
 * @property {() => string} logs What the server and the extension host logged.
 * @property {() => Promise<void>} stop Ends the whole process tree and removes the profile.
 */

/**
 * @param {import('./install.mjs').Installation} installation
 * @param {ServerOptions} options
 * @returns {Promise<Server>}
 */
export async function startServer(
  installation,
  {
    extension,
    testDriver = false,
    trusted = true,
    port: wanted = 0,
    isolated: wantsIsolation = false,
    settings = {},
    machineSettings = {},
    environment = {},
  },
) {
  // Short names: a socket's path may have about 100 characters.
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'vs-'));
  const folders = ['user/User', 'user/Machine', 'extensions', 'server', 't', 'home'].map(name =>
    path.join(profile, name),
  );
  for (const folder of folders) fs.mkdirSync(folder, { recursive: true });
  const [userSettings, ofMachine, extensions, data, tmp, home] = folders;
  fs.writeFileSync(
    path.join(userSettings, 'settings.json'),
    JSON.stringify({ ...quietSettings, ...settings }, null, 2),
  );
  fs.writeFileSync(path.join(ofMachine, 'settings.json'), JSON.stringify(machineSettings, null, 2));

  const prefix = wantsIsolation ? isolation() : [];
  const isolated = wantsIsolation && Array.isArray(prefix);
  // A socket in the file system is the one door between network namespaces.
  const socket = path.join(profile, 'socket');
  const address = isolated ? ['--socket-path', socket] : ['--host', '127.0.0.1', '--port', String(wanted)];
  const places = ['--user-data-dir', path.join(profile, 'user'), '--extensions-dir', extensions];
  const args = [
    [...address, '--without-connection-token', '--accept-server-license-terms'],
    [...places, '--server-data-dir', data, '--disable-telemetry', '--skip-welcome'],
    testDriver ? ['--enable-smoke-test-driver'] : [],
    trusted ? ['--disable-workspace-trust'] : [],
  ].flat();
  const env = {
    ...cleanEnvironment(),
    TMPDIR: tmp,
    XDG_RUNTIME_DIR: tmp,
    XDG_CONFIG_HOME: home,
    XDG_DATA_HOME: home,
    XDG_CACHE_HOME: home,
    EXTENSIONS_GALLERY: '{}',
    ...environment,
  };
  // Folders first: with the first package VS Code writes a list of what is installed, and then knows nothing else.
  const toInstall = [extension ?? []].flat().toSorted((a, b) => Number(isPackage(a)) - Number(isPackage(b)));
  for (const one of toInstall) await installExtension(one, { installation, extensions, places, env });
  const command = [...(isolated ? prefix : []), installation.node, installation.server, ...args];
  const child = spawn(command[0], command.slice(1), {
    cwd: profile,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });

  let output = '';
  const ended = new Promise(resolve => child.on('close', () => resolve(undefined)));
  const listening = new Promise((resolve, reject) => {
    const listen = chunk => {
      output += chunk;
      const found = /Extension host agent listening on (\S+)/.exec(output);
      if (found) resolve(Number(found[1]));
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('error', reject);
    child.on('close', code =>
      reject(new Error(`VS Code's server ended with code ${code} before it listened.\n${output}`)),
    );
    setTimeout(() => reject(new Error(`VS Code's server did not listen within a minute.\n${output}`)), 60_000).unref();
  });
  const removeProfile = () => fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  const mark = `TMPDIR=${profile}`;
  // For an end that nobody planned, such as an exception that nobody caught.
  const endAtOnce = () => {
    if (child.pid) killProcessTree(child.pid, mark);
    removeProfile();
  };
  process.once('exit', endAtOnce);
  /** @type {ReturnType<typeof countAttempts> | undefined} */
  let counter;
  /** @type {import('./isolation.mjs').Attempts | undefined} */
  let finalAttempts;
  /** @type {Awaited<ReturnType<typeof listenFor>> | undefined} */
  let proxy;
  const stop = async () => {
    if (child.pid) await endProcessTree(child.pid, mark);
    proxy?.close();
    finalAttempts ??= counter?.attempts();
    counter?.close();
    counter = undefined;
    removeProfile();
    process.off('exit', endAtOnce);
  };
  const logs = () => `${logFiles(profile)}\n--- server ---\n${output}`;
  const attempts = () => finalAttempts ?? counter?.attempts();
  try {
    let port = await listening;
    if (isolated) {
      counter = countAttempts(/** @type {number} */ (child.pid));
      proxy = await listenFor(socket, wanted);
      port = proxy.port;
    }
    return { port, profile, ended, attempts, logs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Variables of an editor's own terminal would turn its children into something else. */
export function cleanEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(ELECTRON_|VSCODE_|NODE_OPTIONS$|NODE_CHANNEL_FD$|npm_)/.test(name),
    ),
  );
}

/** The extension's own log and the extension host's: the only ones that say why an extension does nothing. */
function logFiles(profile) {
  const files = fs
    .readdirSync(profile, { recursive: true, encoding: 'utf8' })
    .filter(file => /(remoteexthost|residual[^/]*)\.log$/i.test(file));
  return files
    .map(file => `--- ${path.basename(file)} ---\n${fs.readFileSync(path.join(profile, file), 'utf8')}`)
    .join('\n');
}
