/**
 * What a model that only continues code is shown of a conversation, before it is made to fit: the code that the question is
 * about, what stands around it and earlier turns. Knows no tokens.
 */

import { type AnswerShape, byRank, type ChatTurn, type ContextItem } from './chat';
import type { AnswerEnd } from './chatAnswer';
import {
  type CommentLanguage,
  commentLanguage,
  DEFAULT_LANGUAGE,
  namedLanguage,
  wholeComment,
} from './commentLanguage';

/** A piece of text that may be cut or left out. */
export interface Piece {
  readonly text: string;
  /** Index of the turn's context item that it shows. */
  readonly item?: number;
  /** Whether it is an earlier turn. */
  readonly isTurn?: boolean;
}

/** What the model is shown: neighbours, then `before` and `lead`, which the answer goes on from, with `after` behind it. */
export interface Sketch {
  readonly path: string;
  /** Index of the context item that the question is about. */
  readonly subject?: number;
  /** The most useful first. */
  readonly neighbours: readonly (Piece & { readonly path: string })[];
  readonly before: readonly Piece[];
  /** Never left out. Ends with what `shape` calls the opening. */
  readonly lead: string;
  readonly after: readonly Piece[];
  readonly shape: AnswerShape;
  readonly end: AnswerEnd;
  /** 0 is greedy. */
  readonly temperature: number;
}

/** The piece of context that a question is about. */
export interface Subject {
  readonly item: ContextItem;
  readonly index: number;
}

export interface Place {
  readonly turn: ChatTurn;
  readonly language: CommentLanguage;
  readonly languageId: string;
  readonly subject: Subject | undefined;
  readonly neighbours: Sketch['neighbours'];
  /** The problems of the subject's file, as comments. */
  readonly problems: readonly Piece[];
}

const SUBJECT_KINDS = ['selection', 'file', 'mention', 'tab'] as const;

export function placeOf(turn: ChatTurn): Place {
  const context = turn.context ?? [];
  const index = SUBJECT_KINDS.map(kind =>
    context.findIndex(item => item.kind === kind && item.text.trim() !== ''),
  ).find(found => found >= 0);
  const subject = index === undefined ? undefined : { item: context[index], index };
  const languageId = namedLanguage(turn.text) ?? subject?.item.languageId ?? DEFAULT_LANGUAGE;
  const language = commentLanguage(languageId);
  const rest = byRank(context).map(({ item, index: i }) => ({
    text: item.text,
    path: item.path,
    item: i,
    kind: item.kind,
  }));
  return {
    turn,
    language,
    languageId,
    subject,
    neighbours: rest.filter(({ kind, item }) => item !== index && kind !== 'diagnostics'),
    problems: rest
      .filter(({ kind }) => kind === 'diagnostics')
      .map(({ text, item }) => ({ text: wholeComment(language.marks, text), item })),
  };
}

/** The subject's file with the answer in the subject's place: `inside` of it before the answer, the rest behind. */
export function around(
  { neighbours, problems }: Place,
  { item, index }: Subject,
  { inside, after }: { readonly inside: string; readonly after: string },
): Pick<Sketch, 'path' | 'neighbours' | 'before' | 'after'> {
  return {
    path: item.path,
    neighbours,
    before: [...piece(item.before ?? ''), ...problems, ...(inside === '' ? [] : [{ text: inside, item: index }])],
    after: [...(after === '' ? [] : [{ text: after, item: index }]), ...piece(item.after ?? '')],
  };
}

/** The subject's code, earlier turns and problems, with the answer below. */
export function below(
  { subject, neighbours, problems, language }: Place,
  earlier: readonly ChatTurn[],
): Pick<Sketch, 'path' | 'neighbours' | 'before' | 'after'> {
  const code = subject === undefined ? [] : [{ text: `${subject.item.text.trimEnd()}\n\n`, item: subject.index }];
  return {
    path: subject?.item.path ?? `src/main${language.ending}`,
    neighbours,
    before: [...pastTurns(earlier, language), ...piece(subject?.item.before ?? ''), ...code, ...problems],
    after: [],
  };
}

/** Earlier questions as comments and their answers as the code that followed them. */
function pastTurns(earlier: readonly ChatTurn[], { marks }: CommentLanguage): Piece[] {
  return earlier
    .filter(({ text }) => text.trim() !== '')
    .map(({ role, text }) => {
      const code = /```[^\n]*\n([\s\S]*?)(?:\n```|$)/.exec(text)?.[1];
      return {
        isTurn: true,
        text: role === 'assistant' && code !== undefined ? `${code}\n\n` : wholeComment(marks, text),
      };
    });
}

function piece(text: string): Piece[] {
  return text.trim() === '' ? [] : [{ text }];
}

export function commentEndOf({ marks }: CommentLanguage, indent: string): AnswerEnd {
  return marks.close === undefined
    ? { stopTexts: [], extent: { kind: 'comment', line: indent + marks.line } }
    : { stopTexts: [marks.close.trim()], extent: { kind: 'open' } };
}

export function closingOf({ marks }: CommentLanguage, indent: string): string {
  return marks.close === undefined ? '' : `\n${indent}${marks.close}`;
}
