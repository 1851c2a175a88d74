// What becomes of suggestions, told from what an editor tells. `█` marks the cursor.
import assert from 'node:assert/strict';
import { FakeEditor } from './support/fakeEditor';

const FOO = 'foo(a, b);';

/**
 * What a person does at `const x = █`, where `foo(a, b);` is offered, and what is told of it. `rest` offers what is left
 * of the suggestion, as the completer does at every key that it says.
 */
const rows: [what: string, play: string, ...expected: string[]][] = [
  ['not shown before the cursor has stood for 750 ms', 'wait 749'],
  ['shown once it has', 'wait 750', 'shown'],
  ['not shown when the next key comes first', 'wait 700 | type y | wait 9000'],
  ['not shown when the cursor leaves first', 'wait 700 | move 0 | wait 9000'],
  ['not shown when another editor is opened first', 'left | wait 9000'],
  ['ignored when the cursor leaves', 'wait 800 | move 0', 'shown', 'ignored'],
  ['ignored when another editor is opened', 'wait 800 | left', 'shown', 'ignored'],
  ['ignored when the text before it is deleted', 'wait 800 | backspace', 'shown', 'ignored'],
  ['typed over by another key', 'wait 800 | type y', 'shown', 'typedOver'],
  ['typed over after it was typed in part', 'wait 800 | type fox', 'shown', 'typedOver'],
  ['typed over after typing back and forth', 'wait 800 | type fo | backspace | type x', 'shown', 'typedOver'],
  ['alive while an edit is made below it', 'wait 800 | insert 14 z', 'shown'],
  ['alive while an edit is made above it', 'wait 800 | insert 0 // | type f', 'shown'],
  ['typed through, too quickly to be read', `type ${FOO} | wait 9000`],
  ['typed through', `wait 800 | type ${FOO} | wait 600`, 'shown', 'typed'],
  ['typed through, shown once', 'wait 800 | type f | rest | wait 800 | type o | rest | wait 800', 'shown'],
  ['typed through a bracket that the editor closes', 'wait 800 | type foo | pair () | wait 600', 'shown'],
  ['replaced by another that was asked for', 'wait 800 | offer bar', 'shown', 'replaced'],
  ['dropped for another before it was shown', 'offer bar | wait 800', 'shown'],
  ['accepted', 'wait 800 | all', 'shown', `all "${FOO}" saves 10`, 'accepted'],
  ['accepted at once: it was shown then', 'all', 'shown', `all "${FOO}" saves 10`, 'accepted'],
  ['accepted after typing', 'type foo | all', 'shown', 'all "(a, b);" saves 7', 'accepted'],
  [
    'accepted in words',
    'wait 800 | word foo | rest | word (a, | rest | type y',
    'shown',
    'part "foo" saves 3',
    'more "(a," saves 3',
    'partly',
  ],
  [
    'accepted in words, then typed through',
    'word foo( | type a, b); | wait 600',
    'shown',
    'part "foo(" saves 4',
    'partly',
  ],
  [
    'accepted in words, then whole',
    'word foo | rest | all',
    'shown',
    'part "foo" saves 3',
    'rest "(a, b);" saves 7',
    'accepted',
  ],
  [
    'accepted in words to the end, without the command',
    'word foo(a, | rest | word  b); | wait 600',
    'shown',
    'part "foo(a," saves 6',
    'more " b);" saves 4',
    'partly',
  ],
  ['accepted in a word of one letter', 'word f | rest | type x', 'shown', 'part "f" saves 1', 'partly'],
  ['not accepted when the suggest widget writes the same word', 'type f | suggest foo | wait 9000'],
  ['not accepted when it is pasted', 'paste foo( | wait 9000'],
  ['not accepted when all of it is pasted', `paste ${FOO} | wait 9000`],
  [
    'undone where the accept took what was typed along',
    'type foo | all | undo',
    'shown',
    'all "(a, b);" saves 7',
    'accepted',
    'undone 7',
  ],
  [
    'undone',
    'wait 800 | all | wait 2000 | undo | wait 999000',
    'shown',
    `all "${FOO}" saves 10`,
    'accepted',
    'undone 10',
  ],
  [
    'undone and accepted again: one suggestion',
    'all | undo | again | wait 800 | all',
    'shown',
    `all "${FOO}" saves 10`,
    'accepted',
    'undone 10',
    `more "${FOO}" saves 10`,
    'accepted',
  ],
  [
    'undone word by word, and still there',
    'word foo | rest | word (a, | undo | undo | type f',
    'shown',
    'part "foo" saves 3',
    'more "(a," saves 3',
    'undone 6',
    'partly',
  ],
  ['accepted, and the undo of something else is not its own', 'all | insert 0 // | undo', ...accepted()],
  ['kept', 'all | wait 300000', ...accepted(), kept(30, FOO, 0), kept(300, FOO, 0)],
  [
    'edited after the accept, with other edits around it',
    'all | insert 0 // above | replace a, b -> alpha, b | insert 99 // below | wait 30000',
    ...accepted(),
    kept(30, 'foo(alpha, b);', 4),
  ],
  ['deleted after the accept', `all | replace ${FOO} ->  | wait 30000`, ...accepted(), kept(30, '', 10)],
  ['deleted, and an undo elsewhere is not its own', `all | replace ${FOO} ->  | insert 0 // | undo`, ...accepted()],
  [
    'kept as it stands when the document is closed',
    'all | wait 1000 | close | wait 999000',
    ...accepted(),
    kept(30, FOO, 0),
    kept(300, FOO, 0),
  ],
  ['kept without what is typed behind it', 'all | type  // x | wait 30000', ...accepted(), kept(30, FOO, 0)],
];

