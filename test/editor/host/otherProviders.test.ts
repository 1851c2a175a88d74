// Another extension that writes ghost text: said once, when it matters, and never again.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { OtherProviders } from '../../../src/vscode/otherProviders';

const SAID = 'otherProviders.said';
const COPILOT = { id: 'GitHub.copilot', isActive: true, packageJSON: { displayName: 'Copilot' } };

class Memory implements vscode.Memento {
  private readonly values = new Map<string, unknown>();
  keys = () => [...this.values.keys()];
  get<T>(key: string, otherwise?: T): T {
    return (this.values.get(key) ?? otherwise) as T;
  }
  async update(key: string, value: unknown): Promise<void> {
    this.values.set(key, value);
  }
}

describe('other providers of ghost text', () => {
  const memory = new Memory();
  const shown = (...extensions: (typeof COPILOT)[]) => {
    new OtherProviders(memory, () => extensions).onShown();
    return memory.get<string[]>(SAID, []);
  };
  /** Messages stay open, and have no event of their own. */
  after(() => vscode.commands.executeCommand('notifications.clearAll'));

  it('says nothing of extensions that provide none, or do not run', () =>
    assert.deepEqual(
      shown(
        { ...COPILOT, id: 'someone.else' },
        { ...COPILOT, isActive: false },
        { ...COPILOT, id: 'residual.residual' },
      ),
      [],
    ));
  it('says so once', () => {
    assert.deepEqual(shown(COPILOT), ['GitHub.copilot']);
    assert.deepEqual(shown(COPILOT), ['GitHub.copilot']);
  });
  it('says so of the next one too', () =>
    assert.deepEqual(shown(COPILOT, { ...COPILOT, id: 'TabNine.tabnine-vscode' }), [
      'GitHub.copilot',
      'TabNine.tabnine-vscode',
    ]));
  it('takes two extensions that obey the same switch for one', () => {
    const both = new Memory();
    const say = () => new OtherProviders(both, () => [COPILOT, { ...COPILOT, id: 'GitHub.copilot-chat' }]).onShown();
    say();
    say();
    assert.deepEqual(both.get(SAID), ['GitHub.copilot']);
  });
  it('says nothing of one that the person has switched off, whatever else stands in its setting', () => {
    const off = new Memory();
    const settings = { 'github.copilot.enable': { '*': false, plaintext: false, markdown: true } };
    new OtherProviders(
      off,
      () => [COPILOT],
      name => settings[name as keyof typeof settings],
    ).onShown();
    assert.equal(off.get(SAID), undefined);
  });
  it('asks once a window, however often completions are shown', () => {
    let asked = 0;
    const others = new OtherProviders(new Memory(), () => {
      asked++;
      return [];
    });
    others.onShown();
    others.onShown();
    assert.equal(asked, 1);
  });
});
