/** Conversations: what a person may do to them, and what must not befall them. */
import assert from 'node:assert/strict';
import type { ContextItem } from '../../src/core/chat/chat';
import { EngineGone, UserError } from '../../src/core/errors';
import { say } from '../../src/core/sentence';
import type { Question } from '../../src/host/chat/chat';
import { ChatSession } from '../../src/host/chat/chatSession';
import type { ChatChange, Turn } from '../../src/protocol/chatState';
import { ACCOUNT, CAPABILITIES, choiceOf, FakeChatEngine, mapStore } from './support/fakeChat';

const question = (text: string, over: Partial<Question> = {}): Question => ({ text, context: [], ...over });
const code: ContextItem = { kind: 'file', path: 'a.ts', languageId: 'typescript', text: 'let a;\n' };

let nIds = 0;

function open({ store = mapStore(), isKept = true } = {}) {
  const engine = new FakeChatEngine();
  const problems: unknown[] = [];
  const chosen = { choice: choiceOf(), error: undefined as Error | undefined };
  let n = 0;
  const session = new ChatSession({
    engine,
    choose: async () => {
      if (chosen.error) throw chosen.error;
      return chosen.choice;
    },
    store: isKept ? store : undefined,
    limits: () => ({ maxTokens: 50, contextTokens: 100 }),
    onProblem: error => problems.push(error),
    now: () => ++n,
    newId: () => `id${++nIds}`,
    newSeed: () => ++n,
  });
  const changes: ChatChange[] = [];
  session.onDidChange(change => changes.push(change));
  const turns = () => session.state.conversation.turns;
  /** Asks and lets the engine answer with these pieces. */
  const exchange = async (text: string, ...pieces: string[]) => {
    const nCalls = engine.calls.length;
    const sent = session.send(question(text));
    const call = await engine.call(nCalls);
    call.begin();
    for (const piece of pieces) call.say(piece);
    call.end();
    await sent;
  };
  return { engine, session, store, changes, turns, exchange, chosen, problems };
}

/** `you: …`, `it: … (state)`. */
const shown = (turns: readonly Turn[]) =>
  turns.map(turn => (turn.kind === 'user' ? `you: ${turn.text}` : `it: ${turn.text} (${turn.state.kind})`));

