/** The real clock. */
import { setTimeout } from 'node:timers/promises';
import { AbortError } from '../core/errors';
import type { Clock } from './completer';

export const clock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await setTimeout(Math.max(0, ms), undefined, { signal });
    } catch {
      throw new AbortError();
    }
  },
};
