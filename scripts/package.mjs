// npm run package: makes two vsix, one of a platform, without node_modules and with that platform's runtime only, and one of the model,
// which is data for every platform. A model that is not whole is left out, and it is said what is missing.
//   npm run package -- --target linux-x64 --out artifacts      (the target is this machine's when not named)
//   npm run package -- --model FOLDER                          (that extension of models alone)
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { boxedModel } from './boxedModel.mjs';
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

/**
 * An extension of models, as one file: what its .vscodeignore lets in. The same files give the same bytes.
 * @param {string} folder with a package.json that names the folder of its models
 * @returns {Promise<string>} path of the vsix
 * @throws Error that says what is missing of a model
 */
export async function makeModelPackage(folder, outFolder) {
  const { createVSIX, listFiles } = await packager();
  const { name, version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const files = await listFiles({ cwd: folder });
  const proposals = new Set(files.flatMap(file => /^proposals\/[^/]+/.exec(file) ?? []));
  if (proposals.size === 0) throw new Error(`${name} is left out: there is no model in ${folder}.`);
  for (const proposal of proposals) {
    const missing = await missingIn(path.join(folder, proposal));
    if (missing) throw new Error(`${name} is left out: ${missing} of ${proposal} is not here as it should be.`);
  }
  fs.mkdirSync(outFolder, { recursive: true });
  const vsix = path.resolve(outFolder, `${name}-${version}.vsix`);
  // Whatever the clock says: vsce takes the files' time from here, and sorts them. A zip has local time, so this is local too.
  const before = process.env.SOURCE_DATE_EPOCH;
  process.env.SOURCE_DATE_EPOCH = String(new Date(2000, 0, 1).getTime() / 1000);
  try {
    await createVSIX({
      cwd: path.resolve(folder),
      packagePath: vsix,
      dependencies: false,
      rewriteRelativeLinks: false,
      allowMissingRepository: true,
      // Looking for secrets reads every file as text, weights too, and finds none in numbers.
      allowPackageAllSecrets: true,
    });
  } finally {
    if (before === undefined) delete process.env.SOURCE_DATE_EPOCH;
    else process.env.SOURCE_DATE_EPOCH = before;
  }
  return vsix;
}

/** @returns {Promise<string | undefined>} the first file of a proposal that is not there, or not with its hash */
async function missingIn(proposal) {
  const manifest = path.join(proposal, 'residual.json');
  if (!fs.existsSync(manifest)) return 'residual.json';
  for (const [name, sha256] of Object.entries(JSON.parse(fs.readFileSync(manifest, 'utf8')).files)) {
    const file = path.join(proposal, name);
    if (!fs.existsSync(file)) return name;
    const hash = createHash('sha256');
    for await (const piece of fs.createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece);
    if (hash.digest('hex') !== sha256) return name;
  }
  return undefined;
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
      model: { type: 'string' },
    },
  });
  try {
    const say = vsix => console.log(`${vsix}  ${(fs.statSync(vsix).size / 1e6).toFixed(1)} MB`);
    if (values.model) say(await makeModelPackage(values.model, values.out));
    else {
      say(await makePackage(values.target, values.out));
      await makeModelPackage(boxedModel(), values.out).then(say, error => console.log(error.message));
    }
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
