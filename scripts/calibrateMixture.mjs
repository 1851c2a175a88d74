// Builds and runs test/bench/calibrateMixture.ts: how much of an instant module is mixed into a proposal.
import { spawnSync } from 'node:child_process';
import { root, setUp } from './setup.mjs';

await setUp();
const { build } = await import('esbuild');
await build({
  entryPoints: ['test/bench/calibrateMixture.ts'],
  absWorkingDir: root,
  outfile: 'dist/calibrateMixture.js',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  external: ['onnxruntime-node'],
  logLevel: 'warning',
});
const run = spawnSync(process.execPath, ['dist/calibrateMixture.js', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = run.status ?? 1;
