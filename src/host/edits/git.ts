/**
 * Runs git to read from a repository: by arguments and never through a shell, for a limited time, without waiting for
 * anybody, without writing and without fetching. For trusted folders only: a repository's own configuration can name
 * programs that git runs. What goes wrong becomes a sentence with a next step.
 */
import { execFile } from 'node:child_process';
import { AbortError, UserError } from '../../core/errors';
import { say } from '../../core/sentence';

export interface GitCall {
  readonly dir: string;
  /** Written to git's standard input. */
  readonly input?: string;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** What a repository might have git run, and where blobs that are missing would be fetched from. */
const QUIETLY = ['-c', 'core.fsmonitor=false', '-c', 'protocol.allow=never', '-c', 'core.quotePath=false'];

/** @throws UserError when there is no git, no repository, or git fails; AbortError */
export function git(args: readonly string[], { dir, input, signal }: GitCall): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new AbortError());
    const child = execFile(
      'git',
      [...QUIETLY, ...args],
      {
        cwd: dir,
        encoding: 'buffer',
        maxBuffer: MAX_BYTES,
        timeout: TIMEOUT_MS,
        signal,
        windowsHide: true,
        env: environment(),
      },
      (error, stdout, stderr) => {
        if (signal.aborted) reject(new AbortError());
        else if (error) reject(reasonOf(error, stderr.toString(), dir));
        else resolve(stdout);
      },
    );
    // Git may have ended before it has read all of it; its exit says why.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}

/** @returns what git writes, as text. @throws as `git` does. */
export async function gitText(args: readonly string[], call: GitCall): Promise<string> {
  return (await git(args, call)).toString('utf8');
}

/** The editor's own environment may point git elsewhere, as when it was started from a hook. */
function environment(): NodeJS.ProcessEnv {
  const { GIT_DIR, GIT_WORK_TREE, GIT_INDEX_FILE, GIT_EXTERNAL_DIFF, GIT_DIFF_OPTS, ...others } = process.env;
  return { ...others, GIT_OPTIONAL_LOCKS: '0', GIT_NO_LAZY_FETCH: '1', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
}

type ExecError = Error & { readonly code?: string | number | null; readonly killed?: boolean };

function reasonOf(error: ExecError, stderr: string, dir: string): UserError {
  if (error.code === 'ENOENT')
    return new UserError(
      'git-missing',
      say`Git is not found on this machine, and edits are read from it. Install git, or put it on the PATH, and start the editor again.`,
    );
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
    return new UserError('git-too-much', say`Git found more changes than can be looked at. Choose fewer commits.`);
  if (error.killed === true)
    return new UserError(
      'git-timeout',
      say`Git did not answer within ${TIMEOUT_MS / 1000} s in ${dir}. Choose fewer commits, or try again later.`,
    );
  if (/not a git repository/i.test(stderr))
    return new UserError(
      'git-no-repository',
      say`${dir} is not in a git repository, and edits are read from its history. Choose another folder, or make one with "git init".`,
    );
  const [line = ''] = stderr.split('\n').filter(Boolean);
  return new UserError('git-failed', say`Git could not read ${dir}: ${line.replace(/^fatal: /, '').slice(0, 300)}.`);
}
