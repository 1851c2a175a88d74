// What the provider of ghost text asks for where it is wanted, and that it asks for nothing at all where it is not.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Question } from '../../../src/host/completer';
import type { Answer } from '../../../src/host/suggestion';
import type { Place } from '../../../src/vscode/feedback';
import { InlineCompletions } from '../../../src/vscode/inlineCompletions';

const PROPOSAL = { id: 'tiny', dir: '/tiny' };
const { Automatic, Invoke } = vscode.InlineCompletionTriggerKind;

/** The provider with parts that write down what they are asked for. */
function provider(pausedIn: (document: vscode.TextDocument) => string | undefined = () => undefined) {
  const asked: string[] = [];
  const questions: Question[] = [];
  const places: Place[] = [];
  const parts = {
    completer: {
      complete: async (question: Question): Promise<Answer> => {
        asked.push('engine');
        questions.push(question);
        return { suggestions: [], source: 'engine', elapsedMs: 1 };
      },
    },
    choices: {
      current: async () => {
        asked.push('models');
        return { proposal: PROPOSAL, modules: [], titles: [] };
      },
    },
    neighbours: {
      for: () => {
        asked.push('neighbours');
        return [];
      },
    },
    status: {
      startWork: () => {
        asked.push('work');
        return () => {};
      },
      showChoice: () => {},
      clearProblem: () => {},
      showProblem: (error: unknown) => assert.fail(String(error)),
    },
    pausing: { in: pausedIn },
    others: { onShown: () => {} },
    feedback: {
      offer: (place: Place) => {
        places.push(place);
        return [];
      },
    },
    firstKeys: { onAsked: () => {} },
    budget: { typingAt: () => ({ contextTokens: 512 }) },
  };
  const { completer, choices, budget, neighbours, status, pausing, others, feedback, firstKeys } = parts;
  type Parts = ConstructorParameters<typeof InlineCompletions>;
  const inline = new InlineCompletions(
    ...([completer, choices, budget, neighbours, status, pausing, others, feedback, firstKeys] as unknown as Parts),
  );
  return { inline, asked, questions, places };
}

async function open(source: string, language = 'typescript'): Promise<[vscode.TextDocument, vscode.Position]> {
  const document = await vscode.workspace.openTextDocument({ language, content: source.replace('█', '') });
  return [document, document.positionAt(source.indexOf('█'))];
}

async function ask(
  { inline }: ReturnType<typeof provider>,
  [document, position]: [vscode.TextDocument, vscode.Position],
  context: Partial<vscode.InlineCompletionContext> = {},
): Promise<void> {
  const { token } = new vscode.CancellationTokenSource();
  const whole = { triggerKind: Automatic, selectedCompletionInfo: undefined, ...context };
  await inline.provideInlineCompletionItems(document, position, whole, token);
}

describe('where completions are switched off', () => {
  const section = () => vscode.workspace.getConfiguration('residual');

  async function withSetting(name: string, value: unknown, run: () => Promise<void>): Promise<void> {
    await section().update(name, value, vscode.ConfigurationTarget.Workspace);
    try {
      await run();
    } finally {
      await section().update(name, undefined, vscode.ConfigurationTarget.Workspace);
    }
  }

  const rows: readonly (readonly [setting: string, value: unknown, source: string, language: string])[] = [
    ['enable', false, 'const a = █', 'typescript'],
    ['enable', false, 'foo(█)', 'javascript'],
    ['enable', false, 'def f():\n    █', 'python'],
    ['languages', { typescript: false }, 'const a = █', 'typescript'],
    ['languages', { '*': false }, 'a { █ }', 'css'],
    ['languages', { python: false, '*': true }, 'def f():\n    █', 'python'],
    ['exclude', { 'Untitled-*': true }, 'const a = █', 'typescript'],
  ];
  for (const [name, value, source, language] of rows) {
    const title = `${source.replaceAll('\n', '⏎')} in ${language} with residual.${name} ${JSON.stringify(value)}`;
    it(`nothing is asked for, no models, no neighbours, no engine, typed or invoked: ${title}`, async () => {
      const at = await open(source, language);
      const parts = provider();
      await withSetting(name, value, async () => {
        for (const triggerKind of [Automatic, Invoke]) await ask(parts, at, { triggerKind });
      });
      assert.deepEqual(parts.asked, []);
      await ask(parts, at);
      assert.deepEqual(parts.asked, ['work', 'models', 'neighbours', 'engine'], 'on again');
    });
  }

  it('nor where they are paused, or become so while the models load', async () => {
    const at = await open('const a = █');
    const always = provider(() => 'paused in this window');
    await ask(always, at);
    assert.deepEqual(always.asked, []);
    let nLooks = 0;
    const meanwhile = provider(() => (nLooks++ === 0 ? undefined : 'paused in this window'));
    await ask(meanwhile, at);
    assert.deepEqual(meanwhile.asked, ['work', 'models']);
  });

  it('nor on either side of a comparison, but again in the file itself', async () => {
    const [before] = await open('const a = 1;\n');
    const [after, position] = await open('const a = █');
    const parts = provider();
    await vscode.commands.executeCommand('vscode.diff', before.uri, after.uri, 'A comparison');
    for (const document of [before, after]) await ask(parts, [document, position]);
    assert.deepEqual(parts.asked, []);
    await vscode.window.showTextDocument(after);
    await ask(parts, [after, position]);
    assert.deepEqual(parts.asked.slice(-1), ['engine']);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });
});

