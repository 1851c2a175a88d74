// What is told of a pause and of a switch in the settings: whatever was asked for is wanted no more.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { followWindow } from '../../../src/vscode/windowChanges';

describe('a change in the window', () => {
  const paused = new vscode.EventEmitter<void>();
  let told: string[] = [];
  let following: vscode.Disposable;

  before(() => {
    const tell = (what: string) => () => void told.push(what);
    const parts = {
      engine: { setLimits: tell('limits') },
      choices: { retry: tell('retry'), forget: tell('forget') },
      completer: { stop: tell('stop') },
      status: { redraw: tell('redraw'), clearProblem: tell('clear') },
      pausing: { onDidChange: paused.event },
      instant: { update: tell('update') },
    };
    following = followWindow(parts as unknown as Parameters<typeof followWindow>[0]);
  });
  after(() => vscode.Disposable.from(following, paused).dispose());
  beforeEach(() => {
    told = [];
  });

  it('stops what is being written when completions are paused or resumed', () => {
    paused.fire();
    assert.deepEqual(told, ['stop', 'redraw', 'update']);
  });

  for (const [name, value, stops] of [
    ['enable', false, true],
    ['languages', { typescript: false }, true],
    ['exclude', { '*.ts': true }, true],
    ['showGate', 0.5, false],
  ] as const) {
    it(`${stops ? 'stops' : 'leaves'} what is being written when residual.${name} changes`, async () => {
      const settings = vscode.workspace.getConfiguration('residual');
      const change = (to: unknown) => settings.update(name, to, vscode.ConfigurationTarget.Workspace);
      try {
        await change(value);
        assert.equal(told.includes('stop'), stops);
        for (const what of ['redraw', 'clear', 'retry', 'limits'])
          assert.ok(told.includes(what), `${what} is not among ${told}`);
      } finally {
        await change(undefined);
      }
    });
  }

  it('of the editor in use shows what holds there', async () => {
    const document = await vscode.workspace.openTextDocument({ language: 'typescript' });
    await vscode.window.showTextDocument(document);
    assert.ok(told.includes('redraw'), told.join());
    assert.ok(!told.includes('stop'), told.join());
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
  });

  it('of other extensions’ settings is none of ours', async () => {
    const settings = vscode.workspace.getConfiguration('editor');
    await settings.update('rulers', [100], vscode.ConfigurationTarget.Workspace);
    await settings.update('rulers', undefined, vscode.ConfigurationTarget.Workspace);
    assert.deepEqual(told, []);
  });
});