describe('a conversation', () => {
  it('streams an answer', async () => {
    const { engine, session, turns, changes } = open();
    const sent = session.send(question('Why?', { command: 'fix', context: [code] }));
    const call = await engine.call(0);
    assert.deepEqual(shown(turns()), ['you: Why?', 'it:  (waiting)']);
    assert.equal(session.state.isAnswering, true);
    assert.deepEqual(call.request.turns, [{ role: 'user', text: 'Why?', command: 'fix', context: [code] }]);
    assert.equal(call.request.written, '');
    call.begin();
    assert.deepEqual(shown(turns()), ['you: Why?', 'it:  (streaming)']);
    changes.length = 0;
    call.say('Be');
    call.say('cause.');
    const [, answer] = turns();
    assert.deepEqual(changes, [
      { kind: 'text', turnId: answer.id, text: 'Be' },
      { kind: 'text', turnId: answer.id, text: 'cause.' },
    ]);
    call.end('length');
    await sent;
    const last = turns()[1];
    assert.ok(last.kind === 'assistant');
    assert.deepEqual(last.state, { kind: 'done', stop: 'length' });
    assert.equal(last.text, 'Because.');
    assert.deepEqual(last.account, ACCOUNT);
    assert.deepEqual(last.writers, ['p']);
    assert.equal(session.state.isAnswering, false);
  });

  it('shows code in a fence while it grows, and closes it', async () => {
    const { engine, session, turns } = open();
    const sent = session.send(question('code'));
    const call = await engine.call(0);
    call.begin({ kind: 'code', languageId: 'typescript', opening: 'let ' });
    call.say('a;');
    assert.equal(turns()[1].text, '```ts\nlet a;');
    call.end();
    await sent;
    assert.equal(turns()[1].text, '```ts\nlet a;\n```');
  });

  it('is told to the model with its next question', async () => {
    const { engine, session, exchange } = open();
    await exchange('one', 'first');
    void session.send(question('two'));
    const call = await engine.call(1);
    assert.deepEqual(
      call.request.turns.map(turn => `${turn.role}: ${turn.text}`),
      ['user: one', 'assistant: first', 'user: two'],
    );
  });

  it('takes one question at a time', async () => {
    const { engine, session, turns } = open();
    void session.send(question('one'));
    await engine.call(0);
    await session.send(question('two'));
    assert.deepEqual(shown(turns()), ['you: one', 'it:  (waiting)']);
  });

  it('stops, keeps what was written, leaves a block open that is not whole, and goes on', async () => {
    const { engine, session, turns, exchange } = open();
    const sent = session.send(question('one'));
    const call = await engine.call(0);
    call.begin({ kind: 'code', languageId: 'typescript', opening: '' });
    call.say('let a');
    session.stop();
    assert.deepEqual(shown(turns()), ['you: one', 'it: ```ts\nlet a (stopped)']);
    assert.ok(call.isCancelled());
    await sent;
    call.say('too late');
    assert.deepEqual(shown(turns()), ['you: one', 'it: ```ts\nlet a (stopped)']);
    await exchange('two', 'second');
    assert.equal(turns().length, 4);
  });

  it('asks again with another seed', async () => {
    const { engine, session, turns, exchange } = open();
    await exchange('one', 'first');
    const retried = session.retry();
    const call = await engine.call(1);
    assert.deepEqual(call.request.turns, [{ role: 'user', text: 'one', context: [] }]);
    assert.notEqual(call.request.sampling.seed, engine.calls[0].request.sampling.seed);
    call.begin();
    call.say('better');
    call.end();
    await retried;
    assert.deepEqual(shown(turns()), ['you: one', 'it: better (done)']);
  });

  it('drops what follows a question that is edited, and stops what is on its way', async () => {
    const { engine, session, turns, exchange } = open();
    await exchange('one', 'first');
    await exchange('two', 'second');
    void session.send(question('three'));
    const third = await engine.call(2);
    const resent = session.resend(turns()[2].id, question('two again'));
    const call = await engine.call(3);
    assert.ok(third.isCancelled());
    call.begin();
    call.say('other');
    call.end();
    await resent;
    assert.deepEqual(shown(turns()), ['you: one', 'it: first (done)', 'you: two again', 'it: other (done)']);
    await session.resend('nobody', question('x'));
    assert.equal(engine.calls.length, 4);
  });

  it('says what failed, and asks again', async () => {
    const { session, turns, chosen, engine } = open();
    const sentence = say`Too large: ${7}.`;
    chosen.error = new UserError('memory-limit', sentence);
    await session.send(question('one'));
    const [, failed] = turns();
    assert.ok(failed.kind === 'assistant');
    assert.deepEqual(failed.state, { kind: 'failed', code: 'memory-limit', message: 'Too large: 7.', sentence });
    assert.equal(session.state.isAnswering, false);
    chosen.error = undefined;
    void session.retry();
    assert.equal((await engine.call(0)).request.turns.length, 1);
    assert.equal(turns().length, 2);
  });

  it('does not tell the model of questions that got no answer', async () => {
    const { session, chosen, engine } = open();
    chosen.error = new UserError('x', 'X.');
    await session.send(question('lost'));
    chosen.error = undefined;
    void session.send(question('two'));
    assert.deepEqual(
      (await engine.call(0)).request.turns.map(({ text }) => text),
      ['two'],
    );
  });

  it('counts what a question would take, the conversation included', async () => {
    const { session, engine, exchange } = open();
    await exchange('one', 'first');
    const { account } = await session.measure(question('two', { context: [code] }), new AbortController().signal);
    assert.deepEqual(account, ACCOUNT);
    assert.deepEqual(
      engine.counted[0].turns.map(({ text }) => text),
      ['one', 'first', 'two'],
    );
    assert.equal(session.state.conversation.turns.length, 2);
  });

  it('caps the code beside a question', async () => {
    const { session, engine } = open();
    void session.send(question('x', { context: [{ ...code, text: 'a'.repeat(1_000_000) }] }));
    const call = await engine.call(0);
    assert.equal(call.request.turns[0].context?.[0].text.length, 65_536);
  });

  it('knows what the model can do once that was asked', async () => {
    const { session } = open();
    assert.equal(session.state.capabilities, undefined);
    await session.refreshCapabilities();
    assert.deepEqual(session.state.capabilities, CAPABILITIES);
  });
});

