/**
 * From turns to the tokens a model is asked with, within a budget, and the account of what fitted. A model that was tuned
 * to converse is asked in ChatML; any other is shown code that its answer would continue (commentPrompt.ts).
 */

import type { FimOrder } from '../fim';
import type { Tokenizer } from '../model';
import { Packing } from '../packing';
import { type AnswerShape, byRank, type ChatAccount, type ChatCommand, type ChatTurn, type ContextItem } from './chat';
import type { AnswerEnd } from './chatAnswer';
import { commentLanguage } from './commentLanguage';
import { commentPrompt } from './commentPrompt';

/** How a proposal wants to be asked. */
export type ChatFormat =
  /** `opening` begins every answer, as the empty thought of models that think aloud. */
  { readonly style: 'chatml'; readonly opening: string } | { readonly style: 'comment'; readonly order: FimOrder };

export interface ChatPrompt {
  readonly tokens: readonly number[];
  /** UTF-8 bytes that the prompt was backed up by; the continuation must begin with them. */
  readonly owed: Uint8Array;
  readonly endToken: number;
  readonly shape: AnswerShape;
  readonly end: AnswerEnd;
  /** What suits the question; 0 is greedy. */
  readonly temperature: number;
  /** 1 is none. */
  readonly repetitionPenalty: number;
  readonly account: ChatAccount;
}

export interface ChatBudget {
  /** Tokens for the prompt. */
  readonly promptTokens: number;
  /** Tokens kept free for the answer, for the account. */
  readonly answerTokens: number;
}

/**
 * @param turns at least one; the last is the one to answer
 * @param written what the model wrote of the answer before; the prompt goes on from there
 */
export function buildChatPrompt(
  turns: readonly ChatTurn[],
  written: string,
  tokenizer: Tokenizer,
  format: ChatFormat,
  budget: ChatBudget,
): ChatPrompt {
  return format.style === 'chatml'
    ? chatmlPrompt(turns, written, tokenizer, format.opening, budget)
    : commentPrompt(turns, written, tokenizer, format.order, budget);
}

const SYSTEM =
  'You are Residual, a programming assistant that runs on this machine alone. Answer briefly, in Markdown. Put code in fenced blocks that name the language.';

const INSTRUCTIONS: Readonly<Record<ChatCommand, string>> = {
  explain: 'Explain briefly what this code does and why.',
  doc: 'Write the documentation comment for this code. Answer with the comment alone, in one code block.',
  test: 'Write tests for this code. Answer with one code block.',
  fix: 'Fix this code. Answer with the fixed code in one code block, then say in one sentence what was wrong.',
  types: 'Add types to this code. Answer with the typed code in one code block.',
};

/** Conversation is livelier than code. */
const FREE_TEMPERATURE = 0.7;
const CODE_TEMPERATURE = 0.2;
/** Hardly shifts what a model that converses would say. */
const REPETITION_PENALTY = 1.05;
/** Share of the room that the context of the last turn leaves to earlier turns, if there are any. */
const PAST_SHARE = 4;
/** A question takes at most this share of the room; a longer one is cut at its end. */
const QUESTION_SHARE = 2;

/**
 * Earlier turns stand as they stood when they were asked, or not at all: their tokens are then still in the KV cache.
 * The newest are kept.
 */
