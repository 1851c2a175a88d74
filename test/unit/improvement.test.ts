// Improvements from feedback: their ids, what was in use before each, the page's messages, and a folder that waits.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../../src/core/errors';
import { PendingImprovement } from '../../src/host/feedback/improvement';
import {
  isImprovement,
  nextImprovementId,
  parseHistory,
  stillUsed,
  type UsedImprovement,
  withImprovement,
  withUsed,
} from '../../src/host/feedback/improvementHistory';
import { improvementSpec } from '../../src/host/feedback/improvementSpec';
import { whileWorking } from '../../src/host/training/workingLock';
import { parseFromImprovementPage } from '../../src/protocol/pages/improvement';
import { planOf } from '../../src/trainer/plan';
import type { DataAccount } from '../../src/trainer/preparedData';
import { hostileValues } from './support/hostileValues';

const used = (id: string): UsedImprovement => ({
  id,
  title: id,
  at: '2025-03-31T12:00:00Z',
  scope: '',
  level: 2,
  before: [],
});

describe('an improvement', () => {
  for (const [taken, expected] of [
    [[], 'my-feedback'],
    [['my-feedback'], 'my-feedback-2'],
    [['My-Feedback', 'my-feedback-2', 'my-feedback-4'], 'my-feedback-3'],
  ] as const) {
    it(`is ${expected} beside ${taken.join(', ') || 'none'}`, () => assert.equal(nextImprovementId(taken), expected));
  }

  it('takes the place of an earlier one, and leaves other modules where they are', () => {
    const modules = [{ id: 'react', strength: 0.3 }, { id: 'my-feedback-2' }, { id: 'my-feedback-of-others' }];
    assert.deepEqual(withImprovement(modules, 'my-feedback-3'), [modules[0], modules[2], { id: 'my-feedback-3' }]);
    assert.deepEqual(['my-feedback', 'my-feedback-2', 'my-feedback-x', 'feedback'].map(isImprovement), [
      true,
      true,
      false,
      false,
    ]);
  });

  it('is remembered with what was in use before, the last so many', () => {
    let history: UsedImprovement[] = [];
    for (let i = 0; i < 50; i++) history = withUsed(history, used(`m${i}`));
    assert.equal(history.length, 20);
    assert.equal(history.at(-1)?.id, 'm49');
    assert.deepEqual(parseHistory(JSON.parse(JSON.stringify(history))), history);
    for (const value of hostileValues) {
      assert.deepEqual(parseHistory(value), []);
      assert.deepEqual(parseHistory([value, used('a')]), [used('a')]);
    }
  });

  it('is gone back from only while it is in use', () => {
    const history = ['a', 'b', 'c'].map(used);
    for (const [inUse, expected] of [
      ['abc', 'abc'],
      ['b', 'ab'],
      ['', ''],
    ])
      assert.equal(
        stillUsed(history, ({ id }) => inUse.includes(id))
          .map(({ id }) => id)
          .join(''),
        expected,
      );
  });

  it('takes few rounds over the pairs, and no more time than is given', () => {
    const models = { proposal: { id: 'p', dir: '/p' }, base: { id: 'generic', dir: '/g' } };
    const wanted = { id: 'my-feedback', title: 'Mine', description: '', ...models, threads: 1, memoryMiB: 512 };
    const account = (nPairs: number) => ({ nPairs, nTrainTokens: 0 }) as DataAccount;
    const spec = improvementSpec(wanted, { replayShare: 0, minutes: 1 });
    assert.equal(planOf(spec, account(40), 1e-6).nSteps, 60);
    assert.equal(planOf(spec, account(4000), 1).nSteps, 60);
  });
});

describe('messages of the page that shows an improvement', () => {
  for (const [message, expected] of [
    [{ kind: 'ready' }, { kind: 'ready' }],
    [
      { kind: 'decide', decision: 'use', more: 1 },
      { kind: 'decide', decision: 'use' },
    ],
    [{ kind: 'decide', decision: 'delete' }, undefined],
    [{ kind: 'decide' }, undefined],
    [{ kind: 'use' }, undefined],
  ])
    it(JSON.stringify(message), () => assert.deepEqual(parseFromImprovementPage(message), expected));
  it('nothing else', () => {
    for (const value of hostileValues) {
      assert.equal(parseFromImprovementPage(value), undefined);
      assert.equal(parseFromImprovementPage({ kind: 'decide', decision: value }), undefined);
    }
  });
});