describe('an answer on its way', () => {
  it('is asked for once more when the engine ends, from where it was', async () => {
    const { engine, session, turns } = open();
    const sent = session.send(question('one'));
    const first = await engine.call(0);
    first.begin();
    first.say('Be');
    first.fail(new EngineGone('gone'));
    const second = await engine.call(1);
    assert.equal(second.request.written, 'Be');
    assert.deepEqual(second.request.sampling, first.request.sampling);
    second.begin();
    second.say('cause.');
    second.end();
    await sent;
    assert.deepEqual(shown(turns()), ['you: one', 'it: Because. (done)']);
  });

  it('is not asked for a third time, and keeps what was written', async () => {
    const { engine, session, turns } = open();
    const sent = session.send(question('one'));
    const first = await engine.call(0);
    first.begin();
    first.say('Be');
    first.fail(new EngineGone('gone'));
    (await engine.call(1)).fail(new EngineGone(say`gone again`));
    await sent;
    const [, answer] = turns();
    assert.equal(answer.text, 'Be');
    assert.ok(answer.kind === 'assistant');
    assert.deepEqual(answer.state, {
      ...{ kind: 'failed', code: 'engine-gone', message: 'gone again' },
      sentence: say`gone again`,
    });
    assert.equal(engine.calls.length, 2);
  });

  it('goes on with other modules from where it was, and names both', async () => {
    const { engine, session, turns, chosen } = open();
    const sent = session.send(question('one'));
    const first = await engine.call(0);
    first.begin();
    first.say('Be');
    chosen.choice = choiceOf('react');
    await session.choiceChanged();
    const second = await engine.call(1);
    assert.ok(first.isCancelled());
    assert.equal(second.request.written, 'Be');
    assert.deepEqual(
      second.request.modules.map(({ id }) => id),
      ['react'],
    );
    second.begin();
    second.say('cause.');
    second.end();
    await sent;
    const [, answer] = turns();
    assert.ok(answer.kind === 'assistant');
    assert.equal(answer.text, 'Because.');
    assert.deepEqual(answer.writers, ['p', 'REACT']);
  });

  it('goes on as it began when the new choice does not load, is the same, or is another proposal', async () => {
    const { engine, session, turns, chosen } = open();
    const sent = session.send(question('one'));
    const call = await engine.call(0);
    call.begin();
    await session.choiceChanged();
    chosen.error = new UserError('x', 'X.');
    await session.choiceChanged();
    chosen.error = undefined;
    chosen.choice = { ...choiceOf('react'), proposal: { id: 'q', dir: '/q' } };
    await session.choiceChanged();
    assert.ok(!call.isCancelled());
    call.say('Fine.');
    call.end();
    await sent;
    assert.deepEqual(shown(turns()), ['you: one', 'it: Fine. (done)']);
  });

  it('goes back to the modules that worked when those chosen in the middle do not load', async () => {
    const { engine, session, turns, chosen, problems } = open();
    const sent = session.send(question('one'));
    const first = await engine.call(0);
    first.begin();
    first.say('Be');
    chosen.choice = choiceOf('broken');
    await session.choiceChanged();
    const refused = new UserError('wrong-tokenizer', 'Broken.');
    (await engine.call(1)).fail(refused);
    const third = await engine.call(2);
    assert.deepEqual([third.request.modules, third.request.written], [[], 'Be']);
    third.begin();
    third.say('cause.');
    third.end();
    await sent;
    assert.deepEqual(shown(turns()), ['you: one', 'it: Because. (done)']);
    assert.deepEqual(problems, [refused]);
  });

  it('is stopped when another conversation is shown, and stays with its own', async () => {
    const { engine, session, turns, exchange } = open();
    void session.send(question('one'));
    const call = await engine.call(0);
    call.begin();
    call.say('Be');
    const { id } = session.state.conversation;
    session.startNew();
    assert.deepEqual(shown(turns()), []);
    assert.ok(call.isCancelled());
    await exchange('two', 'second');
    assert.deepEqual(shown(turns()), ['you: two', 'it: second (done)']);
    await session.open(id);
    assert.deepEqual(shown(turns()), ['you: one', 'it: Be (stopped)']);
  });
});

