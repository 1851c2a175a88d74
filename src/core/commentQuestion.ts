/**
 * How to ask a model that only continues code: the question becomes a comment, the answer is what follows it. Each slash
 * command has the shape of code in which its answer would stand anyway. Knows no tokens: chatPrompt.ts makes it fit.
 */

import { type AnswerShape, byRank, type ChatTurn, type ContextItem } from './chat';
import type { AnswerEnd } from './chatAnswer';
import {
  begunComment,
  type CommentLanguage,
  commentLanguage,
  DEFAULT_LANGUAGE,
  languageOfFence,
  namedLanguage,
  wholeComment,
} from './commentLanguage';
import { indentOf } from './indentation';

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
interface Subject {
  readonly item: ContextItem;
  readonly index: number;
}

interface Place {
  readonly turn: ChatTurn;
  readonly language: CommentLanguage;
  readonly languageId: string;
  readonly subject: Subject | undefined;
  readonly neighbours: Sketch['neighbours'];
  /** The problems of the subject's file, as comments. */
  readonly problems: readonly Piece[];
}

const SUBJECT_KINDS = ['selection', 'file', 'mention', 'tab'] as const;
const CALM = 0.2;

export function sketchOf(turn: ChatTurn, earlier: readonly ChatTurn[]): Sketch {
  const place = placeOf(turn);
  const sketch = commandSketch(place, earlier);
  return place.subject === undefined ? sketch : { ...sketch, subject: place.subject.index };
}

function commandSketch(place: Place, earlier: readonly ChatTurn[]): Sketch {
  const { turn } = place;
  switch (turn.command) {
    case 'doc':
      return place.subject ? docSketch(place, place.subject) : questionSketch(place, earlier);
    case 'explain':
      return place.subject && turn.text === '' ? explainSketch(place, place.subject) : proseSketch(place, earlier);
    case 'test':
      return place.subject ? testSketch(place, place.subject) : codeSketch(place, earlier);
    case 'fix':
      return place.subject ? fixSketch(place, place.subject) : questionSketch(place, earlier);
    case 'types':
      return place.subject ? typesSketch(place, place.subject) : questionSketch(place, earlier);
    default:
      return questionSketch(place, earlier);
  }
}

/** Whoever puts code into the question itself, as other programs do, means code beside the question. */
export function withFencedCode(turn: ChatTurn): ChatTurn {
  if (turn.context !== undefined && turn.context.length > 0) return turn;
  const blocks = [...turn.text.matchAll(FENCED)];
  if (blocks.length === 0) return turn;
  return {
    ...turn,
    text: turn.text
      .replace(FENCED, '')
      .replace(/\n{3,}/g, '\n\n')
      .trim(),
    context: blocks.map(([, fence, code]): ContextItem => {
      const languageId = languageOfFence(fence);
      return { kind: 'mention', path: `src/main${commentLanguage(languageId).ending}`, languageId, text: `${code}\n` };
    }),
  };
}

const FENCED = /^```([^\s`]*)[^\n]*\n([\s\S]*?)\n```[ \t]*$/gm;

function placeOf(turn: ChatTurn): Place {
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

/** The comment that stands before the code: the model fills it in, and sees what follows. */
function docSketch(place: Place, subject: Subject): Sketch {
  const { language, languageId } = place;
  const head = language.isIndented ? definitionHead(subject.item.text) : undefined;
  if (head !== undefined) {
    const opening = `${head.inside}"""`;
    return {
      ...around(place, subject, { inside: head.text, after: subject.item.text.slice(head.text.length) }),
      lead: opening,
      shape: { kind: 'code', languageId, opening, closing: '"""' },
      end: { stopTexts: ['"""'], extent: { kind: 'open' } },
      temperature: CALM,
    };
  }
  const indent = indentOf(subject.item.text.replace(/^\n+/, ''));
  const opening = begunComment(language.marks, '')
    .split('\n')
    .map(line => indent + line)
    .join('\n');
  return {
    ...around(place, subject, { inside: '', after: subject.item.text }),
    lead: opening,
    shape: { kind: 'code', languageId, opening, closing: closingOf(language, indent) },
    end: commentEndOf(language, indent),
    temperature: CALM,
  };
}

function explainSketch(place: Place, subject: Subject): Sketch {
  return { ...docSketch(place, subject), shape: { kind: 'prose' } };
}

