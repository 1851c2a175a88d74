// npm run package: makes a platform's vsix, without node_modules and with that platform's runtime only.
//   npm run package -- --target linux-x64 --out artifacts      (the target is this machine's when not named)
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { npm } from './npm.mjs';
import { root, setUp } from './setup.mjs';

/** Targets of VS Code that onnxruntime-node has a library for: platform/architecture in its bin/ folder. */
const TARGETS = {
  'linux-x64': 'linux/x64',
  'linux-arm64': 'linux/arm64',
  'darwin-arm64': 'darwin/arm64',
  'win32-x64': 'win32/x64',
  'win32-arm64': 'win32/arm64',
};

/** What a package holds; .vscodeignore, which travels along, is the list that counts. */
const SHIPPED = [
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'NOTICE',
  '.vscodeignore',
  'package.nls.json',
  'package.nls.de.json',
  'media',
  'l10n',
  'models/proposals/residual-6m',
  'models/modules',
  'models/graphs',
  'models/replay',
];

/** @returns {Promise<string>} path of the vsix */
export async function makePackage(target, outFolder) {
  const library = TARGETS[target];
  if (!library) throw new Error(`There is no runtime for ${target}. Targets: ${Object.keys(TARGETS).join(', ')}.`);
  const stage = fs.mkdtempSync(path.join(os.tmpdir(), 'residual-package-'));
  try {
    await build({ production: true, outdir: path.join(stage, 'dist') });
    for (const name of SHIPPED) {
      // Pages that were built for development lie in media/ too; those of the package are built already.
      const filter = file => !(file.startsWith(`media${path.sep}`) && /\.(?:js|css|ttf|map)$/.test(file));
      if (fs.existsSync(name)) fs.cpSync(name, path.join(stage, name), { recursive: true, filter });
    }
    const bin = path.join('bin/napi-v6', library);
    fs.cpSync(path.join('node_modules/onnxruntime-node', bin), path.join(stage, bin), { recursive: true });
    const manifest = JSON.parse(fs.readFileSync('package.json', 'utf8'));
    for (const field of ['scripts', 'dependencies', 'devDependencies', 'private']) delete manifest[field];
    fs.writeFileSync(path.join(stage, 'package.json'), JSON.stringify(manifest, null, 2));

    const { createVSIX } = await packager();
    fs.mkdirSync(outFolder, { recursive: true });
    const vsix = path.resolve(outFolder, `residual-${target}-${manifest.version}.vsix`);
    await createVSIX({
      cwd: stage,
      packagePath: vsix,
      target,
      dependencies: false,
      rewriteRelativeLinks: false,
      allowMissingRepository: true,
    });
    return vsix;
  } finally {
    fs.rmSync(stage, { recursive: true, force: true });
  }
}

/** vsce has a lockfile of its own: a fresh clone that only starts and tests does not pay for it. */
async function packager() {
  const folder = path.join(root, 'scripts/packaging');
  if (!fs.existsSync(path.join(folder, 'node_modules/@vscode/vsce'))) {
    console.error('Installing the packager (npm ci)…');
    await npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
  }
  return import(path.join(folder, 'node_modules/@vscode/vsce/out/api.js')).then(m => m.default ?? m);
}

if (process.argv[1]?.endsWith('package.mjs')) {
  await setUp();
  const { values } = parseArgs({
    options: {
      target: { type: 'string', default: `${process.platform}-${process.arch}` },
      out: { type: 'string', default: 'artifacts' },
    },
  });
  try {
    const vsix = await makePackage(values.target, values.out);
    console.log(`${vsix}  ${(fs.statSync(vsix).size / 1e6).toFixed(1)} MB`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
