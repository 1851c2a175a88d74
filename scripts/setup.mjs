// Brings a fresh checkout to the point where everything else can run: a recent Node and the locked dependencies.
// Needs nothing but Node, npm and the npm registry, and leaves standard output to whoever asked.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from './npm.mjs';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

// On import, because whatever a script does next may not run on an old one.
refuseOldNode(process.versions.node);

/**
 * Makes the checkout the working directory, and installs dependencies that are missing or outdated.
 * @returns {Promise<true>} @throws when npm fails
 */
export async function setUp() {
  process.chdir(root);
  if (dependenciesAreCurrent()) return true;
  console.error('Installing dependencies (npm ci)…');
  await npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root });
  return true;
}

/** mocha is made of ES modules that it loads with `require`, which Node can since 20.19 and 22.12. */
function refuseOldNode(version) {
  const [major, minor] = version.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return;
  console.error(`This project needs Node 20.19, 22.12 or newer, and this is Node ${version}: see https://nodejs.org.`);
  process.exit(1);
}

/** Compares versions rather than times: a checkout sets new times, and an interrupted install leaves no hidden lockfile. */
function dependenciesAreCurrent() {
  try {
    const wanted = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
    const installed = JSON.parse(fs.readFileSync(path.join(root, 'node_modules/.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(
      // Optional packages are binaries for other machines, mostly; their owners pin the same version.
      ([folder, entry]) =>
        folder === '' || (entry.optional && !installed[folder]) || installed[folder]?.version === entry.version,
    );
  } catch {
    return false;
  }
}
