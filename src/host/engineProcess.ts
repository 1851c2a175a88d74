/** One engine process: how it is started, its channel, its end. When to start and stop it is engineClient.ts's. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';

export interface EngineFiles {
  /** dist/engine.js. */
  readonly script: string;
  /** The shipped models: graphs/, modules/, proposals/. */
  readonly modelsDir: string;
  /** The Node that runs it; inside the editor, Electron's executable acting as Node. */
  readonly execPath: string;
}

export interface EngineProcess {
  /** The protocol's bytes; closes when the process ends. */
  readonly channel: Duplex;
  readonly pid: number | undefined;
  /** Ends the process at once; it has nothing to save. */
  kill(): void;
}

/** The engine gets no variable that it does not need: no NODE_OPTIONS, no tokens, nothing of the editor's. */
const KEPT_VARIABLES = [
  'PATH',
  'HOME',
  'USERPROFILE',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'windir',
  'LANG',
  'LC_ALL',
  'LD_LIBRARY_PATH',
];

/** Position of the channel among the child's descriptors, which main.ts opens by that number. */
const CHANNEL = 3;

/**
 * Starts the engine. A failure to start shows as a channel that closes.
 * @param onLog hears what the process prints, line by line
 * @param onExit hears how it ended, once
 */
export function startEngine(
  files: EngineFiles,
  onLog: (line: string) => void,
  onExit: (reason: string) => void,
): EngineProcess {
  const child = spawn(files.execPath, [files.script, '--models', files.modelsDir], {
    env: { ...keptEnvironment(), ELECTRON_RUN_AS_NODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    windowsHide: true,
  });
  forwardLines(child, onLog);
  let hasEnded = false;
  const end = (reason: string) => {
    if (hasEnded) return;
    hasEnded = true;
    onExit(reason);
  };
  child.on('error', error => end(error.message));
  child.on('exit', (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
  return {
    channel: child.stdio[CHANNEL] as Duplex,
    pid: child.pid,
    kill: () => void child.kill('SIGKILL'),
  };
}

function keptEnvironment(): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {};
  for (const name of KEPT_VARIABLES) if (process.env[name] !== undefined) kept[name] = process.env[name];
  return kept;
}

function forwardLines(child: ChildProcess, onLog: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLog(line);
    });
    stream?.on('end', () => {
      if (rest !== '') onLog(rest);
    });
  }
}
