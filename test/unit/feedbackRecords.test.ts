// What is kept of suggestions: from events to records, in a file that anything may have happened to, and to pairs.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FeedbackLog } from '../../src/host/feedback/feedbackLog';
import { closePair, learnableOf } from '../../src/host/feedback/feedbackPairs';
import { type FeedbackRecord, fitForKeeping, insteadOf, parseRecord } from '../../src/host/feedback/feedbackRecord';
import { FeedbackRecorder } from '../../src/host/feedback/feedbackRecorder';
import { WrittenSpan } from '../../src/host/feedback/writtenSpan';
import { FakeEditor } from './support/fakeEditor';
import { hostileValues } from './support/hostileValues';

const FOO = 'foo(a, b);';
const AT = '2025-03-31T12:00:00.000Z';

const made: string[] = [];
function newFile(): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'residual-feedback-'));
  made.push(dir);
  return path.join(dir, 'feedback', 'feedback.jsonl');
}
after(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
});

function record(over: Partial<FeedbackRecord> = {}, prefix = 'const x = '): FeedbackRecord {
  return {
    formatVersion: 1,
    at: AT,
    outcome: 'typedOver',
    languageId: 'typescript',
    proposal: 'p',
    modules: [],
    text: { path: 'src/a.ts', prefix, lineRest: '', suffix: 'more', neighbours: [] },
    shown: "'a'",
    stood: '"a"',
    ...over,
  };
}

/** What is recorded of a play at `const x = █`, where `foo(a, b);` is offered. */
function recorded(play: (editor: FakeEditor) => void, { mayKeep = true, marked = 'const x = █\nmore' } = {}) {
  const log = new FeedbackLog(newFile(), assert.fail);
  const recorder = new FeedbackRecorder(log, { mayKeep: () => mayKeep, now: () => AT });
  const editor = new FakeEditor(marked, event => void recorder.hear(event));
  editor.offer([FOO]);
  play(editor);
  editor.wait(400_000);
  return log.read();
}

describe('of a suggestion it is recorded that it was', () => {
  const rows: [what: string, play: (editor: FakeEditor) => void, ...expected: [outcome: string, stood: string][]][] = [
    ['accepted', e => e.acceptAll(), ['accepted', FOO]],
    [
      'edited after the accept',
      e => {
        e.acceptAll();
        e.replaceElsewhere('a, b', 'alpha');
      },
      ['edited', 'foo(alpha);'],
    ],
    [
      'taken in part, and gone on with otherwise',
      e => {
        e.acceptWord('foo(');
        e.type('x);');
      },
      ['partly', 'foo(x);'],
    ],
    [
      'typed over',
      e => {
        e.wait(800);
        e.type('bar;');
      },
      ['typedOver', 'bar;'],
    ],
    [
      'typed over, to the end of as many lines as were shown',
      e => {
        e.wait(800);
        e.type('bar;\nbaz;');
      },
      ['typedOver', 'bar;'],
    ],
    [
      'ignored',
      e => {
        e.wait(800);
        e.moveTo(0);
      },
      ['ignored', ''],
    ],
    [
      'accepted word by word',
      e => {
        e.acceptWord('foo');
        e.acceptWord('(a, b);');
      },
      ['accepted', FOO],
    ],
    ['nothing, when it was typed', e => e.type(FOO)],
    [
      'nothing, when it was typed after all',
      e => {
        e.wait(800);
        e.type('y');
        e.backspace();
        e.type(FOO);
      },
    ],
    ['nothing, when it was not shown', e => e.type('y')],
    [
      'nothing, when another was asked for',
      e => {
        e.wait(800);
        e.offer(['bar']);
      },
      // The other one was shown, and ignored.
    ],
  ];
  for (const [what, play, ...expected] of rows) {
    it(what, () =>
      assert.deepEqual(
        recorded(play).map(({ outcome, stood }) => [outcome, stood]),
        expected,
      ),
    );
  }

  it('with the place where it began, what of it had been typed included', () => {
    const [{ text, shown, stood }] = recorded(editor => {
      editor.type('fo');
      editor.offerRest();
      editor.wait(800);
      editor.type('X');
    });
    assert.deepEqual([text.prefix, text.suffix, shown, stood], ['const x = fo', 'more', 'o(a, b);', 'X']);
  });

  it('nothing where it may not be kept', () => {
    assert.deepEqual(
      recorded(editor => editor.acceptAll(), { mayKeep: false }),
      [],
    );
  });
});

