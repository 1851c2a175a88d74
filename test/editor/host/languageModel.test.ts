// The local models as other extensions see them: through `vscode.lm`, without a sign-in.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { FIXTURE_PROPOSAL } from '../../fixtures/fixtureModels.mjs';

const { User, Assistant } = vscode.LanguageModelChatMessage;
const none = new vscode.CancellationTokenSource().token;
const greedy = { modelOptions: { temperature: 0, seed: 1, max_tokens: 24 } };

describe('the language model provider', () => {
  let model: vscode.LanguageModelChat;

  before(async () => {
    await vscode.extensions.getExtension('residual.residual')!.activate();
    [model] = await vscode.lm.selectChatModels({ vendor: 'residual' });
  });

  const write = async (name: string, value: unknown) =>
    vscode.workspace.getConfiguration('residual').update(name, value, vscode.ConfigurationTarget.Global);

  afterEach(async () => {
    await write('chat.modules', undefined);
    await write('enable', undefined);
  });

  /** The pieces of an answer, in the order in which they came. */
  async function ask(
    messages: vscode.LanguageModelChatMessage[],
    options: vscode.LanguageModelChatRequestOptions = greedy,
    token = none,
  ): Promise<string[]> {
    const response = await model.sendRequest(messages, options, token);
    const pieces: string[] = [];
    for await (const piece of response.text) pieces.push(piece);
    return pieces;
  }

  const question = [User('Write a function that adds two numbers')];

  it('offers the proposal that ships, with its positions', () => {
    assert.equal(model.vendor, 'residual');
    assert.equal(model.id, FIXTURE_PROPOSAL);
    assert.equal(model.name, 'Residual 6M');
    assert.equal(model.maxInputTokens, 512);
  });

  it('streams an answer, the same again with the same seed', async () => {
    const pieces = await ask(question);
    assert.ok(pieces.length > 2, `${pieces.length} pieces`);
    assert.match(pieces.join(''), /^```ts\nexport function [\s\S]+\n```$/);
    assert.equal((await ask(question)).join(''), pieces.join(''));
  });

  it('goes on from an earlier answer', async () => {
    const pieces = await ask([...question, Assistant('```ts\nexport function add(a, b) {}\n```'), User('now a class')]);
    assert.ok(pieces.join('').length > 0);
  });

  it('is aligned by the modules of the chat', async () => {
    const alone = (await ask(question)).join('');
    await write('chat.modules', [{ id: 'react', strength: 1 }]);
    const aligned = (await ask(question)).join('');
    assert.notEqual(aligned, alone);
    await write('chat.modules', [{ id: 'react', strength: 0 }]);
    assert.equal((await ask(question)).join(''), alone);
  });

  it('says which module is missing', async () => {
    await write('chat.modules', [{ id: 'nowhere' }]);
    await assert.rejects(ask(question), /nowhere/);
  });

  it('stops when it is cancelled, and answers the next', async () => {
    const source = new vscode.CancellationTokenSource();
    const response = await model.sendRequest(question, { modelOptions: { max_tokens: 190 } }, source.token);
    let nPieces = 0;
    const listening = (async () => {
      for await (const _piece of response.text) {
        nPieces++;
        source.cancel();
      }
    })();
    await listening.catch(() => {});
    assert.ok(nPieces > 0);
    assert.ok((await ask(question)).length > 0);
  });

  it('ends at a text that the caller names', async () => {
    const whole = (await ask(question)).join('');
    const stop = whole.slice(30, 33);
    const stopped = (await ask(question, { modelOptions: { ...greedy.modelOptions, stop: [stop] } })).join('');
    assert.ok(stopped.length < whole.length && !stopped.slice(26).includes(stop), stopped);
  });

  it('counts tokens as the model does', async () => {
    assert.equal(await model.countTokens(''), 0);
    const one = await model.countTokens('const');
    const many = await model.countTokens('const total = prices.reduce((sum, price) => sum + price, 0);');
    assert.equal(one, 1);
    assert.ok(many > 10 && many < 40, `${many}`);
    assert.equal(await model.countTokens(User('const')), one);
  });

  it('is gone while Residual is switched off, and comes back', async () => {
    const names = async () => (await vscode.lm.selectChatModels({ vendor: 'residual' })).map(({ id }) => id);
    const become = async (expected: readonly string[]) => {
      const end = Date.now() + 20_000;
      let seen = await names();
      while (seen.join() !== expected.join() && Date.now() < end) {
        await new Promise(resolve => setTimeout(resolve, 50));
        seen = await names();
      }
      assert.deepEqual(seen, expected);
    };
    await write('enable', false);
    await become([]);
    await write('enable', undefined);
    await become([FIXTURE_PROPOSAL]);
  });
});
