// Decides which real VS Code a machine runs: the browser workbench where it is available, a desktop VS Code otherwise.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { provideChromium } from './workbench/chromium.mjs';
import { workbenchRunsHere } from './workbench/install.mjs';

/**
 * @typedef {{ kind: 'browser' } | { kind: 'desktop' } | { kind: 'none', advice: string }} Editor
 * @param {{ desktop: boolean }} options `desktop` wants the desktop even where the browser workbench runs
 * @returns {Editor}
 */
export function chooseEditor({ desktop }) {
  if (desktop || !workbenchRunsHere) return { kind: 'desktop' };
  const provided = provideChromium();
  return provided.advice ? { kind: 'none', advice: provided.advice } : { kind: 'browser' };
}

/**
 * A desktop VS Code that supports the extension: named in RESIDUAL_VSCODE, on the PATH, or fetched.
 * @returns {Promise<string | undefined>} undefined where there is no desktop, or none can be fetched
 */
export async function findDesktop() {
  const hasScreen = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (!hasScreen) return undefined;
  const onPath = [process.env.RESIDUAL_VSCODE, ...codeOnPath()].find(file => file && isRecent(file));
  if (onPath) return onPath;
  const { downloadAndUnzipVSCode, SilentReporter } = await import('@vscode/test-electron');
  console.log('Fetching VS Code…');
  return downloadAndUnzipVSCode({ reporter: new SilentReporter(), timeout: 30_000 }).catch(error => {
    console.log(`VS Code cannot be fetched here (${error.message}).`);
    return undefined;
  });
}

function codeOnPath() {
  const name = process.platform === 'win32' ? 'code.cmd' : 'code';
  const files = (process.env.PATH ?? '').split(path.delimiter).map(folder => path.join(folder, name));
  return files.filter(file => fs.existsSync(file));
}

/** Whether this VS Code is new enough for the extension's own `engines` field. */
function isRecent(code) {
  try {
    const shell = process.platform === 'win32';
    const version = execFileSync(shell ? `"${code}"` : code, ['--version'], { encoding: 'utf8', shell }).split('\n')[0];
    const [wanted] = /\d+\.\d+/.exec(JSON.parse(fs.readFileSync('package.json', 'utf8')).engines.vscode);
    const [major, minor] = version.split('.').map(Number);
    const [wantedMajor, wantedMinor] = wanted.split('.').map(Number);
    const isEnough = major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
    if (!isEnough) console.log(`${code} is VS Code ${version}; Residual needs ${wanted} or newer.`);
    return isEnough;
  } catch {
    return false;
  }
}
