/**
 * One chat turn on models that are loaded: prompt → seek → decode → stop. Gives way at every prefill chunk and token.
 * Knows tokens and the model's text; how an answer reads is the host's.
 */
import { ByteConstraint } from '../core/byteConstraint';
import type { ChatStop } from '../core/chat/chat';
import { GrowingAnswer } from '../core/chat/chatAnswer';
import { buildChatPrompt, type ChatPrompt } from '../core/chat/chatPrompt';
import { decode } from '../core/decoder';
import { seekAll } from '../core/lockstep';
import { seededRandom } from '../core/random';
import type { ChatCapabilities, ChatProgress, ChatRequest, ChatResult } from '../protocol/chat';
import { alignersOf, CompletionBytes } from './completion';
import type { Lease, LoadedProposal } from './modelPool';

const TOP_P = 0.95;
/** An answer takes at most this share of the model's positions. */
const ANSWER_SHARE = 2;
/** A model that only continues code has said what it has to say by then. */
const COMMENT_ANSWER_TOKENS = 192;

/** What of a request is shown to the model. */
export function chatPromptOf(lease: Lease, request: ChatRequest): ChatPrompt & { readonly answerTokens: number } {
  const { tokenizer, model, chat } = lease.proposal;
  const positions = Math.min(model.contextLength, ...lease.modules.map(module => module.model.contextLength));
  const most = chat.style === 'comment' ? COMMENT_ANSWER_TOKENS : request.maxTokens;
  const answerTokens = Math.max(1, Math.min(request.maxTokens, most, Math.floor(positions / ANSWER_SHARE)));
  const promptTokens = Math.max(1, Math.min(request.contextTokens, positions - answerTokens));
  const prompt = buildChatPrompt(request.turns, request.written, tokenizer, chat, { promptTokens, answerTokens });
  return { ...prompt, answerTokens };
}

/**
 * @param giveWay awaited between any two passes
 * @param onProgress hears the account, then the text piece by piece; their sum is the result's text
 * @throws UserError when the rules of the modules do not go together; AbortError when `signal` aborts
 */
export async function runChat(
  lease: Lease,
  request: ChatRequest,
  giveWay: () => Promise<void>,
  onProgress: (progress: ChatProgress) => void,
  signal: AbortSignal,
): Promise<ChatResult> {
  const { tokenizer, sequence } = lease.proposal;
  const aligners = alignersOf(lease, request.rule);
  const prompt = chatPromptOf(lease, request);
  const { account, shape } = prompt;
  const startMs = performance.now();
  onProgress({ kind: 'began', account, shape });
  const constraint = new ByteConstraint(tokenizer, prompt.owed);
  const report = await seekAll(sequence, aligners, prompt.tokens, constraint, signal, { between: giveWay });
  const prefilledMs = performance.now();

  const end = { ...prompt.end, stopTexts: [...prompt.end.stopTexts, ...(request.stopTexts ?? [])] };
  const output = new CompletionBytes(prompt.owed.length);
  const { sampling } = request;
  const params = {
    proposalTemperature: 1,
    topP: sampling.topP ?? TOP_P,
    repetitionPenalty: prompt.repetitionPenalty,
    temperature: (sampling.temperature ?? prompt.temperature) * (lease.modules[0]?.manifest.temperature ?? 1),
    nCandidates: 8,
    endToken: prompt.endToken,
    maxTokens: prompt.answerTokens,
    random: seededRandom(sampling.seed),
    history: [...tokenizer.encode(request.written)],
    constraint,
  };
  const answer = new GrowingAnswer(request.written, end);
  const hand = (text: string) => {
    if (text !== '') onProgress({ kind: 'text', text });
  };
  let nTokens = 0;
  let stop: ChatStop = 'length';
  for await (const step of decode(sequence, aligners, params, signal)) {
    const bytes = tokenizer.bytes(step.token);
    // Models have several tokens that end a turn or a text; none of them stands for text.
    if (bytes.length === 0 || prompt.stopTokens.has(step.token)) {
      stop = 'end';
      break;
    }
    nTokens++;
    const grown = answer.append(output.append(bytes));
    hand(grown.piece);
    if (grown.stop !== undefined) {
      stop = grown.stop;
      break;
    }
    await giveWay();
  }
  if (stop === 'end' || stop === 'length') hand(answer.finish());
  return {
    text: answer.shown,
    stop,
    account,
    shape,
    nTokens,
    nCached: report.nCached,
    nPrefilled: report.nPrefilled,
    timesMs: { load: lease.loadMs, prefill: prefilledMs - startMs, decode: performance.now() - prefilledMs },
  };
}

export function capabilitiesOf({ manifest, model, chat }: LoadedProposal, sizeBytes: number): ChatCapabilities {
  return {
    proposalId: manifest.id,
    title: manifest.title,
    style: chat.style === 'comment' ? 'comment' : 'template',
    instructionTuned: chat.style !== 'comment',
    contextLength: model.contextLength,
    sizeBytes,
    nParameters: Math.round(sizeBytes / bytesPerWeight(manifest.dtype)),
  };
}

/** By what exporters call their formats: `fp16`, `int8`, `quantized`, `q4f16`, `bnb4`. Scales and what stays finer are in the 5 bits. */
function bytesPerWeight(dtype: string): number {
  if (/4/.test(dtype)) return 5 / 8;
  if (/16/.test(dtype)) return 2;
  return /8|quantized/.test(dtype) ? 1 : 4;
}