describe('what is kept of a place', () => {
  it('has no secrets, and nothing where one was shown or written', () => {
    const key = `k('${'AKIA'}${'IOSFODNN7ABCDEFG'}')`;
    assert.equal(fitForKeeping(record({}, `${key}\nconst x = `))?.text.prefix, 'const x = ');
    assert.equal(fitForKeeping(record({ shown: key })), undefined);
    assert.equal(fitForKeeping(record({ stood: key })), undefined);
    assert.equal(fitForKeeping(record({ stood: key.slice(3) }, `k('`)), undefined);
    const split = record({}, key.slice(0, 12));
    for (const lineRest of [key.slice(12), `; ${key}`])
      assert.equal(fitForKeeping({ ...split, text: { ...split.text, lineRest } }), undefined);
  });

  describe('has nothing of a private key', () => {
    const line = (n: number) => `MIIEowIBAAKCAQEAn3Jk1qLr4Vb8XyZ0aBcDeFgHiJkLmNoPqRsTuVwXyZ01234${n % 10}`;
    const lines = (n: number) => Array.from({ length: n }, (_, i) => `${line(i)}\n`).join('');
    const [begin, end] = ['BEGIN', 'END'].map(word => `-----${word} RSA ${'PRIVATE'} KEY-----\n`);
    const place = (over: Partial<FeedbackRecord['text']>, more: Partial<FeedbackRecord> = {}) => {
      const one = record(more);
      return fitForKeeping({ ...one, text: { ...one.text, ...over } });
    };

    it('where the cut goes through it', () => {
      const code = 'const a = 1;\n'.repeat(60);
      const kept = place({ prefix: `${begin}${lines(60)}${end}${code}const x = ` })!;
      assert.equal(kept.text.prefix, `${code}const x = `);
      const below = place({ suffix: `${code}${begin}${lines(60)}${end}` })!;
      assert.equal(below.text.suffix, code);
      // So long that its first line is not in what was asked with.
      assert.equal(place({ prefix: `${lines(25)}${end}${code}const x = ` })!.text.prefix, `${code}const x = `);
    });
    it('where a neighbour begins or ends inside it', () => {
      const neighbour = (text: string) => place({ neighbours: [{ path: 'k.pem', text }] })!.text.neighbours[0].text;
      assert.equal(neighbour(`${lines(5)}${end}const y = 2;\n`), 'const y = 2;\n');
      assert.equal(neighbour(`${lines(12)}`), '');
      assert.equal(neighbour(`const y = 2;\n${begin}${lines(5)}`), 'const y = 2;\n');
    });
    it('where the cursor is inside it', () => {
      const stood = line(3);
      assert.equal(place({ prefix: `${begin}${lines(3)}`, suffix: `${lines(4)}${end}` }, { stood }), undefined);
      assert.equal(place({ prefix: begin, suffix: '' }, { stood: `${stood}\n${line(4)}` }), undefined);
      assert.equal(place({ prefix: `${lines(2)}`, suffix: `${lines(4)}` }, { stood }), undefined);
      assert.equal(place({ prefix: 'const key =\n  ', suffix: `${lines(4)}${end}` }, { stood }), undefined);
      assert.equal(place({ prefix: `const password =\n  `, suffix: '' }, { stood: "'hX9!kQ2#vLp7'" }), undefined);
    });
    it('and is kept where one stands elsewhere', () => {
      const kept = place({ prefix: `${begin}${lines(3)}${end}\nconst x = `, suffix: `\n${begin}${lines(3)}${end}` })!;
      assert.deepEqual([kept.text.prefix, kept.text.suffix], ['\nconst x = ', '\n']);
    });
  });

  it('is small however large the file, and begins with a whole line', () => {
    const kept = fitForKeeping(record({}, `${'const a = 1;\n'.repeat(9000)}const x = `))!;
    assert.ok(kept.text.prefix.length <= 2400 && kept.text.prefix.startsWith('const a = 1;\n'));
    assert.ok(kept.text.prefix.endsWith('\nconst x = '));
    assert.ok(fitForKeeping(record({}, 'x'.repeat(90_000)))!.text.prefix.length <= 2400);
    assert.equal(fitForKeeping(record({ shown: 'x'.repeat(5000) })), undefined);
    assert.equal(fitForKeeping(record({ shown: '' })), undefined);
  });

  for (const [shown, standing, lineRest, expected] of [
    ['a);', 'b);', '', 'b);'],
    ['a', 'b)', ')', 'b'],
    ['a)', 'a)', ')', 'a)'],
    ['a)', 'a))', ')', 'a)'],
    ['a', 'b\r\nc', '', 'b'],
    ['a\n  b', 'c\n  d\n  e', '', 'c\n  d'],
    ['a', '', '', ''],
    ['a', 'b   ', '', 'b'],
  ]) {
    it(`reads ${JSON.stringify(expected)} in ${JSON.stringify(standing)} where ${JSON.stringify(shown)} was shown`, () =>
      assert.equal(insteadOf(shown, standing, lineRest), expected));
  }
});

