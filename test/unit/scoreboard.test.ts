// The scoreboard's counts: from events to figures, added up, kept in a file that anything may have happened to.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  addTallies,
  count,
  EMPTY_TALLY,
  MOST_DAYS,
  MOST_ROWS,
  parseTally,
  type Tally,
} from '../../src/host/feedback/scoreboard';
import { ScoreboardFile } from '../../src/host/feedback/scoreboardFile';
import { daysOf, filtered, groupsOf, moduleSetsOf, totalOf } from '../../src/host/feedback/scoreboardSummary';
import { addLatency, type Latencies, mergeLatencies, percentileMs } from '../../src/host/latencies';
import { parseFromScoreboardPage } from '../../src/protocol/pages/scoreboard';
import { FakeEditor } from './support/fakeEditor';
import { hostileValues } from './support/hostileValues';

const FOO = 'foo(a, b);';
const DAY = '2025-03-31';

/** Counts everything that a play brings about where `foo(a, b);` is offered. */
function tallyOf(
  play: (editor: FakeEditor) => void,
  day = DAY,
  prepare: (editor: FakeEditor) => void = () => {},
): Tally {
  const editor = new FakeEditor('const x = █');
  prepare(editor);
  editor.offer([FOO]);
  play(editor);
  return editor.events.reduce((tally, event) => count(tally, event, day), EMPTY_TALLY);
}

const look = (play: (editor: FakeEditor) => void) => {
  const { shown, accepted, partly, undone, nSaved } = totalOf(tallyOf(play).rows);
  return { shown, accepted, partly, undone, nSaved };
};

describe('the scoreboard', () => {
  const nothing = { shown: 0, accepted: 0, partly: 0, undone: 0, nSaved: 0 };
  for (const [what, play, expected] of [
    ['nothing that was not seen', e => e.type('y'), nothing],
    ['what was shown', e => e.wait(800), { ...nothing, shown: 1 }],
    ['an accept', e => e.acceptAll(), { ...nothing, shown: 1, accepted: 1, nSaved: 10 }],
    ['words', e => e.acceptWord('foo'), { ...nothing, shown: 1, partly: 1, nSaved: 3 }],
    [
      'words and then the rest as one accept',
      e => {
        e.acceptWord('foo');
        e.offerRest();
        e.acceptAll();
      },
      { ...nothing, shown: 1, accepted: 1, nSaved: 10 },
    ],
    [
      'no characters of what was undone',
      e => {
        e.acceptAll();
        e.undo();
      },
      { ...nothing, shown: 1, accepted: 1, undone: 1 },
    ],
  ] as const satisfies [string, (editor: FakeEditor) => void, typeof nothing][]) {
    it(`counts ${what}`, () => assert.deepEqual(look(play), expected));
  }

  it('says how much of an accept is left, by edit distance', () => {
    const tally = tallyOf(e => {
      e.acceptAll();
      e.wait(30_000);
      e.replaceElsewhere('a, b', 'c');
      e.wait(300_000);
    });
    const { kept30s, kept5min } = totalOf(tally.rows);
    assert.deepEqual(kept30s, { n: 1, share: 1, nWhole: 1 });
    assert.deepEqual(kept5min, { n: 1, share: 0.6, nWhole: 0 });
  });

  it('times what had to be written, and not what was remembered', () => {
    const first = tallyOf(e => e.wait(800));
    const { p50Ms, p95Ms } = totalOf(first.rows);
    assert.ok(Math.abs(p50Ms! - 80) <= 4 && p95Ms === p50Ms);
    const remembered = tallyOf(e => {
      e.offer(['bar'], { again: true });
      e.wait(800);
    });
    assert.equal(totalOf(remembered.rows).shown, 1);
  });

  it('keeps languages and models apart, leaves out modules of strength 0, and adds up what is the same', () => {
    const withModules =
      (...modules: [string, number][]) =>
      (editor: FakeEditor) => {
        editor.models = {
          proposal: { id: 'p', dir: '/secret/path' },
          modules: modules.map(([id, strength]) => ({ id, dir: '/secret/path', strength })),
        };
      };
    const shown = (e: FakeEditor) => e.wait(800);
    const tallies = [
      tallyOf(shown),
      tallyOf(e => e.acceptAll(), '2025-03-30'),
      tallyOf(shown, DAY, withModules(['react', 0.5], ['off', 0])),
      tallyOf(shown, DAY, withModules(['react', 0.5])),
      tallyOf(shown, DAY, e => {
        e.languageId = 'python';
      }),
    ];
    const { rows } = tallies.reduce(addTallies, EMPTY_TALLY);
    assert.equal(rows.length, 4);
    assert.doesNotMatch(JSON.stringify(rows), /foo|secret|a\.ts/, 'neither code nor paths');
    const names = { language: (id: string) => id.toUpperCase(), module: (id: string) => `<${id}>` };
    assert.deepEqual(
      groupsOf(rows, names).map(({ language, titles, shown, accepted }) => [language, titles, shown, accepted]),
      [
        ['TYPESCRIPT', [], 2, 1],
        ['TYPESCRIPT', ['<react>'], 2, 0],
        ['PYTHON', [], 1, 0],
      ],
    );
    assert.deepEqual(moduleSetsOf(rows).length, 2);
    assert.equal(totalOf(filtered(rows, { languageId: 'typescript', modules: undefined })).shown, 4);
    assert.equal(totalOf(filtered(rows, { languageId: undefined, modules: ['react'] })).shown, 2);
    assert.equal(totalOf(filtered(rows, { languageId: 'python', modules: ['react'] })).shown, 0);
    assert.equal(totalOf(filtered(rows, { languageId: undefined, modules: [] })).shown, 3);

    const days = daysOf(rows, DAY);
    assert.equal(days.length, 30);
    assert.deepEqual(days.slice(-3), [
      { day: '2025-03-29', shown: 0, accepted: 0 },
      { day: '2025-03-30', shown: 1, accepted: 1 },
      { day: DAY, shown: 4, accepted: 0 },
    ]);
    assert.equal(days[0].day, '2025-03-02');
  });

  it('is the same in whichever order windows add up', () => {
    const [a, b] = [tallyOf(e => e.acceptAll()), tallyOf(e => e.acceptWord('foo'), '2025-04-01')];
    assert.deepEqual(addTallies(a, b), addTallies(b, a));
    assert.deepEqual(addTallies(a, EMPTY_TALLY), a);
  });

  it('forgets the oldest, and stays bounded', () => {
    const row = tallyOf(e => e.wait(800)).rows[0];
    const days = Array.from({ length: MOST_DAYS + 30 }, (_, i) =>
      new Date(Date.UTC(2025, 0, 1 + i)).toISOString().slice(0, 10),
    );
    const many = addTallies(EMPTY_TALLY, { formatVersion: 1, rows: days.map(day => ({ ...row, day })) });
    assert.deepEqual(
      many.rows.map(({ day }) => day),
      days.slice(-MOST_DAYS),
    );
    const languages = Array.from({ length: MOST_ROWS * 2 }, (_, i) => ({ ...row, languageId: `l${i}` }));
    assert.equal(addTallies(many, { formatVersion: 1, rows: languages }).rows.length, MOST_ROWS);
    const long = tallyOf(
      e => e.wait(800),
      DAY,
      e => {
        e.languageId = 'x'.repeat(100_000);
      },
    );
    assert.ok(JSON.stringify(long).length < 1000);
  });
});

