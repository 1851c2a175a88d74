// Decides which real VS Code a machine can run: the browser workbench where it is available, a desktop VS Code otherwise.
import { execFileSync } from 'node:child_process';
import { browserAdvice, findChromium } from './workbench/browser.mjs';
import { workbenchRunsHere } from './workbench/install.mjs';

/**
 * @typedef {{ kind: 'browser' } | { kind: 'desktop' } | { kind: 'none', advice: string }} Editor
 * @param {{ desktop: boolean }} options `desktop` wants the desktop even where the browser workbench runs
 * @returns {Editor}
 */
export function chooseEditor({ desktop }) {
  if (desktop || !workbenchRunsHere) return { kind: 'desktop' };
  if (findChromium() || installChromium()) return { kind: 'browser' };
  return { kind: 'none', advice: `no Chromium found; ${browserAdvice}.` };
}

/** Only on a CI machine that is ours to change. */
function installChromium() {
  if (!process.env.CI || process.getuid?.() !== 0) return false;
  console.log('Installing Chromium…');
  const apt = args =>
    execFileSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  try {
    apt(['update', '-qq']);
    apt(['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'fonts-liberation']);
  } catch (error) {
    console.error(error.message);
  }
  return findChromium() !== undefined;
}
