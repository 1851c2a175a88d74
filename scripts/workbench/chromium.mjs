// Finds a Chromium on this machine, says how it is installed where there is none, and installs it on a CI machine.
// Needs no dependency, so that it can be asked before anything is installed.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];

const apt = ['apt-get update', 'apt-get install -y --no-install-recommends chromium fonts-liberation'];

/** Commands that install Chromium, by the ID of /etc/os-release; a derived system has its parent's (ID_LIKE). */
const installers = {
  debian: apt,
  // Its package named chromium installs the snap; Mint's does not.
  ubuntu: ['snap install chromium'],
  linuxmint: apt,
  fedora: ['dnf install -y chromium'],
  arch: ['pacman -Sy --noconfirm chromium'],
  suse: ['zypper --non-interactive install chromium'],
};

/** @typedef {{ environment: NodeJS.ProcessEnv, osRelease: string, isRoot: boolean }} Machine `osRelease` is /etc/os-release */

/** @returns {Machine} */
function thisMachine() {
  return {
    environment: process.env,
    osRelease: fs.existsSync('/etc/os-release') ? fs.readFileSync('/etc/os-release', 'utf8') : '',
    isRoot: process.getuid?.() === 0,
  };
}

/**
 * A Chromium for the browser workbench; where there is none, root on a CI machine, which is ours to change, installs one.
 * @param {Machine} [machine]
 * @returns {{ path: string, advice?: undefined } | { path?: undefined, advice: string }} `advice` is one sentence that names the command
 */
export function provideChromium(machine = thisMachine()) {
  const { environment, osRelease, isRoot } = machine;
  const found = findChromium(environment);
  if (found) return { path: found };
  if (environment.CI && isRoot && !environment.RESIDUAL_CHROMIUM) {
    try {
      install(installCommands(osRelease), environment);
    } catch (error) {
      console.error(error.message);
    }
  }
  const installed = findChromium(environment);
  return installed ? { path: installed } : { advice: chromiumAdvice(machine) };
}

/** @returns {string | undefined} path of the binary */
export function findChromium(environment = process.env) {
  const named = environment.RESIDUAL_CHROMIUM;
  if (named) return fs.existsSync(named) ? named : undefined;
  const onPath = (environment.PATH ?? '')
    .split(path.delimiter)
    .flatMap(folder => names.map(name => path.join(folder, name)));
  return [...onPath, ...ofPlaywright(environment)].find(file => fs.existsSync(file));
}

/**
 * One sentence. On systems without a known command it says what is missing.
 * @param {Machine} machine
 */
export function chromiumAdvice({ environment, osRelease, isRoot }) {
  const named = environment.RESIDUAL_CHROMIUM;
  if (named) return `There is no file ${named}, which RESIDUAL_CHROMIUM names: name a Chromium, or unset it.`;
  const commands = installCommands(osRelease).map(command => (isRoot ? command : `sudo ${command}`));
  const how =
    commands.length > 0 ? `run ${commands.join(' && ')}` : 'install Chromium or Google Chrome as your system does it';
  return `There is no Chromium on this machine: ${how}, or name one in RESIDUAL_CHROMIUM.`;
}

/** @param {string} osRelease content of /etc/os-release */
export function installCommands(osRelease) {
  const field = name => new RegExp(`^${name}="?([^"\\n]*)`, 'm').exec(osRelease)?.[1] ?? '';
  const systems = [field('ID'), ...field('ID_LIKE').split(' ')];
  const known = systems.map(system => system.replace(/^opensuse.*/, 'suse')).find(system => system in installers);
  return known ? installers[known] : [];
}

function install(commands, environment) {
  for (const command of commands) {
    console.log(`Installing Chromium: ${command}`);
    const [program, ...args] = command.split(' ');
    execFileSync(program, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...environment, DEBIAN_FRONTEND: 'noninteractive' },
    });
  }
}

/** Those that Playwright has downloaded, the newest first. */
function ofPlaywright(environment) {
  const cache =
    environment.PLAYWRIGHT_BROWSERS_PATH || path.join(environment.HOME ?? os.homedir(), '.cache/ms-playwright');
  if (!fs.existsSync(cache)) return [];
  const revision = folder => Number(folder.slice('chromium-'.length));
  const folders = fs.readdirSync(cache).filter(folder => /^chromium-\d+$/.test(folder));
  return folders
    .sort((a, b) => revision(b) - revision(a))
    .flatMap(folder => ['chrome-linux64', 'chrome-linux'].map(name => path.join(cache, folder, name, 'chrome')));
}