describe('what is asked for', () => {
  const textOf = ({ questions }: ReturnType<typeof provider>) => {
    const { prefix, lineRest, suffix } = (questions[0] ?? assert.fail('nothing was asked for')).text;
    return { prefix, lineRest, suffix };
  };

  it('is what stands around the cursor, one completion while typing and three for who asks', async () => {
    const parts = provider();
    const at = await open('const a = f(█);\r\nconst b = 1;\r\n');
    await ask(parts, at);
    await ask(parts, at, { triggerKind: Invoke });
    assert.deepEqual(textOf(parts), { prefix: 'const a = f(', lineRest: ');', suffix: 'const b = 1;\n' });
    assert.deepEqual(
      parts.questions.map(({ nCompletions }) => nCompletions),
      [1, 3],
    );
  });

  // While the suggest widget is open its selected item counts as typed, so that the two never contradict each other.
  const widget: readonly (readonly [string, string, string, ReturnType<typeof textOf>])[] = [
    ['a name', 'board.ta█\nb();', 'tasks', { prefix: 'board.tasks', lineRest: '', suffix: 'b();' }],
    ['a name before a closer', 'f(board.ta█);', 'tasks', { prefix: 'f(board.tasks', lineRest: ');', suffix: '' }],
    ['a name in other case', 'board.TA█', 'tasks', { prefix: 'board.tasks', lineRest: '', suffix: '' }],
    ['more than a name', 'board.ta█', 'tasks.map(', { prefix: 'board.tasks.map(', lineRest: '', suffix: '' }],
  ];
  for (const [what, source, text, expected] of widget) {
    it(`goes on from what the suggest widget has chosen: ${what}, ${source.replace('\n', '⏎')}`, async () => {
      const parts = provider();
      const [document, position] = await open(source);
      const range = new vscode.Range(position.translate(0, -2), position);
      await ask(parts, [document, position], { selectedCompletionInfo: { range, text } });
      assert.deepEqual(textOf(parts), expected);
      assert.deepEqual(parts.places[0].selected, { range, text });
    });
  }

  it('goes on behind what the chosen item would replace', async () => {
    const parts = provider();
    const [document, position] = await open('board.ta█bs = 1;');
    const range = new vscode.Range(position.translate(0, -2), position.translate(0, 2));
    await ask(parts, [document, position], { selectedCompletionInfo: { range, text: 'tasks' } });
    assert.deepEqual(textOf(parts), { prefix: 'board.tasks', lineRest: ' = 1;', suffix: '' });
  });

  it('is nothing once the editor no longer wants it', async () => {
    const parts = provider();
    const [document, position] = await open('const a = █');
    const source = new vscode.CancellationTokenSource();
    source.cancel();
    const context = { triggerKind: Automatic, selectedCompletionInfo: undefined };
    const items = await parts.inline.provideInlineCompletionItems(document, position, context, source.token);
    assert.equal(items, undefined);
    assert.deepEqual(parts.places, []);
  });
});