describe('an improvement that waits for a decision', () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'residual-improvement-'));
  after(() => rmSync(dir, { recursive: true, force: true }));

  it('is nothing without its module, or with a damaged account of it', async () => {
    const pending = new PendingImprovement(path.join(dir, 'improvement'));
    assert.equal(await pending.read(), undefined);
    await pending.begin();
    await pending.keep({ id: 'a', rows: [] } as never);
    assert.equal(await pending.read(), undefined);
    mkdirSync(pending.moduleDir);
    assert.equal((await pending.read())?.id, 'a');
    for (const text of ['', 'null', '[]', '{"id":1,"rows":[]}', '{"id":"a"}', '{"id":"a","rows":']) {
      writeFileSync(path.join(dir, 'improvement', 'review.json'), text);
      assert.equal(await pending.read(), undefined);
    }
    await pending.begin();
    assert.equal(await pending.read(), undefined);
  });
});

describe('an improvement that is made', () => {
  const VIEW = { id: 'mine', rows: [] } as never;
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'residual-improvement-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const training = () => path.join(dir, 'training');
  const inWindow = () => new PendingImprovement(path.join(dir, 'feedback', 'improvement'));
  const refused = { code: 'locked' };
  /** Begins one, and leaves it at its training until `end`. */
  async function begun(window = inWindow()) {
    const ending = new AbortController();
    let begins = () => {};
    const isBegun = new Promise<void>(resolve => {
      begins = resolve;
    });
    const done = window.make(training(), async () => {
      mkdirSync(window.moduleDir);
      writeFileSync(path.join(window.moduleDir, 'module.json'), 'half');
      begins();
      await new Promise(resolve => ending.signal.addEventListener('abort', resolve));
      return VIEW;
    });
    await isBegun;
    return { end: () => ending.abort(), done };
  }

  it('waits for a decision, and another one takes its place', async () => {
    for (let i = 0; i < 2; i++) {
      const { end, done } = await begun();
      end();
      await done;
      assert.equal((await inWindow().read())?.id, 'mine');
    }
    await inWindow().place(path.join(dir, 'modules'), 'mine');
    assert.deepEqual(readdirSync(path.join(dir, 'modules')), ['mine']);
  });

  it('is made in one window at a time: another one is refused, and touches nothing', async () => {
    const first = await begun();
    const file = path.join(inWindow().moduleDir, 'module.json');
    const work = () => assert.fail('it was begun');
    await assert.rejects(inWindow().make(training(), work), (error: unknown) => {
      assert.ok(error instanceof UserError && error.code === 'locked');
      assert.match(error.message, /already, perhaps in another window\. Wait until it is done/);
      return true;
    });
    await assert.rejects(inWindow().discard(), refused);
    await assert.rejects(inWindow().place(path.join(dir, 'modules'), 'mine'), refused);
    assert.equal(readFileSync(file, 'utf8'), 'half');
    first.end();
    await first.done;
    await inWindow().discard();
    assert.deepEqual(readdirSync(path.join(dir, 'feedback')), []);
  });

  it('is not made beside a training job, and what waited before still waits', async () => {
    const before = await begun();
    before.end();
    await before.done;
    await whileWorking(training(), () =>
      assert.rejects(
        inWindow().make(training(), () => assert.fail()),
        refused,
      ),
    );
    assert.equal((await inWindow().read())?.id, 'mine');
  });

  it('leaves nothing when it fails, and the next one is free to begin', async () => {
    const failing = () => Promise.reject(new Error('out of memory'));
    await assert.rejects(inWindow().make(training(), failing), /out of memory/);
    assert.deepEqual([readdirSync(path.join(dir, 'feedback')), readdirSync(training())], [[], []]);
    const { end, done } = await begun();
    end();
    await done;
  });
});