describe('the history of conversations', () => {
  it('survives the window: the conversation that was open is open again', async () => {
    const store = mapStore();
    const before = open({ store });
    await before.exchange('one', 'first');
    before.session.startNew();
    await before.exchange('two', 'second');
    await before.session.open(before.session.state.history[1].id);
    const after = open({ store });
    await after.session.load();
    assert.deepEqual(shown(after.turns()), ['you: one', 'it: first (done)']);
    assert.deepEqual(
      after.session.state.history.map(({ title }) => title),
      ['two', 'one'],
    );
  });

  it('keeps an answer that was cut off by the end of the window', async () => {
    const store = mapStore();
    const before = open({ store });
    void before.session.send(question('one'));
    const call = await before.engine.call(0);
    call.begin();
    call.say('x'.repeat(500));
    await before.session.delete('nobody');
    const after = open({ store });
    await after.session.load();
    assert.deepEqual(shown(after.turns()), ['you: one', `it: ${'x'.repeat(500)} (stopped)`]);
  });

  it('does not put an old conversation in the place of one that has begun', async () => {
    const store = mapStore();
    await open({ store }).exchange('one', 'first');
    const after = open({ store });
    await after.exchange('two', 'second');
    await after.session.load();
    assert.deepEqual(shown(after.turns()), ['you: two', 'it: second (done)']);
    assert.equal(after.session.state.history.length, 2);
  });

  it('takes names, forgets, and puts back what was forgotten', async () => {
    const { session, exchange, turns, store } = open();
    await exchange('one', 'first');
    const { id } = session.state.conversation;
    await session.rename(id, '  Mine  ');
    assert.equal(session.state.conversation.title, 'Mine');
    assert.equal(session.state.history[0].title, 'Mine');
    await session.rename(id, '   ');
    assert.equal(session.state.conversation.title, 'Mine');
    const undo = await session.delete(id);
    assert.deepEqual([turns(), session.state.history, store.texts.has(`${id}.jsonl`)], [[], [], false]);
    await undo();
    assert.deepEqual(shown(turns()), ['you: one', 'it: first (done)']);
    assert.equal(session.state.history[0].title, 'Mine');
    const after = open({ store });
    await after.session.load();
    assert.equal(after.session.state.history[0].title, 'Mine');
  });

  it('does not write a conversation again that was deleted in mid-answer', async () => {
    const { session, engine, store } = open();
    const sent = session.send(question('one'));
    const call = await engine.call(0);
    call.begin();
    const { id } = session.state.conversation;
    await session.delete(id);
    call.say('x'.repeat(1000));
    await sent;
    await session.delete('nobody');
    assert.ok(!store.texts.has(`${id}.jsonl`));
    assert.deepEqual(session.state.history, []);
  });

  for (const [stop, text] of [
    ['end', '```ts\nlet a;\n```'],
    ['stop', '```ts\nlet a;\n```'],
    ['length', '```ts\nlet a;'],
    ['repeat', '```ts\nlet a;'],
  ] as const) {
    it(`closes the block of code that it answers with only when it is whole: ${stop}`, async () => {
      const { engine, session, turns } = open();
      const sent = session.send(question('one'));
      const call = await engine.call(0);
      call.begin({ kind: 'code', languageId: 'typescript', opening: '' });
      call.say('let a;');
      call.end(stop);
      await sent;
      assert.deepEqual(shown(turns()), ['you: one', `it: ${text} (done)`]);
      const exported = await session.exportMarkdown(session.state.conversation.id);
      assert.ok(exported?.endsWith('```ts\nlet a;\n```\n'), exported);
    });
  }

  it('is exported as Markdown', async () => {
    const { session, engine } = open();
    const sent = session.send(
      question('Why?', { command: 'fix', context: [{ ...code, kind: 'selection', firstLine: 3, text: 'a\nb\n' }] }),
    );
    const call = await engine.call(0);
    call.begin();
    call.say('Because.');
    call.end();
    await sent;
    assert.equal(
      await session.exportMarkdown(session.state.conversation.id),
      '# /fix Why?\n\n## Question\n\n`/fix` Why?\n\nWith `a.ts` lines 3–4.\n\n## Answer (p)\n\nBecause.\n',
    );
    assert.equal(await session.exportMarkdown('nobody'), undefined);
  });

  it('never loses what can still be read', async () => {
    const store = mapStore();
    const before = open({ store });
    await before.exchange('one', 'first');
    await before.exchange('two', 'second');
    const name = `${before.session.state.conversation.id}.jsonl`;
    const lines = (store.texts.get(name) ?? '').split('\n');
    const damages: readonly (readonly [string, string, readonly string[]])[] = [
      [
        'header',
        ['{"id', ...lines.slice(1)].join('\n'),
        ['you: one', 'it: first (done)', 'you: two', 'it: second (done)'],
      ],
      [
        'an answer',
        [...lines.slice(0, 2), 'nonsense', ...lines.slice(3)].join('\n'),
        ['you: two', 'it: second (done)'],
      ],
      ['a question', [lines[0], lines[2], lines[3], lines[4]].join('\n'), ['you: two', 'it: second (done)']],
      ['the end', lines.join('\n').slice(0, -30), ['you: one', 'it: first (done)', 'you: two', 'it:  (stopped)']],
      [
        'fields',
        lines.join('\n').replaceAll('"atMs":', '"x":').replace('"kind":"done"', '"kind":9'),
        ['you: one', 'it: first (stopped)', 'you: two', 'it: second (done)'],
      ],
      [
        'bytes',
        `\u0000\n[]\n7\nnull\n"x"\n${lines.join('\n')}`,
        ['you: one', 'it: first (done)', 'you: two', 'it: second (done)'],
      ],
    ];
    for (const [what, text, expected] of damages) {
      const { session, turns, problems } = open({ store: mapStore(new Map([...store.texts, [name, text]])) });
      await session.load();
      assert.deepEqual(shown(turns()), expected, what);
      assert.deepEqual(problems, [], what);
    }
  });

  it('leaves what another version wrote, and what is no conversation, alone', async () => {
    const texts = new Map([
      ['a.jsonl', '{"formatVersion":2}\n{"kind":"user","id":"x","text":"hello","context":[]}\n'],
      ['b.jsonl', ''],
      ['notes.txt', 'x'],
      ['current', '../../etc'],
    ]);
    const { session } = open({ store: mapStore(texts) });
    await session.load();
    assert.deepEqual(session.state.history, []);
    assert.equal(texts.size, 4);
  });

  it('goes on when the disk does not', async () => {
    const failing = async () => {
      throw new Error('disk');
    };
    const store = { texts: new Map(), names: failing, read: failing, write: failing, remove: failing };
    const { session, exchange, turns, problems } = open({ store });
    await session.load();
    await exchange('one', 'first');
    assert.deepEqual(shown(turns()), ['you: one', 'it: first (done)']);
    assert.ok(problems.length > 0);
  });

  it('stays in the window where nothing may be kept', async () => {
    const { session, exchange } = open({ isKept: false });
    await exchange('one', 'first');
    assert.equal(session.state.isKept, false);
    assert.deepEqual(session.state.history, []);
  });

  it('is capped: the oldest conversations go, then context, then turns', async () => {
    const { session, exchange, store, engine } = open();
    for (let i = 0; i < 103; i++) {
      await exchange(`q${i}`, 'a');
      session.startNew();
    }
    await session.delete('nobody');
    assert.equal(session.state.history.length, 100);
    assert.equal([...store.texts.keys()].filter(name => name.endsWith('.jsonl')).length, 100);
    assert.equal(session.state.history.at(-1)?.title, 'q3');

    for (let i = 0; i < 12; i++) {
      const nCalls = engine.calls.length;
      const sent = session.send(question(`big${i}`, { context: [{ ...code, text: 'x'.repeat(60_000) }] }));
      const call = await engine.call(nCalls);
      call.begin();
      call.say('y'.repeat(i < 6 ? 10 : 60_000));
      call.end();
      await sent;
    }
    const text = store.texts.get(`${session.state.conversation.id}.jsonl`) ?? '';
    assert.ok(text.length < 520_000, `${text.length}`);
    const after = open({ store });
    await after.session.load();
    const kept = after.turns();
    const last = kept.at(-2);
    assert.ok(last?.kind === 'user' && last.text === 'big11' && last.context[0].text.length === 60_000);
    const first = kept[0];
    assert.ok(first.kind === 'user' && (first.context[0]?.text ?? '') === '');
    assert.equal(kept.length % 2, 0);
  });
});
