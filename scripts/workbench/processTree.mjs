// Ends a process and everything it started. VS Code's watcher, agent host and extension host outlive the server,
// and are re-parented when it dies, so that the tree alone would lose them: they are found by a mark in their environment too.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * @param {number} root process id
 * @param {string} mark a part of the environment that only this tree has, such as `TMPDIR=` and a fresh folder
 */
export async function endProcessTree(root, mark) {
  if (process.platform === 'win32') {
    try {
      execFileSync('taskkill', ['/pid', String(root), '/T', '/F'], { stdio: 'ignore' });
    } catch {}
    return;
  }
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGTERM', 'SIGKILL', 'SIGKILL'])) {
    if (signalMembers(root, mark, signal) === 0) return;
    for (let i = 0; i < 10 && members(root, mark).length > 0; i++) await delay(50);
  }
}

/**
 * As endProcessTree, at once and without asking: for a process that is about to end itself.
 * @param {number} root
 * @param {string} mark
 */
export function killProcessTree(root, mark) {
  if (process.platform !== 'win32') signalMembers(root, mark, 'SIGKILL');
}

/**
 * @param {number} root
 * @param {string} mark
 * @param {NodeJS.Signals} signal
 */
function signalMembers(root, mark, signal) {
  const alive = members(root, mark);
  for (const pid of alive) {
    try {
      process.kill(pid, signal);
    } catch {}
  }
  return alive.length;
}

/**
 * The processes that carry a mark in their environment (Linux; elsewhere none).
 * @param {string} mark
 */
export function markedProcesses(mark) {
  if (process.platform !== 'linux') return [];
  const found = [...parentOf().keys()].filter(pid => pid !== process.pid && carries(pid, mark));
  return found.map(pid => ({ pid, command: commandLine(pid) }));
}

function commandLine(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

function members(root, mark) {
  const parents = parentOf();
  const isDescendant = pid => {
    for (let p = pid; p > 1; p = parents.get(p) ?? 0) if (p === root) return true;
    return false;
  };
  return [...parents.keys()].filter(pid => pid !== process.pid && (isDescendant(pid) || carries(pid, mark)));
}

function carries(pid, mark) {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark);
  } catch {
    return false;
  }
}

/** Process id → parent, without zombies. */
function parentOf() {
  if (process.platform !== 'linux') {
    const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,state='], { encoding: 'utf8' }).trim().split('\n');
    const parsed = rows.map(row => row.trim().split(/\s+/)).filter(([, , state]) => !state.startsWith('Z'));
    return new Map(parsed.map(([pid, parent]) => [Number(pid), Number(parent)]));
  }
  const parents = new Map();
  for (const entry of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      // "pid (name) state ppid …", and the name may contain anything.
      const [state, parent] = fs
        .readFileSync(`/proc/${entry}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      if (state !== 'Z') parents.set(Number(entry), Number(parent));
    } catch {}
  }
  return parents;
}