describe('latencies', () => {
  const of = (...times: number[]) => times.reduce<Latencies>(addLatency, {});
  it('give percentiles within 4 %, however they are spread', () => {
    const times = Array.from({ length: 999 }, (_, i) => 3 + ((i * 7919) % 2000));
    const sorted = [...times].sort((a, b) => a - b);
    for (const share of [0.05, 0.5, 0.9, 0.95, 0.99]) {
      const exact = sorted[Math.ceil(share * times.length) - 1];
      const estimate = percentileMs(of(...times), share)!;
      assert.ok(Math.abs(estimate / exact - 1) < 0.041, `${share}: ${estimate}, exactly ${exact}`);
    }
  });
  it('know nothing without times, and one time for every share', () => {
    assert.equal(percentileMs({}, 0.5), undefined);
    assert.equal(percentileMs(of(80), 0.01), percentileMs(of(80), 1));
  });
  it('are added up as if they had been one', () => {
    assert.deepEqual(mergeLatencies(of(1, 80, 80), of(80, 900)), of(1, 80, 80, 80, 900));
  });
  it('stay bounded, from no time to forever', () => {
    const odd = of(0, 0.1, -5, 1e12, Number.POSITIVE_INFINITY);
    assert.ok(
      Object.keys(odd).every(bin => Number(bin) >= 0 && Number(bin) < 200),
      JSON.stringify(odd),
    );
  });
});

describe('a tally from a file', () => {
  const tally = tallyOf(e => {
    e.acceptAll();
    e.wait(30_000);
  });
  it('is what was written', () => assert.deepEqual(parseTally(JSON.parse(JSON.stringify(tally))), tally));
  it('is none for what is no tally, and never throws', () => {
    for (const value of hostileValues) assert.equal(parseTally(value), undefined, JSON.stringify(value)?.slice(0, 80));
    assert.equal(parseTally({ ...tally, formatVersion: 2 }), undefined);
  });
  it('leaves out rows that make no sense, and reads nonsense in counts as nothing', () => {
    const [row] = tally.rows;
    for (const field of ['day', 'languageId', 'proposal', 'modules'] as const)
      for (const value of hostileValues) {
        if (field !== 'day' && typeof value === 'string' && value.length <= 100) continue;
        if (field === 'modules' && Array.isArray(value) && value.length === 0) continue;
        assert.deepEqual(parseTally({ ...tally, rows: [{ ...row, [field]: value }, row] }), tally, field);
      }
    for (const field of ['shown', 'nSaved', 'kept30s', 'latencies'] as const)
      for (const value of hostileValues) {
        const parsed = parseTally({ ...tally, rows: [{ ...row, [field]: value }] });
        const figures = totalOf(parsed!.rows);
        assert.ok(
          Object.values(figures)
            .flatMap(v => (typeof v === 'object' ? Object.values(v) : v))
            .every(v => v === undefined || Number.isFinite(v)),
        );
      }
  });
});