function chatmlPrompt(
  turns: readonly ChatTurn[],
  written: string,
  tokenizer: Tokenizer,
  opening: string,
  { promptTokens, answerTokens }: ChatBudget,
): ChatPrompt {
  const { special } = tokenizer;
  const { imStart, imEnd = special.endoftext, bos } = special;
  const last = turns[turns.length - 1];
  const earlier = turns.slice(0, -1).filter(({ role }) => role !== 'system');
  const system = [SYSTEM, ...turns.filter(({ role }) => role === 'system').map(({ text }) => text)].join('\n');
  const healAt = written === '' ? 0 : tokenizer.lastPreTokenStart(written);
  const answer = [...tokenizer.encode(opening), ...tokenizer.encode(written.slice(0, healAt))];
  const newline = tokenizer.encode('\n');
  // Segments are encoded apart, so that what was counted of each is what all of them take.
  const turnTokens = (role: string, segments: readonly string[]) => [
    ...(imStart === undefined ? [] : [imStart]),
    ...tokenizer.encode(`${role}\n`),
    ...segments.flatMap(segment => tokenizer.encode(segment)),
    imEnd,
    ...newline,
  ];
  const frame = turnTokens('user', []).length;
  const head = [...(bos === undefined ? [] : [bos]), ...turnTokens('system', [system])];
  const tail = [...(imStart === undefined ? [] : [imStart]), ...tokenizer.encode('assistant\n'), ...answer];

  const context = last.context ?? [];
  const packing = new Packing(tokenizer, Math.max(1, promptTokens - head.length - tail.length - frame), context.length);
  const question = packing.take(askedText(last), 'head', { most: Math.ceil(packing.room / QUESTION_SHARE) });
  const most = earlier.length > 0 ? packing.room - Math.floor(packing.room / PAST_SHARE) : packing.room;
  const blocks = packContext(context, packing, most);

  const kept: (readonly number[])[] = [];
  for (const turn of [...earlier].reverse()) {
    const tokens = turnTokens(turn.role, turn.role === 'user' ? userSegments(turn) : [turn.text]);
    if (tokens.length > packing.room) break;
    packing.room -= tokens.length;
    kept.unshift(tokens);
  }
  // A conversation begins with its user.
  if (kept.length % 2 === 1 && earlier.length % 2 === 0) kept.shift();

  const tokens = [...head, ...kept.flat(), ...turnTokens('user', [...blocks, question]), ...tail];
  return {
    tokens,
    owed: new TextEncoder().encode(written.slice(healAt)),
    endToken: imEnd,
    shape: { kind: 'plain' },
    end: { stopTexts: [], extent: { kind: 'open' } },
    temperature: last.command === undefined || last.command === 'explain' ? FREE_TEMPERATURE : CODE_TEMPERATURE,
    repetitionPenalty: REPETITION_PENALTY,
    account: {
      budgetTokens: promptTokens,
      promptTokens: tokens.length,
      answerTokens,
      context: packing.uses,
      nTurnsLeftOut: earlier.length - kept.length,
    },
  };
}

/** @returns a block of Markdown for each item that fitted, in the order in which they were chosen, in segments. */
function packContext(context: readonly ContextItem[], packing: Packing, most: number): string[] {
  const blocks: (readonly string[])[] = context.map(() => []);
  let left = most;
  for (const { item, index } of byRank(context)) {
    const nFrame = block(item, CUT).reduce((sum, segment) => sum + packing.count(segment), 0);
    const roomBefore = packing.room;
    const text = packing.take(item.text, 'head', { item: index, most: left - nFrame });
    if (text === '') continue;
    packing.room -= nFrame;
    left -= roomBefore - packing.room;
    blocks[index] = block(item, text);
  }
  return blocks.flat();
}

/** Stands for a text that is not whole: its frame is the longest. */
const CUT = '';

/** What stands before the text, the text, and what stands behind it. */
function block({ kind, path, languageId, firstLine, text: whole }: ContextItem, text: string): readonly string[] {
  if (kind === 'diagnostics') return [`Problems in \`${path}\`, by line:\n`, text.trimEnd(), '\n\n'];
  const lines = firstLine === undefined ? '' : `, from line ${firstLine}`;
  const cut = text.length < whole.length ? ' (its beginning)' : '';
  const fence = commentLanguage(languageId).fence;
  return [`\`${path}\`${lines}${cut}:\n\`\`\`${fence}\n`, text.trimEnd(), '\n```\n\n'];
}

function askedText({ command, text }: ChatTurn): string {
  return command === undefined ? text : text === '' ? INSTRUCTIONS[command] : `${INSTRUCTIONS[command]} ${text}`;
}

function userSegments(turn: ChatTurn): string[] {
  return [...(turn.context ?? []).flatMap(item => block(item, item.text)), askedText(turn)];
}
