/** A chat engine that says what a test tells it to, and a store that is a map. */

import type { AnswerShape, ChatAccount, ChatStop } from '../../../src/core/chat/chat';
import { AbortError } from '../../../src/core/errors';
import type { ChatEngine } from '../../../src/host/chat/chatAnswering';
import type { ChatStore } from '../../../src/host/chat/chatHistory';
import type { Choice } from '../../../src/host/modules/moduleChoice';
import type { ChatCapabilities, ChatRequest, ChatResult } from '../../../src/protocol/chat';

export const ACCOUNT: ChatAccount = {
  budgetTokens: 100,
  promptTokens: 10,
  answerTokens: 50,
  context: [],
  nTurnsLeftOut: 0,
};

export const CAPABILITIES: ChatCapabilities = {
  proposalId: 'p',
  title: 'P',
  style: 'comment',
  instructionTuned: false,
  contextLength: 128,
  sizeBytes: 1,
  nParameters: 1,
};

/** One call of the engine that waits to be answered. */
export interface FakeCall {
  readonly request: ChatRequest;
  readonly isCancelled: () => boolean;
  begin(shape?: AnswerShape): void;
  say(text: string): void;
  end(stop?: ChatStop): void;
  fail(error: Error): void;
}

export class FakeChatEngine implements ChatEngine {
  readonly calls: FakeCall[] = [];
  readonly counted: ChatRequest[] = [];
  #onCall = () => {};

  /** The call numbered `n` from 0, when it has come. */
  async call(n: number): Promise<FakeCall> {
    while (this.calls.length <= n) await new Promise<void>(resolve => (this.#onCall = resolve));
    return this.calls[n];
  }

  chat: ChatEngine['chat'] = (request, onProgress, signal) =>
    new Promise<ChatResult>((resolve, reject) => {
      let written = request.written;
      let shape: AnswerShape = { kind: 'plain' };
      signal.addEventListener('abort', () => reject(new AbortError()), { once: true });
      this.calls.push({
        request,
        isCancelled: () => signal.aborted,
        begin: (as = { kind: 'plain' }) => {
          shape = as;
          onProgress({ kind: 'began', account: ACCOUNT, shape });
        },
        say: text => {
          written += text;
          onProgress({ kind: 'text', text });
        },
        end: (stop = 'end') =>
          resolve({
            text: written,
            stop,
            account: ACCOUNT,
            shape,
            nTokens: 1,
            nCached: 0,
            nPrefilled: 1,
            timesMs: { load: 0, prefill: 0, decode: 0 },
          }),
        fail: reject,
      });
      this.#onCall();
    });

  account: ChatEngine['account'] = async request => {
    this.counted.push(request);
    return { account: ACCOUNT, shape: { kind: 'plain' } };
  };

  capabilities: ChatEngine['capabilities'] = async () => CAPABILITIES;

  countTokens: ChatEngine['countTokens'] = async (_proposal, texts) => texts.map(text => text.length);
}

export function choiceOf(...modules: readonly string[]): Choice {
  return {
    proposal: { id: 'p', dir: '/p' },
    modules: modules.map(id => ({ id, dir: `/m/${id}`, strength: 0.5 })),
    titles: modules.map(id => id.toUpperCase()),
  };
}

/** @param texts kept, so that a second store sees what the first wrote. */
export function mapStore(texts = new Map<string, string>()): ChatStore & { readonly texts: Map<string, string> } {
  return {
    texts,
    names: async () => [...texts.keys()],
    read: async name => texts.get(name),
    write: async (name, text) => void texts.set(name, text),
    remove: async name => void texts.delete(name),
  };
}
