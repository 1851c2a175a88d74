// `@residual` in VS Code's own chat, as a person without an account types it.
import assert from 'node:assert/strict';
import { commandTitle } from './names';
import { useWorkbench } from './workbench';

describe("the participant in VS Code's own chat", () => {
  const window = useWorkbench();

  const input = () => window.driver.page.locator('.interactive-session .chat-editor-container .monaco-editor');
  /** White space as it is read, whatever character VS Code draws it with. */
  const read = (text: string | null) => (text ?? '').replaceAll('\u00a0', ' ');
  const typed = async () => read(await input().textContent());
  const answers = async () => (await window.driver.page.locator('.interactive-response').allTextContents()).map(read);

  async function send(text: string): Promise<void> {
    const { driver } = window;
    await driver.palette(commandTitle('residual.askInEditorChat'));
    await input().waitFor();
    await driver.until('the name of the participant', typed, seen => seen.includes('@residual'));
    await driver.type(text);
    await driver.press('Enter');
  }

  /** The `n`-th answer once it has ended, which is when there is something below it to click. */
  async function answer(n: number, accept: (text: string) => boolean): Promise<string> {
    const { driver } = window;
    const all = await driver.until('an answer', answers, seen => seen.length >= n && accept(seen[n - 1]), 60_000);
    await driver.page.locator('.chat-input-toolbars .codicon-stop-circle').waitFor({ state: 'hidden' });
    return all[n - 1];
  }

  it('answers with code for the file in front, and says what its model can do', async () => {
    const { driver } = window;
    await driver.openFile('src/types.ts');
    await send('write a function that counts tasks');
    const text = await answer(1, seen => seen.includes('continues code'));
    assert.match(text, /export function/);
    assert.match(text, /Used 1 reference/);
    assert.match(text, /Residual 6M is a small model/);
    await driver.screenshot('participant-answer');
  });

  it('answers a command about what is selected, and says so only once', async () => {
    const { driver } = window;
    await driver.openFile('src/api/tasks.ts');
    await driver.moveTo(34, 1);
    for (let i = 0; i < 3; i++) await driver.press('Shift+ArrowDown');
    await send('/doc ');
    const text = await answer(2, seen => seen.includes('/**'));
    assert.doesNotMatch(text, /continues code/);
    await driver.screenshot('participant-command');
  });
});
