/** The engine's methods. Every request names all it needs, so a restarted engine answers as the old one would have. */
import type { EngineLimits, EngineMethods } from '../protocol/messages';
import type { Handlers } from '../protocol/rpc';
import type { HashFiles } from './backgroundHashes';
import { chatMethods } from './chatMethods';
import { readPrompt, runCompletion } from './completion';
import { ModelPool } from './modelPool';
import { measureNgram } from './ngramMeasurement';
import { loadNgram, NgramModules } from './ngramModules';
import { NgramQuestions } from './ngramQuestions';
import { Pulse } from './pulse';
import { Scheduler } from './scheduler';

/** Until the host sends its own. */
const FIRST_LIMITS: EngineLimits = { threads: 0, memoryMiB: 1024 };

export function createEngine(modelsDir: string, hashFiles?: HashFiles): Handlers<EngineMethods> {
  const startMs = performance.now();
  const pulse = new Pulse();
  const onStep = (weightsBytes: number) => pulse.step(weightsBytes);
  const scheduler = new Scheduler(onStep);
  const pool = new ModelPool({ modelsDir, limits: FIRST_LIMITS, loadNgram, onStep, ...(hashFiles && { hashFiles }) });
  const ngrams = new NgramModules(pool);
  const questions = new NgramQuestions(pool);
  return {
    ...chatMethods(pool, scheduler),
    complete: (request, onProgress, signal) =>
      scheduler.run(
        request.lane ?? 'completion',
        async turn => {
          const lease = await pool.acquire(request, request.lane ?? 'completion', signal);
          try {
            return await runCompletion(lease, request, turn, onProgress, signal);
          } finally {
            lease.release();
          }
        },
        signal,
      ),
    warm: (request, _onProgress, signal) =>
      scheduler.run(
        'warm',
        async turn => {
          const lease = await pool.acquire(request, 'completion', signal);
          try {
            if (request.prompt !== undefined) await readPrompt(lease, request.prompt, turn, signal);
            return { loadMs: lease.loadMs };
          } finally {
            lease.release();
          }
        },
        signal,
      ),
    inspectProposal: (request, _onProgress, signal) =>
      scheduler.run('warm', () => pool.inspect(request, signal), signal),
    limits: async limits => {
      await pool.setLimits(limits);
      return null;
    },
    status: async () => ({
      loaded: pool.loaded,
      rssBytes: process.memoryUsage.rss(),
      uptimeMs: performance.now() - startMs,
    }),
    pulse: (_none, onProgress, signal) => pulse.tell(onProgress, signal),
    // Counting gives way to every completion, and what takes long gives way to counting what was saved.
    ngramBegin: (request, _onProgress, signal) => scheduler.run('warm', () => ngrams.begin(request, signal), signal),
    ngramAdd: (request, _onProgress, signal) =>
      scheduler.run('warm', turn => ngrams.add(request, turn, signal), signal),
    ngramFinish: (request, _onProgress, signal) =>
      scheduler.run('idle', turn => ngrams.finish(request, turn, signal), signal),
    ngramAbandon: request => ngrams.abandon(request),
    ngramFiles: (request, _onProgress, signal) => scheduler.run('warm', () => ngrams.files(request, signal), signal),
    ngramRecall: (request, _onProgress, signal) => scheduler.run('warm', () => ngrams.recall(request, signal), signal),
    ngramUpdate: (request, _onProgress, signal) =>
      scheduler.run('warm', turn => ngrams.update(request, turn, signal), signal),
    ngramSave: (request, _onProgress, signal) =>
      scheduler.run('idle', turn => ngrams.save(request, turn, signal), signal),
    ngramSurvey: (request, _onProgress, signal) =>
      scheduler.run('idle', turn => questions.survey(request, turn, signal), signal),
    ngramMeasure: (request, onProgress, signal) =>
      scheduler.run('idle', turn => measureNgram(pool, request, turn, onProgress, signal), signal),
    ngramExpect: (request, _onProgress, signal) =>
      scheduler.run('warm', () => questions.expect(request, signal), signal),
  };
}