describe('the place where a suggestion began', () => {
  for (const [what, edit, expected] of [
    ['grows by what is typed at its start', { offset: 10, nRemoved: 0, text: 'ab' }, [10, 17]],
    ['grows by what is typed at its end', { offset: 15, nRemoved: 0, text: 'ab' }, [10, 17]],
    ['moves with what is typed before it', { offset: 9, nRemoved: 0, text: 'ab' }, [12, 17]],
    ['moves with what is deleted before it', { offset: 8, nRemoved: 2, text: '' }, [8, 13]],
    ['shrinks with what is deleted in it', { offset: 11, nRemoved: 2, text: '' }, [10, 13]],
    ['stays when something changes behind it', { offset: 16, nRemoved: 3, text: 'x' }, [10, 15]],
    ['takes in what replaces it and more', { offset: 8, nRemoved: 9, text: 'x' }, [8, 9]],
  ] as const) {
    it(what, () => {
      const span = new WrittenSpan(10, 15);
      span.apply(edit);
      assert.deepEqual([span.from, span.to], expected);
    });
  }
});

describe('the file of records', () => {
  const shownIn = (log: FeedbackLog) => log.read().map(({ shown }) => shown);

  it('is exported without a secret that an earlier version kept', () => {
    const log = new FeedbackLog(newFile(), assert.fail);
    const secret = `${'AKIA'}${'IOSFODNN7ABCDEFG'}`;
    log.add(record());
    log.add(record({ stood: secret }));
    log.add(record({}, `${secret}\nconst y = `));
    const exported = log.exported();
    assert.equal(exported.length, 2);
    assert.deepEqual(JSON.parse(exported[0]), record());
    assert.ok(!exported.join('').includes(secret));
  });

  it('is read as it was written, also by the next window', () => {
    const file = newFile();
    const log = new FeedbackLog(file, assert.fail);
    assert.deepEqual([log.read(), log.account()], [[], { nRecords: 0, sizeBytes: 0 }]);
    log.add(record());
    log.add(record({ shown: 'b' }));
    assert.deepEqual(log.read(), [record(), record({ shown: 'b' })]);
    assert.deepEqual(new FeedbackLog(file, assert.fail).account(), { nRecords: 2, sizeBytes: statSync(file).size });
  });

  it('loses a damaged line and no other, whatever the line is', () => {
    const file = newFile();
    const log = new FeedbackLog(file, assert.fail);
    log.add(record());
    const wrong = hostileValues.filter(value => typeof value !== 'symbol' && typeof value !== 'bigint');
    for (const value of wrong) appendFileSync(file, `${JSON.stringify(value) ?? ''}\n`);
    appendFileSync(file, '{"formatVersion":1,"at":"20');
    log.add(record({ shown: 'after' }));
    const shown = shownIn(log);
    assert.equal(shown[0], "'a'");
    assert.equal(shown.at(-1), 'after');
    for (const value of wrong)
      for (const key of Object.keys(record()))
        appendFileSync(file, `${JSON.stringify({ ...record(), [key]: value })}\n`);
    for (const one of log.read()) assert.deepEqual(parseRecord(JSON.stringify(one)), one);
  });

  it('keeps so many records, and drops the oldest', () => {
    const file = newFile();
    const log = new FeedbackLog(file, assert.fail, { nRecords: 10, nBytes: 1e6 });
    for (let i = 0; i < 25; i++) log.add(record({ shown: `${i}` }));
    const shown = shownIn(log);
    assert.ok(shown.length >= 9 && shown.length <= 10);
    assert.equal(shown.at(-1), '24');
    assert.equal(shown[0], `${25 - shown.length}`);
    assert.equal(log.account().nRecords, shown.length);
    assert.deepEqual(readdirSync(path.dirname(file)), ['feedback.jsonl']);
  });

  it('keeps so many bytes, and drops the oldest', () => {
    const file = newFile();
    const log = new FeedbackLog(file, assert.fail, { nRecords: 1e6, nBytes: 4000 });
    for (let i = 0; i < 60; i++) log.add(record({ shown: `${i}` }));
    assert.ok(statSync(file).size <= 4000);
    assert.equal(shownIn(log).at(-1), '59');
    assert.ok(shownIn(log).length > 5);
  });

  it('says when it cannot be written, and writes what waited when it can', () => {
    const file = newFile();
    const problems: string[] = [];
    const log = new FeedbackLog(file, problem => problems.push(problem));
    // A file where the folder should be.
    writeFileSync(path.dirname(file), '');
    log.add(record({ shown: 'a' }));
    log.add(record({ shown: 'b' }));
    assert.equal(problems.length, 2);
    assert.ok(problems.every(problem => !problem.includes('const x')));
    rmSync(path.dirname(file));
    log.add(record({ shown: 'c' }));
    assert.deepEqual(shownIn(log), ['a', 'b', 'c']);
    assert.equal(log.account().nRecords, 3);
  });

  it('takes a line back that a full disk took half of, and keeps the others', function () {
    if (!existsSync('/dev/full')) this.skip();
    const file = newFile();
    const log = new FeedbackLog(file, assert.fail);
    log.add(record());
    const before = readFileSync(file);
    const problems: string[] = [];
    const full = new FeedbackLog(
      file,
      problem => problems.push(problem),
      undefined,
      (_, text) => {
        appendFileSync(file, text.slice(0, 20));
        writeFileSync('/dev/full', text);
      },
    );
    full.add(record({ shown: 'b' }));
    assert.match(problems[0], /ENOSPC/);
    assert.deepEqual(readFileSync(file), before);
  });

  it('is gone when it is erased, with what a crash left', () => {
    const file = newFile();
    const log = new FeedbackLog(file, assert.fail);
    log.erase();
    log.add(record());
    writeFileSync(`${file}.new`, 'half');
    log.erase();
    assert.deepEqual(readdirSync(path.dirname(file)), []);
    assert.deepEqual([log.read(), log.account().nRecords], [[], 0]);
    log.add(record());
    assert.equal(log.read().length, 1);
  });

  it('is read as nothing where it cannot be read', () => {
    const file = newFile();
    mkdirSync(file, { recursive: true });
    assert.deepEqual(new FeedbackLog(file, () => {}).read(), []);
  });
});