describe('the scoreboard’s file', () => {
  let dir: string;
  let file: string;
  const problems: string[] = [];
  const open = () =>
    new ScoreboardFile(
      file,
      () => DAY,
      reason => problems.push(reason),
    );
  const events = (() => {
    const editor = new FakeEditor('const x = █');
    editor.offer([FOO]);
    editor.acceptAll();
    return editor.events;
  })();
  const addAll = (scoreboard: ScoreboardFile) => {
    for (const event of events) scoreboard.add(event);
  };
  const accepted = (scoreboard: ScoreboardFile) => totalOf(scoreboard.read().rows).accepted;

  beforeEach(() => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'residual-scoreboard-'));
    file = path.join(dir, 'new folder', 'scoreboard.json');
    problems.length = 0;
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('has what was counted before and after a restart', () => {
    const before = open();
    addAll(before);
    assert.equal(accepted(before), 1, 'also before it is written');
    before.dispose();
    const after = open();
    addAll(after);
    assert.equal(accepted(after), 2);
    after.dispose();
    assert.equal(accepted(open()), 2);
    assert.deepEqual(readdirSync(path.dirname(file)), ['scoreboard.json'], 'nothing half written stays');
  });

  it('adds up what two windows count', () => {
    const [one, other] = [open(), open()];
    addAll(one);
    addAll(other);
    one.flush();
    other.flush();
    addAll(one);
    one.flush();
    assert.equal(accepted(open()), 3);
  });

  it('is not touched when it cannot be read, says why, and loses nothing meanwhile', () => {
    const first = open();
    addAll(first);
    first.flush();
    for (const broken of ['', '{"formatVersion":1,"ro', '{"formatVersion":2,"rows":[]}', 'null', '[]']) {
      writeFileSync(file, broken);
      const scoreboard = open();
      addAll(scoreboard);
      scoreboard.flush();
      assert.equal(readFileSync(file, 'utf8'), broken);
      assert.match(problems.pop() ?? '', /cannot be read: .*erase it/);
      assert.throws(() => scoreboard.read(), { code: 'scoreboard-unreadable' });
      rmSync(file);
      assert.equal(accepted(scoreboard), 1);
    }
  });

  it('stays as it was on a full disk, says so, and is written whole when there is room again', function () {
    if (!existsSync('/dev/full')) return this.skip();
    const scoreboard = open();
    addAll(scoreboard);
    scoreboard.flush();
    const before = readFileSync(file, 'utf8');
    addAll(scoreboard);
    symlinkSync('/dev/full', `${file}.${process.pid}.new`);
    scoreboard.flush();
    assert.match(problems.pop() ?? '', /ENOSPC/);
    assert.equal(readFileSync(file, 'utf8'), before);
    assert.deepEqual(readdirSync(path.dirname(file)), ['scoreboard.json'], 'half of a file stays');
    assert.equal(accepted(scoreboard), 2, 'what was counted meanwhile');
    scoreboard.flush();
    assert.equal(accepted(open()), 2);
    assert.deepEqual(problems, []);
  });

  it('is gone once it is erased, for other windows too', () => {
    const [one, other] = [open(), open()];
    addAll(one);
    one.flush();
    writeFileSync(`${file}.99.new`, 'half');
    addAll(one);
    one.erase();
    assert.deepEqual(readdirSync(path.dirname(file)), []);
    assert.deepEqual([accepted(one), accepted(other)], [0, 0]);
    one.flush();
    assert.equal(existsSync(file), false);
  });
});

describe('messages of the scoreboard’s page', () => {
  for (const message of [
    { kind: 'ready' },
    { kind: 'export' },
    { kind: 'erase' },
    { kind: 'setOn', isOn: false },
    { kind: 'filter', filter: { languageId: undefined, modules: undefined } },
    { kind: 'filter', filter: { languageId: 'typescript', modules: ['react', 'instant'] } },
    { kind: 'filter', filter: { languageId: undefined, modules: [] } },
  ])
    it(`are understood: ${JSON.stringify(message)}`, () => assert.deepEqual(parseFromScoreboardPage(message), message));

  it('are dropped when they are none, and never throw', () => {
    for (const value of hostileValues) {
      assert.equal(parseFromScoreboardPage(value), undefined);
      assert.equal(parseFromScoreboardPage({ kind: value }), undefined);
      if (typeof value !== 'boolean') assert.equal(parseFromScoreboardPage({ kind: 'setOn', isOn: value }), undefined);
      if (value !== undefined) {
        const id = parseFromScoreboardPage({ kind: 'filter', filter: { languageId: value } });
        const isName = typeof value === 'string' && value !== '' && value.length <= 200;
        assert.equal(id !== undefined, isName);
        const modules = { kind: 'filter', filter: { languageId: undefined, modules: [value] } };
        assert.equal(parseFromScoreboardPage(modules) !== undefined, isName);
      }
    }
  });
});