function accepted(): string[] {
  return ['shown', `all "${FOO}" saves 10`, 'accepted'];
}

function kept(afterS: number, standing: string, distance: number): string {
  return `after ${afterS} s "${standing}" differs by ${distance}`;
}

/** One step of a row: a verb and what it is about. */
function act(editor: FakeEditor, step: string): void {
  const [, verb, about] = /^(\w+) ?(.*)$/s.exec(step)!;
  const verbs: Record<string, () => void> = {
    wait: () => editor.wait(Number(about)),
    type: () => editor.type(about),
    paste: () => editor.edit(editor.cursor, 0, about, editor.cursor + about.length),
    pair: () => editor.typePair(about),
    backspace: () => editor.backspace(),
    suggest: () => editor.edit(editor.cursor - 1, 1, about, editor.cursor - 1 + about.length),
    move: () => editor.moveTo(Number(about)),
    left: () => editor.feedback.left(),
    close: () => editor.close(),
    flush: () => editor.feedback.flush(),
    offer: () => editor.offer([about]),
    rest: () => editor.offerRest(),
    again: () => editor.offer([FOO], { again: true }),
    word: () => editor.acceptWord(about),
    all: () => editor.acceptAll(),
    undo: () => editor.undo(),
    insert: () => {
      const [, offset, text] = /^(\d+) (.*)$/.exec(about)!;
      editor.insertElsewhere(Math.min(Number(offset), editor.text.length), text);
    },
    replace: () => editor.replaceElsewhere(...(about.split(/ -> ?/) as [string, string])),
  };
  verbs[verb]();
}

describe('feedback says of a suggestion that it was', () => {
  for (const [what, play, ...expected] of rows) {
    it(what, () => {
      const editor = new FakeEditor('const x = █\nmore');
      editor.offer([FOO]);
      for (const step of play.split(' | ')) act(editor, step);
      assert.deepEqual(editor.told, expected);
    });
  }
});

/** What stands in place of `foo(a, b);` half a minute later, to the end of what was its line. */
const stoodRows: [what: string, play: string, ...expected: string[]][] = [
  ['an accept that was left alone', 'all | wait 30000', 'accepted: "foo(a, b);"'],
  ['what an accept was edited to', 'all | replace a, b -> alpha | wait 30000', 'accepted: "foo(alpha);"'],
  ['words that were taken, and the rest that was typed', 'word foo( | type x); | wait 30000', 'partly: "foo(x);"'],
  ['what was typed instead', 'wait 800 | type y + 1; | wait 30000', 'typedOver: "y + 1;"'],
  ['what was typed in part like it', 'wait 800 | type foe(); | wait 30000', 'typedOver: "foe();"'],
  ['nothing, where it was ignored', 'wait 800 | move 0 | wait 30000', 'ignored: ""'],
  ['what was typed there later', 'wait 800 | move 0 | insert 10 bar(); | wait 30000', 'ignored: "bar();"'],
  ['the same place when text above it changes', 'wait 800 | type y | insert 0 // | wait 30000', 'typedOver: "y"'],
  ['the same place when the lines below go', 'wait 800 | type y | replace more ->  | wait 30000', 'typedOver: "y"'],
  ['what stands when the document is closed', 'wait 800 | type y | close | wait 90000', 'typedOver: "y"'],
  ['what stands when the editor goes away', 'wait 800 | type y | flush', 'typedOver: "y"'],
  ['nothing of what was not shown', 'wait 300 | type y | wait 90000'],
  ['nothing before its time', 'wait 800 | type y | wait 29000'],
  ['once what was undone and accepted again', 'all | undo | again | all | wait 40000', 'accepted: "foo(a, b);"'],
];