describe('pairs of what was kept against what was shown', () => {
  const used = [{ id: 'm', strength: 0.5 }];
  const rows: [what: string, given: Partial<FeedbackRecord>, ...expected: string[]][] = [
    ['typed over: what was written', { outcome: 'typedOver', shown: 'a', stood: 'b' }, 'b > a'],
    ['edited: what stands', { outcome: 'edited', shown: 'a', stood: 'b' }, 'b > a'],
    ['in part: what stands', { outcome: 'partly', shown: 'a b', stood: 'a c' }, 'a c > a b'],
    ['ignored, and nothing known', { outcome: 'ignored', shown: 'a', stood: '' }],
    [
      'ignored, and something alike written',
      { outcome: 'ignored', shown: 'x.run()', stood: 'y.run(1)' },
      'y.run(1) > x.run()',
    ],
    ['ignored, and something else written', { outcome: 'ignored', shown: 'run()', stood: '});' }],
    ['deleted', { outcome: 'edited', shown: 'a', stood: '' }],
    ['the same but for spaces at the end', { outcome: 'typedOver', shown: 'a ', stood: 'a' }],
    ['accepted of the proposal alone', { outcome: 'accepted', shown: 'a', stood: 'a' }],
    ['accepted of a module that weighs nothing', { outcome: 'accepted', modules: [{ id: 'm', strength: 0 }] }],
    ['accepted of a module: open', { outcome: 'accepted', modules: used, shown: 'a', stood: 'a' }, 'a > ?'],
  ];
  for (const [what, given, ...expected] of rows) {
    it(what, () => {
      const { pairs, open } = learnableOf([record(given)]);
      const said = [...pairs.map(p => `${p.chosen} > ${p.rejected}`), ...open.map(p => `${p.chosen} > ?`)];
      assert.deepEqual(said, expected);
    });
  }

  it('count once what happened twice at one place, in the order of time', () => {
    const { pairs } = learnableOf([record(), record({}, 'const y = '), record({ at: '2026-01-01' })]);
    assert.deepEqual(
      pairs.map(({ text }) => text.prefix),
      ['const x = ', 'const y = '],
    );
  });

  it('are closed by what the proposal alone writes, where that is something else', () => {
    const [open] = learnableOf([record({ outcome: 'accepted', modules: used, shown: 'a', stood: 'a' })]).open;
    assert.deepEqual(closePair(open, 'b'), { text: open.text, chosen: 'a', rejected: 'b' });
    assert.equal(closePair(open, 'a '), undefined);
    assert.equal(closePair(open, ''), undefined);
  });
});
