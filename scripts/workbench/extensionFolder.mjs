// Installs an extension into a profile: a vsix as a person does, a checkout by a link, so that a rebuild is picked up by
// "Developer: Reload Window".
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

/**
 * The link is to the whole folder: VS Code finds the owner of a module by its real path below the extension's real path.
 * @param {string} extension a folder or a vsix
 * @param {object} profile
 * @param {import('./install.mjs').Installation} profile.installation
 * @param {string} profile.extensions VS Code's folder of installed extensions
 * @param {string[]} profile.places arguments that name the profile's folders
 * @param {NodeJS.ProcessEnv} profile.env
 */
export async function installExtension(extension, { installation, extensions, places, env }) {
  if (isPackage(extension)) {
    const args = [installation.server, ...places, '--install-extension', path.resolve(extension)];
    await promisify(execFile)(installation.node, args, { env });
    return;
  }
  const { publisher, name, version } = JSON.parse(fs.readFileSync(path.join(extension, 'package.json'), 'utf8'));
  fs.symlinkSync(path.resolve(extension), path.join(extensions, `${publisher}.${name}-${version}`), 'dir');
}

/** @param {string} extension */
export function isPackage(extension) {
  return extension.endsWith('.vsix');
}