/** A test file beside the subject's that has just begun. */
function testSketch({ turn, language, languageId, neighbours, problems }: Place, { item, index }: Subject): Sketch {
  const name = declaredName(item.text) ?? baseName(item.path);
  const what = turn.text === '' ? '' : `${quoted(turn.text)}`;
  const opening = language.isIndented
    ? `from ${baseName(item.path)} import ${name}\n\n\ndef test_${name}():\n    `
    : `import { ${name} } from './${baseName(item.path)}';\n\ndescribe('${name}', () => {\n  it('${what}${what === '' ? '' : "', () => {\n    "}`;
  return {
    path: language.isIndented
      ? siblingPath(item.path, `test_${baseName(item.path)}`)
      : siblingPath(item.path, `${baseName(item.path)}.test`),
    neighbours: [{ text: item.text, path: item.path, item: index }, ...neighbours],
    before: problems,
    lead: opening,
    after: [],
    shape: { kind: 'code', languageId, opening },
    end: { stopTexts: [], extent: { kind: 'unit', opening, isIndented: language.isIndented === true } },
    temperature: CALM,
  };
}

/** The code written anew from its first problem on, the old one beside it. */
function fixSketch(place: Place, subject: Subject): Sketch {
  const { language, languageId, turn } = place;
  const { item, index } = subject;
  const wish = turn.text === '' ? 'Fixed.' : `Fixed: ${turn.text}`;
  const opening = item.text.slice(0, firstProblemAt(item, turn.context ?? []));
  const sketch = around(place, subject, { inside: '', after: '' });
  return {
    ...sketch,
    neighbours: [{ text: item.text, path: item.path, item: index }, ...sketch.neighbours],
    lead: wholeComment(language.marks, wish) + opening,
    shape: { kind: 'code', languageId, opening },
    end: { stopTexts: [], extent: { kind: 'unit', opening, isIndented: language.isIndented === true } },
    temperature: CALM,
  };
}