describe('feedback tells what stood where a suggestion ended:', () => {
  for (const [what, play, ...expected] of stoodRows) {
    it(what, () => {
      const editor = new FakeEditor('const x = █\nmore');
      editor.offer([FOO]);
      for (const step of play.split(' | ')) act(editor, step);
      assert.deepEqual(editor.stood, expected);
    });
  }
});

describe('feedback', () => {
  it('counts what is replaced right of the cursor as not saved', () => {
    const editor = new FakeEditor('call(█)');
    editor.offer(['a, b)'], { replaceRight: 1 });
    editor.acceptAll();
    assert.equal(editor.text, 'call(a, b)');
    assert.deepEqual(editor.told, ['shown', 'all "a, b)" saves 4', 'accepted']);
    editor.undo();
    assert.equal(editor.told.at(-1), 'undone 4');
  });

  it('knows which of several was accepted', () => {
    const editor = new FakeEditor('x = █');
    editor.offer(['one', 'two']);
    editor.acceptAll(1);
    const { offered } = editor.events[1];
    assert.deepEqual([offered.text, offered.suggestion.index], ['two', 1]);
  });

  it('extends what the suggest widget has chosen', () => {
    const editor = new FakeEditor('x = sta█');
    editor.offer(['state.board'], { typedBefore: 3 });
    editor.acceptAll();
    assert.deepEqual(editor.told, ['shown', 'all "te.board" saves 8', 'accepted']);
  });

  it('keeps the time that the first answer took, though what is left comes from memory', () => {
    const editor = new FakeEditor('x = █');
    editor.offer(['foo']);
    editor.type('f');
    editor.offerRest();
    editor.wait(800);
    const { offered } = editor.events[0];
    assert.deepEqual([offered.source, offered.elapsedMs, offered.text], ['engine', 80, 'oo']);
  });

  it('names the last suggestion: offered, accepted in part, accepted', () => {
    const editor = new FakeEditor('x = █');
    const latest = () => [editor.feedback.latest?.state, editor.feedback.latest?.offered.text];
    assert.deepEqual(latest(), [undefined, undefined]);
    editor.offer(['foo(a)', 'bar']);
    assert.deepEqual(latest(), ['shown', 'foo(a)']);
    editor.acceptWord('foo');
    assert.equal(latest()[0], 'partly');
    editor.offerRest();
    assert.deepEqual(latest(), ['partly', '(a)']);
    editor.acceptAll();
    editor.moveTo(0);
    assert.deepEqual(latest(), ['accepted', '(a)']);
  });

  it('knows the last suggestion by the time it tells of it', () => {
    const states: (string | undefined)[] = [];
    const editor = new FakeEditor('x = █', event => states.push(`${event.kind}: ${editor.feedback.latest?.state}`));
    editor.offer(['foo(a)']);
    editor.acceptWord('foo');
    editor.offerRest();
    editor.acceptAll();
    assert.deepEqual(states, ['shown: shown', 'acceptedPart: partly', 'accepted: accepted', 'ended: accepted']);
  });

  it('hears of a command that comes after the next suggestion, and of one that nobody knows', () => {
    const editor = new FakeEditor('x = █');
    editor.offer(['foo']);
    editor.acceptWord('foo');
    editor.offer(['bar']);
    editor.feedback.accepted(1, 0);
    assert.deepEqual(editor.told, ['shown', 'part "foo" saves 3', 'partly', 'rest "" saves 0', 'accepted']);
    editor.feedback.accepted(99, 0);
    editor.feedback.accepted(2, 7);
    assert.equal(editor.told.length, 5);
  });

  it('wants to be woken only while something may come of it', () => {
    const editor = new FakeEditor('x = █');
    assert.equal(editor.feedback.nextDueMs, undefined);
    editor.offer(['foo']);
    assert.equal(editor.feedback.nextDueMs, 750);
    editor.wait(800);
    assert.equal(editor.feedback.nextDueMs, undefined);
    editor.acceptAll();
    assert.equal(editor.feedback.nextDueMs, 30_800);
    editor.wait(400_000);
    assert.equal(editor.feedback.nextDueMs, undefined);
  });

  it('stays bounded however much is accepted', () => {
    const editor = new FakeEditor('█');
    for (let i = 0; i < 500; i++) {
      editor.offer(['foo(a);']);
      editor.acceptAll();
    }
    const before = editor.events.length;
    editor.wait(30_000);
    const of = (kind: string) => editor.events.slice(before).filter(event => event.kind === kind).length;
    assert.deepEqual([of('kept'), of('stood'), editor.events.length - before], [64, 64, 128]);
  });
});
