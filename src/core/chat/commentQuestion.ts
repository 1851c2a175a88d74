/**
 * How to ask a model that only continues code: the question becomes a comment, the answer is what follows it. Each slash
 * command has the shape of code in which its answer would stand anyway. Knows no tokens: chatPrompt.ts makes it fit.
 */

import { indentOf } from '../indentation';
import type { ChatTurn, ContextItem } from './chat';
import { begunComment, commentLanguage, languageOfFence, wholeComment } from './commentLanguage';
import { baseName, declaredName, definitionHead, firstProblemAt, quoted, siblingPath, typeName } from './namedCode';
import { asksForProse, wishOf } from './questionWords';
import { around, below, closingOf, commentEndOf, type Place, placeOf, type Sketch, type Subject } from './sketch';

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
