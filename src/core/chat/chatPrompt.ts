/**
 * From turns to the tokens a model is asked with, within a budget, and the account of what fitted. A model that was tuned
 * to converse is asked by its own template; any other is shown code that its answer would continue (commentPrompt.ts).
 */

import type { UserError } from '../errors';
import type { FimOrder } from '../fim';
import type { Tokenizer } from '../model';
import { Packing } from '../packing';
import {
  type AnswerShape,
  byRank,
  type ChatAccount,
  type ChatCommand,
  type ChatTurn,
  type ContextItem,
  type ContextUse,
} from './chat';
import type { AnswerEnd } from './chatAnswer';
import type { ChatTemplate, Message } from './chatTemplate';
import { commentLanguage } from './commentLanguage';
import { commentPrompt } from './commentPrompt';

/** How a proposal wants to be asked. */
export type ChatFormat =
  | { readonly style: 'template'; readonly template: ChatTemplate }
  | { readonly style: 'comment'; readonly order: FimOrder }
  /** It was tuned to converse, and its template cannot be used. */
  | { readonly style: 'broken'; readonly problem: UserError };

export interface ChatPrompt {
  readonly tokens: readonly number[];
  /** UTF-8 bytes that the prompt was backed up by; the continuation must begin with them. */
  readonly owed: Uint8Array;
  readonly endToken: number;
  /** Tokens that end the answer as `endToken` does. */
  readonly stopTokens: ReadonlySet<number>;
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
 * @throws UserError when the model's template cannot be used, or refuses this conversation
 */
export function buildChatPrompt(
  turns: readonly ChatTurn[],
  written: string,
  tokenizer: Tokenizer,
  format: ChatFormat,
  budget: ChatBudget,
): ChatPrompt {
  switch (format.style) {
    case 'template':
      return templatePrompt(turns, written, tokenizer, format.template, budget);
    case 'comment':
      return commentPrompt(turns, written, tokenizer, format.order, budget);
    case 'broken':
      throw format.problem;
  }
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
function templatePrompt(
  turns: readonly ChatTurn[],
  written: string,
  tokenizer: Tokenizer,
  template: ChatTemplate,
  { promptTokens, answerTokens }: ChatBudget,
): ChatPrompt {
  const last = turns[turns.length - 1];
  const earlier = turns.slice(0, -1).filter(({ role }) => role !== 'system');
  const told = turns.filter(({ role }) => role === 'system').map(({ text }) => text);
  const system: Message = { role: 'system', content: [SYSTEM, ...told].join('\n') };
  const healAt = written === '' ? 0 : tokenizer.lastPreTokenStart(written);
  const answer = tokenizer.encode(written.slice(0, healAt));
  const tokensOf = (messages: readonly Message[]) => [...template.tokens([system, ...messages]), ...answer];
  const frame = tokensOf([EMPTY_QUESTION]).length;
  const exchange = tokensOf([EMPTY_QUESTION, { role: 'assistant', content: '' }, EMPTY_QUESTION]).length - frame;

  let room = Math.max(1, promptTokens - frame);
  for (;;) {
    const { kept, asked, uses } = fitInto(
      earlier,
      last,
      exchange,
      new Packing(tokenizer, room, last.context?.length ?? 0),
    );
    const tokens = tokensOf([...kept, asked]);
    // Texts that are joined may come to a token more than they were counted apart.
    const excess = tokens.length - promptTokens;
    if (excess > 0 && room > 1) {
      room = Math.max(1, room - excess);
      continue;
    }
    return {
      tokens,
      owed: new TextEncoder().encode(written.slice(healAt)),
      endToken: template.endToken,
      stopTokens: template.stopTokens,
      shape: { kind: 'plain' },
      end: { stopTexts: [], extent: { kind: 'open' } },
      temperature: last.command === undefined || last.command === 'explain' ? FREE_TEMPERATURE : CODE_TEMPERATURE,
      repetitionPenalty: REPETITION_PENALTY,
      account: {
        budgetTokens: promptTokens,
        promptTokens: tokens.length,
        answerTokens,
        context: uses,
        nTurnsLeftOut: earlier.length - kept.length,
      },
    };
  }
}

const EMPTY_QUESTION: Message = { role: 'user', content: '' };

interface Fitted {
  readonly kept: readonly Message[];
  readonly asked: Message;
  readonly uses: readonly ContextUse[];
}

/**
 * The question first, then what stands beside it, then as many earlier turns as there is room for.
 * @param exchangeFrame tokens around a question and its answer
 */
function fitInto(earlier: readonly ChatTurn[], last: ChatTurn, exchangeFrame: number, packing: Packing): Fitted {
  const question = packing.take(askedText(last), 'head', { most: Math.ceil(packing.room / QUESTION_SHARE) });
  const most = earlier.length > 0 ? packing.room - Math.floor(packing.room / PAST_SHARE) : packing.room;
  const blocks = packContext(last.context ?? [], packing, most);
  const kept: Message[] = [];
  for (const turn of [...earlier].reverse()) {
    const content = turn.role === 'user' ? userText(turn) : turn.text;
    const nTokens = packing.count(content) + (turn.role === 'user' ? exchangeFrame : 0);
    if (nTokens > packing.room) break;
    packing.room -= nTokens;
    kept.unshift({ role: turn.role, content });
  }
  // A conversation begins with its user.
  while (kept[0]?.role === 'assistant') kept.shift();
  return { kept, asked: { role: 'user', content: [...blocks, question].join('') }, uses: packing.uses };
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

function userText(turn: ChatTurn): string {
  return [...(turn.context ?? []).flatMap(item => block(item, item.text)), askedText(turn)].join('');
}
