/** A chat in the engine: completions go first, answers go on where they were cut, and a folder says how it is asked. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import type { ContextItem } from '../../src/core/chat/chat';
import { isAbortError, UserError } from '../../src/core/errors';
import { chatMethods } from '../../src/engine/chatMethods';
import { runCompletion } from '../../src/engine/completion';
import { ModelPool } from '../../src/engine/modelPool';
import { findProposalFiles, loadTokenizer } from '../../src/engine/proposal';
import { Scheduler } from '../../src/engine/scheduler';
import { EngineClient } from '../../src/host/engineClient';
import type { ChatProgress, ChatRequest } from '../../src/protocol/chat';
import type { CompleteRequest, CompleteResult } from '../../src/protocol/messages';
import { CHATML } from '../unit/support/chatml';
import { copyOf, DELTA, never, proposalDir, removeCopies } from './support/fixtures';

const TINY = { id: 'tiny', dir: path.join(DELTA, 'proposals/tiny') };
const MODULE = { id: 'tiny', dir: path.join(DELTA, 'modules/tiny'), strength: 0.5 };
const CODE = `${'function add(a, b) { return a + b; }\n'.repeat(16)}`;
const FILE: ContextItem = { kind: 'file', path: 'src/a.ts', languageId: 'typescript', text: CODE };

const CHAT: ChatRequest = {
  proposal: TINY,
  modules: [],
  turns: [{ role: 'user', text: 'What is it?', context: [FILE] }],
  written: '',
  sampling: { seed: 1, temperature: 1 },
  maxTokens: 24,
  contextTokens: 700,
};

const COMPLETE: CompleteRequest = {
  proposal: TINY,
  modules: [],
  text: { path: 'src/b.ts', prefix: 'const value = ', lineRest: '', suffix: 'foo();\n', neighbours: [] },
  sampling: { temperature: 0, topP: 0.95, repetitionPenalty: 1, seed: 1, nCandidates: 8 },
  extent: 'block',
  maxTokens: 8,
  contextTokens: 200,
  nCompletions: 1,
};

describe('a chat beside completions', () => {
  const pools: ModelPool[] = [];
  afterEach(() => Promise.all(pools.splice(0).map(pool => pool.close())));

  /** The engine's own parts in this process, where each pass of a model can be counted. */
  function parts() {
    let onPass = () => {};
    const pool = new ModelPool({
      modelsDir: DELTA,
      limits: { threads: 1, memoryMiB: 100 },
      loadNgram: () => {
        throw new Error('No n-gram is loaded here.');
      },
      onStep: weightsBytes => {
        if (weightsBytes > 0) onPass();
      },
    });
    pools.push(pool);
    const scheduler = new Scheduler();
    const { chat } = chatMethods(pool, scheduler);
    const complete = (onStart: () => void) =>
      scheduler.run(
        'completion',
        async turn => {
          onStart();
          const lease = await pool.acquire(COMPLETE, 'completion', never);
          try {
            return await runCompletion(lease, COMPLETE, turn, () => {}, never);
          } finally {
            lease.release();
          }
        },
        never,
      );
    return {
      chat: (request: ChatRequest) => chat(request, () => {}, never),
      complete,
      /** Loads what `request` needs, so that every pass from now on is one of work. */
      warm: async (request: ChatRequest) => {
        (await pool.acquire(request, 'chat', never)).release();
        (await pool.acquire(COMPLETE, 'completion', never)).release();
      },
      countPasses: (listener: () => void) => {
        onPass = listener;
      },
    };
  }

  for (const modules of [[], [MODULE]]) {
    const what = modules.length === 0 ? 'the proposal alone' : 'a module';
    it(`lets a completion wait for one pass at most, wherever it comes, with ${what}`, async function () {
      this.timeout(120_000);
      const seeded = (seed: number): ChatRequest => ({ ...CHAT, modules, sampling: { seed, temperature: 1 } });
      let seed = 1;
      // A random model ends its answer at random.
      while ((await parts().chat(seeded(seed))).nTokens <= 10) seed++;
      const request = seeded(seed);
      // Of one token the proposal and the module are one chunk each.
      const most = 1 + modules.length;
      const alone = parts();
      await alone.warm(request);
      let nPasses = 0;
      alone.countPasses(() => nPasses++);
      const chatAlone = await alone.chat(request);
      assert.ok(chatAlone.nPrefilled > 3 * 128, `${chatAlone.nPrefilled}`);
      const completionAlone = await parts().complete(() => {});

      for (let comesAt = 1; comesAt < nPasses; comesAt++) {
        const engine = parts();
        await engine.warm(request);
        let nChatPasses = 0;
        let nWaited = 0;
        let isWaiting = false;
        let isCompleting = false;
        let completion: Promise<CompleteResult> | undefined;
        const wire = new MessageChannel();
        const arrived = once(wire.port2, 'message').then(() => {
          completion = engine.complete(() => {
            isCompleting = true;
            isWaiting = false;
          });
          return completion;
        });
        void arrived.then(() => {
          isCompleting = false;
        });
        engine.countPasses(() => {
          if (isCompleting) return;
          nChatPasses++;
          if (nChatPasses === comesAt) {
            isWaiting = true;
            // A pass blocks the thread, and what arrives meanwhile is read when the thread looks for input again.
            setImmediate(() => wire.port1.postMessage(null));
          }
          if (isWaiting) nWaited++;
        });
        const chat = await engine.chat(request);
        wire.port1.close();
        assert.ok(completion !== undefined, `nothing came at pass ${comesAt}`);
        assert.ok(nWaited <= most, `a completion that came at pass ${comesAt} waited for ${nWaited}`);
        assert.equal(chat.text, chatAlone.text);
        assert.equal(chat.nPrefilled, chatAlone.nPrefilled);
        assert.deepEqual((await completion).completions, completionAlone.completions);
      }
    });
  }
});

