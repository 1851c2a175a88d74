// Bundles the extension, the engine, the webviews and the tests with esbuild.
// `--watch` keeps rebuilding; `--production` minifies, leaves out source maps and the tests.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { setUp } from './setup.mjs';

/** Packages that stay packages: given by VS Code, native, or tools of the tests. */
const external = ['vscode', 'onnxruntime-node', 'mocha', 'playwright-core', '@vscode/test-electron', 'esbuild'];

const node = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external,
  logLevel: 'warning',
  loader: { '.txt': 'text' },
};
const browser = {
  bundle: true,
  platform: 'browser',
  format: 'iife',
  target: 'es2022',
  logLevel: 'warning',
  loader: { '.ttf': 'file' },
  assetNames: '[name]',
};

const shipped = {
  extension: 'src/extension.ts',
  engine: 'src/engine/main.ts',
  trainer: 'src/trainer/main.ts',
  importer: 'src/importer/main.ts',
};

const programs = {
  ...shipped,
  'cli/complete': 'src/cli/complete.ts',
  'cli/eval': 'src/cli/eval.ts',
  'cli/bench': 'src/cli/bench.ts',
  'cli/trainModule': 'src/cli/trainModule.ts',
  'cli/importProposal': 'src/cli/importProposal.ts',
};

function filesBelow(folder, suffix) {
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter(name => name.endsWith(suffix)).map(name => path.join(folder, name));
}

function bundles(production, outdir) {
  const form = { minify: production, sourcemap: !production };
  const tests = ['unit', 'engine', 'editor', 'bench'].flatMap(tier => filesBelow(`test/${tier}`, '.test.ts'));
  return [
    { ...node, ...form, ...(production && packaged), entryPoints: production ? shipped : programs, outdir },
    {
      ...browser,
      ...form,
      entryPoints: filesBelow('src/webview/pages', '.ts'),
      outdir: production ? path.join(outdir, '../media') : 'media',
    },
    ...(production
      ? []
      : [
          {
            ...node,
            ...form,
            entryPoints: [...tests, 'test/editor/host/index.ts'],
            outbase: 'test',
            outdir: 'dist/test',
          },
        ]),
  ].filter(({ entryPoints }) => Object.keys(entryPoints).length > 0);
}

/** A package has no node_modules: the runtime is bundled, and its native library lies in bin/ beside dist/. */
const packaged = { external: ['vscode', '../bin/napi-v6/*'] };

/** Builds once, into dist/ and media/; throws when something does not compile. */
export async function build({ production = false, outdir = 'dist' } = {}) {
  const esbuild = await import('esbuild');
  const results = await Promise.all(
    bundles(production, outdir).map(options => esbuild.build({ ...options, metafile: true })),
  );
  const written = new Set(
    results.flatMap(result => Object.keys(result.metafile.outputs)).map(file => path.normalize(file)),
  );
  // A package's build has no tests, and leaves those of dist/ alone.
  if (production) return;
  // A test whose source is gone must not run on from an old build.
  const stale = [...filesBelow('dist/test', '.js'), ...filesBelow('dist/test', '.js.map')].filter(
    file => !written.has(file),
  );
  for (const file of stale) fs.rmSync(file, { force: true });
}

async function watch() {
  const esbuild = await import('esbuild');
  const contexts = await Promise.all(
    bundles(false, 'dist').map(options => esbuild.context({ ...options, logLevel: 'info' })),
  );
  await Promise.all(contexts.map(context => context.watch()));
  console.log('Watching.');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await setUp();
  try {
    await (process.argv.includes('--watch') ? watch() : build({ production: process.argv.includes('--production') }));
  } catch (error) {
    // esbuild has printed what does not compile.
    if (!error.errors) throw error;
    process.exitCode = 1;
  }
}
