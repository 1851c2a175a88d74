/** The engine process as a chat asks it. */
import type { ChatEngine } from './chatAnswering';
import type { EngineClient } from './engineClient';

export function chatEngine(engine: EngineClient): ChatEngine {
  return {
    chat: (request, onProgress, signal) => engine.stream('chat', request, onProgress, signal),
    account: (request, signal) => engine.call('chatAccount', request, signal),
    capabilities: (proposal, signal) => engine.call('chatCapabilities', { proposal }, signal),
    countTokens: async (proposal, texts, signal) =>
      (await engine.call('countTokens', { proposal, texts }, signal)).counts,
  };
}