describe('a chat in the engine process', () => {
  let client: EngineClient;
  before(() => {
    client = new EngineClient({
      script: path.resolve('dist/engine.js'),
      modelsDir: DELTA,
      limits: { threads: 1, memoryMiB: 100 },
    });
  });
  after(() => client.dispose());
  afterEach(removeCopies);

  const ask = async (over: Partial<ChatRequest> = {}, onProgress: (progress: ChatProgress) => void = () => {}) =>
    client.stream('chat', { ...CHAT, ...over }, onProgress, never);

  it('tells the account first, then the answer piece by piece', async () => {
    const heard: ChatProgress[] = [];
    const result = await ask({}, progress => heard.push(progress));
    const [first, ...pieces] = heard;
    assert.deepEqual(first, { kind: 'began', account: result.account, shape: result.shape });
    assert.equal(pieces.map(piece => (piece.kind === 'text' ? piece.text : assert.fail())).join(''), result.text);
    assert.ok(result.text.length > 0);
    assert.equal(result.account.context[0].fit, 'whole');
    assert.ok(result.account.promptTokens <= result.account.budgetTokens);
    assert.deepEqual(await client.call('chatAccount', CHAT, never), { account: result.account, shape: result.shape });
  });

  it('says the same again with the same seed, and something else with another', async () => {
    const [first, same, other] = [await ask(), await ask(), await ask({ sampling: { seed: 2, temperature: 1 } })];
    assert.equal(first.text, same.text);
    assert.notEqual(first.text, other.text);
  });

  it('keeps the conversation warm, and completions their own cache', async () => {
    await client.call('complete', COMPLETE, never);
    await ask();
    const turns = [
      ...CHAT.turns,
      { role: 'assistant', text: 'A sum.' } as const,
      { role: 'user', text: 'Why?' } as const,
    ];
    const chatml = { ...CHAT, proposal: conversing() };
    const asked = await client.call('chat', chatml, never);
    const next = await client.call('chat', { ...chatml, turns }, never);
    assert.ok(next.nCached > asked.nPrefilled - 30, `${next.nCached} of ${asked.nPrefilled}`);
    assert.ok((await client.call('complete', COMPLETE, never)).nPrefilled <= 1);
  });

  it('goes on where it was cut, as it would have', async () => {
    const greedy = { sampling: { seed: 1, temperature: 0 } };
    const whole = await ask(greedy);
    for (const at of [1, Math.floor(whole.text.length / 2), whole.text.length - 1]) {
      const written = whole.text.slice(0, at);
      const heard: string[] = [];
      const rest = await ask({ ...greedy, written }, progress => progress.kind === 'text' && heard.push(progress.text));
      assert.ok(rest.text.startsWith(written));
      assert.equal(written + heard.join(''), rest.text);
    }
  });

  it('is stopped by a text, of which nothing is shown', async () => {
    const whole = await ask({ sampling: { seed: 1, temperature: 0 } });
    const stopText = whole.text.slice(4, 6);
    const heard: string[] = [];
    const stopped = await ask({ sampling: { seed: 1, temperature: 0 }, stopTexts: [stopText] }, progress => {
      if (progress.kind === 'text') heard.push(progress.text);
    });
    assert.equal(stopped.stop, 'stop');
    assert.equal(stopped.text, whole.text.slice(0, whole.text.indexOf(stopText)).trimEnd());
    assert.equal(heard.join(''), stopped.text);
  });

  it('aligns its answers with modules', async () => {
    const aligned = await ask({ modules: [{ ...MODULE, strength: 0.9 }], sampling: { seed: 1, temperature: 0 } });
    const plain = await ask({ sampling: { seed: 1, temperature: 0 } });
    const none = await ask({ modules: [{ ...MODULE, strength: 0 }], sampling: { seed: 1, temperature: 0 } });
    assert.notEqual(aligned.text, plain.text);
    assert.equal(none.text, plain.text);
  });

  it('is cancelled, and completions go on', async () => {
    const controller = new AbortController();
    const cancelled = client.stream('chat', CHAT, () => controller.abort(), controller.signal);
    await assert.rejects(cancelled, isAbortError);
    assert.ok((await client.call('complete', COMPLETE, never)).completions.length > 0);
    assert.ok((await ask()).text.length > 0);
  });

  it('is overtaken by completions, and both say what they say alone', async () => {
    const proposal = conversing();
    const seeded = (seed: number) => ({ maxTokens: 150, proposal, sampling: { seed, temperature: 1 } });
    let seed = 1;
    // A random model ends its answer at random.
    while ((await ask(seeded(seed))).nTokens < 40) seed++;
    const long = seeded(seed);
    const chatAlone = await ask(long);
    const completionAlone = await client.call('complete', COMPLETE, never);
    const order: string[] = [];
    const completions: Promise<CompleteResult>[] = [];
    const chat = await ask(long, () => {
      if (completions.length < 5)
        completions.push(
          client.call('complete', COMPLETE, never).then(result => {
            order.push('completion');
            return result;
          }),
        );
    });
    order.push('chat');
    assert.deepEqual(order, [...completions.map(() => 'completion'), 'chat']);
    assert.equal(completions.length, 5);
    assert.equal(chat.text, chatAlone.text);
    for (const completion of await Promise.all(completions))
      assert.deepEqual(completion.completions, completionAlone.completions);
  });

  it('says what a person can mend', async () => {
    const missing = { id: 'gone', dir: path.join(DELTA, 'gone') };
    await assert.rejects(
      ask({ proposal: missing }),
      (error: unknown) => error instanceof UserError && error.code === 'model-file-missing',
    );
  });

  it('fits an answer and a question into the positions of the model', async () => {
    const { account } = await ask({ maxTokens: 100_000, contextTokens: 100_000, proposal: conversing() });
    assert.deepEqual([account.answerTokens, account.budgetTokens], [512, 512]);
    assert.ok(account.promptTokens <= 512);
  });

  it('counts tokens as the model does', async () => {
    const { counts } = await client.call(
      'countTokens',
      { proposal: TINY, texts: ['', 'a', CODE, '<|im_end|>'] },
      never,
    );
    assert.equal(counts[0], 0);
    assert.equal(counts[1], 1);
    assert.ok(counts[2] > 100 && counts[2] <= CODE.length);
    assert.ok(counts[3] > 1, 'the spelling of a special token is text');
  });

  /** The tiny proposal with files beside it as those of a model that was tuned to converse. */
  function conversing(
    config: object = { eos_token: '<|im_end|>', chat_template: CHATML },
    other: Record<string, string> = {},
  ) {
    const dir = copyOf(TINY.dir);
    const write = (name: string, json: object) => writeFileSync(path.join(dir, name), JSON.stringify(json));
    const manifest = JSON.parse(readFileSync(path.join(dir, 'residual.json'), 'utf8'));
    manifest.files = {};
    for (const [name, text] of Object.entries(other)) writeFileSync(path.join(dir, name), text);
    write('tokenizer_config.json', config);
    write('residual.json', { ...manifest, ...JSON.parse(other['residual.json'] ?? '{}') });
    return { id: 'tiny', dir };
  }

  describe('asks as the folder says', () => {
    const template = CHATML;
    const rows: readonly (readonly [string, object, Record<string, string>, boolean])[] = [
      ['a template and its end of a turn', { eos_token: '<|im_end|>', chat_template: template }, {}, true],
      ['the end as an object', { eos_token: { content: '<|im_end|>' }, chat_template: template }, {}, true],
      ['several templates', { eos_token: '<|im_end|>', chat_template: [{ name: 'default', template }] }, {}, true],
      ['a template in a file of its own', { eos_token: '<|im_end|>' }, { 'chat_template.jinja': template }, true],
      [
        'a template in JSON',
        { eos_token: '<|im_end|>' },
        { 'chat_template.json': `{"chat_template":${JSON.stringify(template)}}` },
        true,
      ],
      [
        'an end in the generation settings',
        { eos_token: '<|endoftext|>', chat_template: template },
        { 'generation_config.json': '{"eos_token_id":[0,8]}' },
        true,
      ],
      ['a template that a base model brings along', { eos_token: '<|endoftext|>', chat_template: template }, {}, false],
      [
        'a template in the style of another family',
        { eos_token: '<|file_sep|>', chat_template: CHATML.replaceAll('<|im_end|>', '<|file_sep|>') },
        {},
        true,
      ],
      ['no template', { eos_token: '<|im_end|>' }, {}, false],
      ['a manifest that says so', { eos_token: '<|endoftext|>' }, { 'residual.json': '{"chat":"chatml"}' }, true],
      [
        'a manifest that denies it',
        { eos_token: '<|im_end|>', chat_template: template },
        { 'residual.json': '{"chat":"none"}' },
        false,
      ],
    ];
    for (const [title, config, files, isTuned] of rows) {
      it(title, async () => {
        const capabilities = await client.call('chatCapabilities', { proposal: conversing(config, files) }, never);
        assert.equal(capabilities.instructionTuned, isTuned);
        assert.equal(capabilities.style, isTuned ? 'template' : 'comment');
        assert.equal(capabilities.contextLength, 1024);
        assert.ok(capabilities.sizeBytes > 0);
        assert.equal(capabilities.nParameters, Math.round(capabilities.sizeBytes / 4));
      });
    }

    it('a template that is broken, which fails the chat alone', async () => {
      const proposal = conversing({ eos_token: '<|im_end|>', chat_template: '{% if %}' });
      const { instructionTuned } = await client.call('chatCapabilities', { proposal }, never);
      assert.equal(instructionTuned, true);
      await assert.rejects(ask({ proposal }), (error: unknown) => {
        assert.ok(error instanceof UserError && error.code === 'chat-template');
        assert.match(error.message, /^"tiny": The chat template of the model cannot be used: .* write "chat": "none"/);
        return true;
      });
      assert.ok((await client.call('complete', { ...COMPLETE, proposal }, never)).completions.length > 0);
    });

    it('the named template that is the default', async () => {
      const other = CHATML.replace('assistant', 'tool');
      const named = [
        { name: 'tool_use', template: other },
        { name: 'default', template: CHATML },
      ];
      const greedy = { sampling: { seed: 1, temperature: 0 } };
      const chat_template = (of: unknown) => conversing({ eos_token: '<|im_end|>', chat_template: of });
      const chosen = await ask({ ...greedy, proposal: chat_template(named) });
      const alone = await ask({ ...greedy, proposal: chat_template(CHATML) });
      const wrong = await ask({ ...greedy, proposal: chat_template(other) });
      assert.equal(chosen.account.promptTokens, alone.account.promptTokens);
      assert.notEqual(wrong.account.promptTokens, alone.account.promptTokens);
    });

    it('an end that generation_config.json names, though it is a token of text', async () => {
      const greedy = { sampling: { seed: 1, temperature: 0 } };
      const whole = await ask({ ...greedy, proposal: conversing() });
      const tokenizer = await loadTokenizer(await findProposalFiles(TINY));
      const third = tokenizer.encode(whole.text)[2];
      const ends = { 'generation_config.json': JSON.stringify({ eos_token_id: [third] }) };
      const cut = await ask({
        ...greedy,
        proposal: conversing({ eos_token: '<|im_end|>', chat_template: CHATML }, ends),
      });
      assert.equal(cut.stop, 'end');
      assert.ok(cut.nTokens <= 2 && cut.nTokens < whole.nTokens, `${cut.nTokens} of ${whole.nTokens}`);
      assert.ok(whole.text.startsWith(cut.text));
    });

    it('of a usual export too', async () => {
      const dir = copyOf(proposalDir('llama'));
      const capabilities = await client.call('chatCapabilities', { proposal: { id: 'llama', dir } }, never);
      assert.equal(capabilities.instructionTuned, false);
    });
  });
});
