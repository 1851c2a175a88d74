/** The engine's methods of a chat. Completions go first: a chat gives way between any two passes. */
import { setImmediate as eventsHadTheirTurn } from 'node:timers/promises';
import type { ChatMethods } from '../protocol/chat';
import type { Handlers } from '../protocol/rpc';
import { capabilitiesOf, chatPromptOf, runChat } from './chat';
import type { Lease, ModelChoice, ModelPool } from './modelPool';
import type { Scheduler, Turn } from './scheduler';

export function chatMethods(pool: ModelPool, scheduler: Scheduler): Handlers<ChatMethods> {
  /** Loading takes no turn: a completion need not wait until a chat's models are read. */
  const withModels = async <T>(
    choice: ModelChoice,
    signal: AbortSignal,
    use: (lease: Lease) => T | Promise<T>,
  ): Promise<T> => {
    const lease = await pool.acquire(choice, 'chat', signal);
    try {
      return await use(lease);
    } finally {
      lease.release();
    }
  };
  return {
    chat: (request, onProgress, signal) =>
      withModels(request, signal, lease =>
        scheduler.run('chat', turn => runChat(lease, request, () => giveWay(turn), onProgress, signal), signal),
      ),
    // Counting runs no model, and a chat on its way would keep it waiting.
    chatAccount: (request, _onProgress, signal) =>
      withModels(request, signal, lease => {
        const { account, shape } = chatPromptOf(lease, request);
        return { account, shape };
      }),
    chatCapabilities: ({ proposal }, _onProgress, signal) =>
      withModels({ proposal, modules: [] }, signal, lease => {
        const loaded = pool.loaded.find(({ kind, id }) => kind === 'proposal' && id === proposal.id);
        return capabilitiesOf(lease.proposal, loaded?.sizeBytes ?? 0);
      }),
    countTokens: ({ proposal, texts }, _onProgress, signal) =>
      withModels({ proposal, modules: [] }, signal, ({ proposal: { tokenizer } }) => ({
        counts: texts.map(text => tokenizer.encode(text).length),
      })),
  };
}

/** A pass blocks the thread: a completion that arrived meanwhile is heard of only when events had their turn. */
async function giveWay(turn: Turn): Promise<void> {
  await eventsHadTheirTurn();
  await turn.giveWay();
}
