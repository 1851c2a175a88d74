/** Who decodes next. */
import assert from 'node:assert/strict';
import { isAbortError } from '../../src/core/errors';
import { type Priority, Scheduler, type Turn } from '../../src/engine/scheduler';

const never = new AbortController().signal;

/** Starts tasks that finish when told to, and keeps the order in which they began. */
function harness() {
  const scheduler = new Scheduler();
  const began: string[] = [];
  const tasks = new Map<string, { turn: Turn; finish: () => void; fail: (error: Error) => void }>();
  const add = (name: string, priority: Priority, signal = never) =>
    scheduler.run(
      priority,
      turn =>
        new Promise<string>((resolve, reject) => {
          began.push(name);
          tasks.set(name, { turn, finish: () => resolve(name), fail: reject });
        }),
      signal,
    );
  const task = (name: string) => tasks.get(name) ?? assert.fail(`${name} did not begin`);
  return { scheduler, began, add, task };
}

/** Everything that could run by now has run. */
const settle = () => new Promise(setImmediate);

describe('the scheduler', () => {
  it('runs one task at a time, completions first, then chat, then warming up, each in order', async () => {
    const { began, add, task } = harness();
    const order = ['first', 'complete 1', 'complete 2', 'chat 1', 'chat 2', 'warm'];
    const results = [
      add('first', 'warm'),
      add('warm', 'warm'),
      add('chat 1', 'chat'),
      add('complete 1', 'completion'),
      add('chat 2', 'chat'),
      add('complete 2', 'completion'),
    ];
    for (const [i, name] of order.entries()) {
      await settle();
      assert.deepEqual(began, order.slice(0, i + 1));
      task(name).finish();
    }
    assert.deepEqual(await Promise.all(results), ['first', 'warm', 'chat 1', 'complete 1', 'chat 2', 'complete 2']);
  });

  it('drops a task that is cancelled while it waits', async () => {
    const { began, add, task } = harness();
    const controller = new AbortController();
    const first = add('first', 'completion');
    const cancelled = add('cancelled', 'completion', controller.signal);
    const last = add('last', 'completion');
    await settle();
    controller.abort();
    await assert.rejects(cancelled, isAbortError);
    task('first').finish();
    await first;
    await settle();
    assert.deepEqual(began, ['first', 'last']);
    task('last').finish();
    await last;
  });

  it('does not begin what was cancelled before', async () => {
    const { began, add } = harness();
    await assert.rejects(add('late', 'completion', AbortSignal.abort()), isAbortError);
    assert.deepEqual(began, []);
  });

  it('goes on after a task that failed', async () => {
    const { add, task } = harness();
    const failing = add('failing', 'completion');
    const next = add('next', 'completion');
    await settle();
    task('failing').fail(new Error('broken'));
    await assert.rejects(failing, /broken/);
    await settle();
    task('next').finish();
    assert.equal(await next, 'next');
  });

  it('lets completions go before the rest of a chat turn, and chat on before other chats', async () => {
    const { began, add, task } = harness();
    const chat = add('chat', 'chat');
    const other = add('other chat', 'chat');
    await settle();
    await task('chat').turn.giveWay();
    const completion = add('completion', 'completion');
    let isBack = false;
    const wayGiven = task('chat')
      .turn.giveWay()
      .then(() => {
        isBack = true;
      });
    await settle();
    assert.deepEqual(began, ['chat', 'completion']);
    assert.ok(!isBack);
    task('completion').finish();
    await completion;
    await wayGiven;
    assert.deepEqual(began, ['chat', 'completion']);
    task('chat').finish();
    await chat;
    await settle();
    task('other chat').finish();
    await other;
  });

  it('lets everything else go before the rest of what is idle, whenever it comes', async () => {
    const { began, add, task } = harness();
    const idle = add('idle', 'idle');
    const others = (['idle', 'warm', 'chat', 'completion'] as const).map(kind => add(`next ${kind}`, kind));
    await settle();
    const wayGiven = task('idle').turn.giveWay();
    const order = ['next completion', 'next chat', 'next warm'];
    for (const [i, name] of order.entries()) {
      await settle();
      assert.deepEqual(began, ['idle', ...order.slice(0, i + 1)]);
      task(name).finish();
    }
    await wayGiven;
    task('idle').finish();
    await idle;
    await settle();
    assert.deepEqual(began.at(-1), 'next idle');
    task('next idle').finish();
    await Promise.all(others);
  });
});
