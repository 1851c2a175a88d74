/** The engine process as a chat asks it. */

import type { EngineClient } from '../engineClient';
import type { ChatEngine } from './chatAnswering';

export function chatEngine(engine: EngineClient): ChatEngine {
  return {
    chat: (request, onProgress, signal) => engine.stream('chat', request, onProgress, signal),
    account: (request, signal) => engine.call('chatAccount', request, signal),
    capabilities: (proposal, signal) => engine.call('chatCapabilities', { proposal }, signal),
    countTokens: async (proposal, texts, signal) =>
      (await engine.call('countTokens', { proposal, texts }, signal)).counts,
  };
}