/** A signature with its types, for a function; a type's members, for anything else. */
function typesSketch(place: Place, subject: Subject): Sketch {
  const { languageId, neighbours } = place;
  const { item, index } = subject;
  if (languageId.startsWith('javascript')) {
    const doc = docSketch(place, subject);
    const opening = '/**\n * @param {';
    return {
      ...doc,
      lead: opening,
      shape: { kind: 'code', languageId, opening, closing: closingOf(place.language, '') },
    };
  }
  const signature = /^[^\n]*?\b(?:function\b[^\n(]*|def\s+\w+|=\s*(?:async\s*)?)\((?:\s*(\w+))?/m.exec(item.text);
  const isFunction = signature !== null;
  const opening = isFunction
    ? `${signature[0].replace(/^\s+/, '')}${signature[1] === undefined ? '' : ': '}`
    : languageId === 'python'
      ? 'class '
      : `interface ${typeName(declaredName(item.text) ?? baseName(item.path))} {\n  `;
  return {
    ...around(place, subject, { inside: '', after: '' }),
    neighbours: [{ text: item.text, path: item.path, item: index }, ...neighbours],
    lead: opening,
    shape: { kind: 'code', languageId, opening },
    end: isFunction
      ? { stopTexts: ['\n'], extent: { kind: 'open' } }
      : { stopTexts: [], extent: { kind: 'unit', opening, isIndented: languageId === 'python' } },
    temperature: CALM,
  };
}

function questionSketch(place: Place, earlier: readonly ChatTurn[]): Sketch {
  return asksForProse(place.turn.text) ? proseSketch(place, earlier) : codeSketch(place, earlier);
}

/** Question and answer in one comment below the code. */
function proseSketch(place: Place, earlier: readonly ChatTurn[]): Sketch {
  const { language, turn } = place;
  const question = turn.text === '' ? 'What does this do?' : turn.text;
  return {
    ...below(place, earlier),
    lead: begunComment(language.marks, `Q: ${question}\nA: `),
    shape: { kind: 'prose' },
    end: commentEndOf(language, ''),
    temperature: CALM,
  };
}

/** The wish as the comment before a declaration that has just begun. */
function codeSketch(place: Place, earlier: readonly ChatTurn[]): Sketch {
  const { language, languageId, turn } = place;
  const { comment, opening } = wishOf(turn.text, language);
  return {
    ...below(place, earlier),
    lead: wholeComment(language.marks, comment) + opening,
    shape: { kind: 'code', languageId, opening },
    end: {
      stopTexts: language.marks.open === undefined ? [] : [`\n${language.marks.open}`],
      extent: { kind: 'unit', opening, isIndented: language.isIndented === true },
    },
    temperature: CALM,
  };
}

/** The subject's file with the answer in the subject's place: `inside` of it before the answer, the rest behind. */
function around(
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
function below(
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

function commentEndOf({ marks }: CommentLanguage, indent: string): AnswerEnd {
  return marks.close === undefined
    ? { stopTexts: [], extent: { kind: 'comment', line: indent + marks.line } }
    : { stopTexts: [marks.close.trim()], extent: { kind: 'open' } };
}

function closingOf({ marks }: CommentLanguage, indent: string): string {
  return marks.close === undefined ? '' : `\n${indent}${marks.close}`;
}

/** What a question asks for is code when it names a deed, and prose when it is asked as a question. */
function asksForProse(text: string): boolean {
  if (DEED.test(text)) return false;
  return (
    /\?\s*$/.test(text) ||
    /^\s*(?:what|why|how|when|where|which|who|is|are|does|do|can|could|should|would|explain|describe|summari[sz]e|tell)\b/i.test(
      text,
    )
  );
}

const DEED =
  /^\s*(?:(?:please|now|can you|could you|would you)\s+)*(?:write|create|add|implement|make|generate|give|show|define|declare)\b/i;

/** What is wished for: words around the wish go, and the kind of thing begins the code. */
const WISH =
  /^\s*(?:(?:please|now|can you|could you|would you)\s+)*(?:write|create|add|implement|make|generate|give|show|define|declare)\s+(?:me\s+)?(?:an?\s+|the\s+|some\s+)?((?:\w+\s+){0,2}?)(function|method|hook|component|class|interface|type)\b\s*(?:that|which|to|for)?\s*/i;

function wishOf(text: string, { fence }: CommentLanguage): { comment: string; opening: string } {
  const [wish, , kind] = WISH.exec(text) ?? [''];
  const rest = text.slice(wish.length).replace(/[?.!\s]+$/, '');
  if (kind === undefined || rest === '') return { comment: text, opening: '' };
  const comment = `${rest[0].toUpperCase()}${rest.slice(1)}.`;
  return { comment, opening: openingOf(kind.toLowerCase(), fence) };
}

function openingOf(kind: string, fence: string): string {
  const isScript = /^[jt]sx?$/.test(fence);
  if (fence === 'python') return kind === 'class' ? 'class ' : kind === 'function' || kind === 'method' ? 'def ' : '';
  if (!isScript) return '';
  switch (kind) {
    case 'hook':
      return 'export function use';
    case 'class':
      return 'export class ';
    case 'interface':
    case 'type':
      return fence.startsWith('ts') ? `export ${kind} ` : '';
    default:
      return 'export function ';
  }
}

/** The first line or lines of a Python definition, and how its body is indented. */
function definitionHead(code: string): { readonly text: string; readonly inside: string } | undefined {
  const match = /^\s*(?:@[^\n]*\n\s*)*(?:async\s+)?(?:def|class)\b[^:]*?(?:\([^)]*\))?[^:\n]*:[ \t]*\n/.exec(code);
  if (match === null) return undefined;
  const body = code.slice(match[0].length);
  return { text: match[0], inside: indentOf(body.split('\n', 1)[0]) || '    ' };
}

function declaredName(code: string): string | undefined {
  return /\b(?:function|class|const|let|var|def|interface|type|enum)\s+\*?\s*([A-Za-z_$][\w$]*)/.exec(code)?.[1];
}

function typeName(name: string): string {
  const letters = name.replace(/\W/g, '');
  return `${letters.slice(0, 1).toUpperCase()}${letters.slice(1)}`;
}

function baseName(path: string): string {
  const name = path.split('/').at(-1) ?? path;
  return name.replace(/\.\w+$/, '');
}

function siblingPath(path: string, name: string): string {
  const parts = path.split('/');
  const ending = /\.\w+$/.exec(path)?.[0] ?? '';
  return [...parts.slice(0, -1), `${name}${ending}`].join('/');
}

function quoted(text: string): string {
  return text.replace(/[\\']/g, '\\$&').replace(/\s+/g, ' ');
}

/** Offset of the first line that a problem names; at least the first line is kept where it begins a block. */
function firstProblemAt(item: ContextItem, context: readonly ContextItem[]): number {
  const firstLine = item.firstLine ?? 1;
  const lines = item.text.split('\n');
  const problems = context
    .filter(({ kind, path }) => kind === 'diagnostics' && path === item.path)
    .flatMap(({ text }) => text.split('\n').map(line => Number(/^(\d+):/.exec(line)?.[1])))
    .filter(line => line >= firstLine && line < firstLine + lines.length);
  const nKept = problems.length > 0 ? Math.min(...problems) - firstLine : Math.min(1, lines.length - 1);
  return lines.slice(0, nKept).join('\n').length + (nKept > 0 ? 1 : 0);
}
