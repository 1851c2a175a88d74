/** The chat panel as a person uses it, in a real workbench. */
import type { Frame, Locator } from 'playwright-core';
import type { Driver } from '../../../scripts/workbench/driver.mjs';
import { commandTitle } from './names';

export interface ChatPanel {
  frame(): Promise<Frame>;
  /** Brings the panel up and waits until a question can be typed. */
  open(): Promise<void>;
  /** Types a question and sends it with Enter; returns its turn. */
  ask(text: string): Promise<Locator>;
  /** Puts text into the question, with the cursor behind it. */
  draft(text: string): Promise<Locator>;
  draftText(): Promise<string>;
  /** Waits until the last answer is over, and returns it as it is read. */
  answer(): Promise<string>;
  /** Waits until the last answer reads so. */
  answerWith(accept: (text: string) => boolean): Promise<string>;
  questions(): Promise<string[]>;
  click(name: string): Promise<void>;
  chips(): Promise<string[]>;
}

export function chatPanel(driver: () => Driver): ChatPanel {
  const frame = async () => (await driver().pageFrame('chat'))!;
  const box = async () => (await frame()).getByRole('textbox', { name: 'Question' });
  const last = async () => (await frame()).locator('.turn').last();
  const textsOf = async (selector: string) =>
    (await (await frame()).locator(selector).allTextContents()).map(text => text.replace(/\s+/g, ' ').trim());

  async function draft(text: string): Promise<Locator> {
    const field = await box();
    await field.fill(text);
    return field;
  }

  async function answerWith(accept: (text: string) => boolean, timeoutMs = 60_000): Promise<string> {
    const read = async () => ((await (await last()).locator('.markdown').textContent()) ?? '').trim();
    return driver().until('the answer', read, accept, timeoutMs);
  }

  return {
    frame,
    draft,
    answerWith,
    async open() {
      await driver().palette(commandTitle('residual.openChat'));
      await (await box()).waitFor();
    },
    async ask(text) {
      // A space behind a command or a name closes the list that Enter would choose from.
      const field = await draft(`${text} `);
      await field.press('Enter');
      const asked = (await frame()).locator('.turn').last();
      await driver().until(
        'the question',
        () => asked.locator('.asked').textContent(),
        shown => shown?.trim() === text,
      );
      return asked;
    },
    draftText: async () => (await box()).inputValue(),
    async answer() {
      const over = (await last()).locator('.answer[aria-busy=false]');
      await over.waitFor({ timeout: 60_000 });
      return ((await over.locator('.markdown').textContent()) ?? '').trim();
    },
    questions: () => textsOf('.asked'),
    async click(name) {
      await (await frame()).getByRole('button', { name, exact: true }).last().click();
    },
    chips: () => textsOf('.chip-label'),
  };
}
