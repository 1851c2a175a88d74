/** The engine's methods. Every request names all it needs, so a restarted engine answers as the old one would have. */
import { UserError } from '../core/errors';
import type { EngineLimits, EngineMethods } from '../protocol/messages';
import type { Handlers } from '../protocol/rpc';
import { runCompletion } from './completion';
import { ModelPool } from './modelPool';
import { Scheduler } from './scheduler';

/** Until the host sends its own. */
const FIRST_LIMITS: EngineLimits = { threads: 0, memoryMiB: 1024 };

export function createEngine(modelsDir: string): Handlers<EngineMethods> {
  const startMs = performance.now();
  const scheduler = new Scheduler();
  const pool = new ModelPool({
    modelsDir,
    limits: FIRST_LIMITS,
    loadNgram: manifest => {
      throw new UserError('module-kind-unknown', `"${manifest.id}" is an n-gram module, which is not supported yet.`);
    },
  });
  return {
    complete: (request, onProgress, signal) =>
      scheduler.run(
        'completion',
        async () => {
          const lease = await pool.acquire(request, 'completion', signal);
          try {
            return await runCompletion(lease, request, onProgress, signal);
          } finally {
            lease.release();
          }
        },
        signal,
      ),
    warm: (request, _onProgress, signal) =>
      scheduler.run(
        'warm',
        async () => {
          const lease = await pool.acquire(request, 'completion', signal);
          lease.release();
          return { loadMs: lease.loadMs };
        },
        signal,
      ),
    limits: async limits => {
      await pool.setLimits(limits);
      return null;
    },
    status: async () => ({
      loaded: pool.loaded,
      rssBytes: process.memoryUsage.rss(),
      uptimeMs: performance.now() - startMs,
    }),
  };
}
