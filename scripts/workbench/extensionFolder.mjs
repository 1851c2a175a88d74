// Makes a checkout look like an installed extension, by a link: a rebuild is picked up by "Developer: Reload Window".
import fs from 'node:fs';
import path from 'node:path';

/**
 * The link is to the whole folder: VS Code finds the owner of a module by its real path below the extension's real path.
 * @param {string} extension
 * @param {string} extensions VS Code's folder of installed extensions
 */
export function installExtension(extension, extensions) {
  const { publisher, name, version } = JSON.parse(fs.readFileSync(path.join(extension, 'package.json'), 'utf8'));
  fs.symlinkSync(path.resolve(extension), path.join(extensions, `${publisher}.${name}-${version}`), 'dir');
}
