/**
 * The engine of a machine on which the model runtime does not load. It lives and answers, so that nobody starts it again
 * and again, and says why there is nothing to complete with.
 */
import { messageOf, UserError } from '../core/errors';
import { say } from '../core/sentence';
import type { EngineMethods } from '../protocol/messages';
import type { Handlers } from '../protocol/rpc';

/** @param reason what loading the runtime threw. */
export function engineWithoutRuntime(reason: unknown): Handlers<EngineMethods> {
  const refuse = () => Promise.reject(missing(reason));
  return {
    complete: refuse,
    chat: refuse,
    chatAccount: refuse,
    chatCapabilities: refuse,
    countTokens: refuse,
    warm: refuse,
    inspectProposal: refuse,
    limits: () => Promise.resolve(null),
    status: () =>
      Promise.resolve({ loaded: [], rssBytes: process.memoryUsage.rss(), uptimeMs: process.uptime() * 1000 }),
    pulse: (_none, _onProgress, signal) =>
      new Promise(resolve => signal.addEventListener('abort', () => resolve(null), { once: true })),
    ngramBegin: refuse,
    ngramAdd: refuse,
    ngramFinish: refuse,
    ngramAbandon: refuse,
    ngramFiles: refuse,
    ngramRecall: refuse,
    ngramUpdate: refuse,
    ngramSave: refuse,
    ngramSurvey: refuse,
    ngramExpect: refuse,
    ngramMeasure: refuse,
  };
}

function missing(reason: unknown): UserError {
  const [cause] = messageOf(reason).split('\n');
  return new UserError(
    'runtime-missing',
    say`Residual cannot run its models on this machine (${machine()}), because ONNX Runtime does not load (${cause}); it runs on Linux with glibc (x64, arm64), Windows (x64, arm64) and macOS (arm64).`,
  );
}

/** What the sentence calls a machine: the C library too where that is why nothing loads. */
export function machine({ platform, arch, hasGlibc }: Machine = thisMachine()): string {
  return platform === 'linux' && !hasGlibc ? `${platform} ${arch} with musl` : `${platform} ${arch}`;
}

export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly hasGlibc: boolean;
}

function thisMachine(): Machine {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  const { platform, arch } = process;
  return { platform, arch, hasGlibc: report?.header?.glibcVersionRuntime !== undefined };
}
