import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root, setUp } from './setup.mjs';

/** Builds one TypeScript program and runs it in the project's folder; ends this process with the program's exit code. */
export async function runBundle(entryPoint) {
  await setUp();
  const { build } = await import('esbuild');
  const outfile = `dist/${path.basename(entryPoint, '.ts')}.js`;
  await build({
    entryPoints: [entryPoint],
    absWorkingDir: root,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['onnxruntime-node', 'esbuild'],
    loader: { '.txt': 'text' },
    logLevel: 'warning',
  });
  const run = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
}
