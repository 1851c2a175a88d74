/** What a page looks like to everybody: axe-core's judgement in the real workbench, in three themes, and a narrow column. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { AxeResults } from 'axe-core';
import { source } from 'axe-core';
import type { Frame } from 'playwright-core';
import type { Window } from './workbench';

/** Fails with what is wrong, where, and how to mend it. Scripts of tests are not bound by the page's content policy. */
export async function assertAccessible(frame: Frame): Promise<void> {
  await frame.evaluate(source);
  const { violations } = (await frame.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as AxeResults;
  assert.deepEqual(
    violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map(node => node.html).join(', ')})`),
    [],
  );
}

/** As narrow as a side bar. */
const NARROW_PX = 170;

const THEMES = {
  'Default Light Modern': 'vscode-light',
  'Default High Contrast': 'vscode-high-contrast',
  'Default Dark Modern': 'vscode-dark',
};

/** Fails where a page cannot be read in one of the themes, or is cut off in a narrow column. */
export async function assertReadable(window: Window, frame: Frame): Promise<void> {
  const file = '.vscode/settings.json';
  const settings = fs.existsSync(path.join(window.workspace, file)) ? JSON.parse(window.read(file)) : {};
  for (const [theme, kind] of Object.entries(THEMES)) {
    window.write(file, JSON.stringify({ ...settings, 'workbench.colorTheme': theme }));
    await frame.locator(`body.${kind}`).waitFor({ state: 'attached' });
    // The page is transparent: its text is judged on the colour that the workbench has behind it.
    await frame.evaluate("document.documentElement.style.backgroundColor = 'var(--vscode-editor-background)'");
    await assertAccessible(frame).catch(error => {
      error.message = `in ${theme}: ${error.message}`;
      throw error;
    });
  }
  window.write(file, JSON.stringify(settings));
  assert.deepEqual(await sticksOut(frame), []);
}

/** Draws the page as wide as a narrow side bar. @returns what sticks out at the side, as HTML. */
export function sticksOut(frame: Frame): Promise<string[]> {
  return frame.evaluate(`(() => {
    const { body } = document;
    body.style.width = '${NARROW_PX}px';
    body.style.boxSizing = 'border-box';
    const out = [...document.querySelectorAll('#root *')].filter(element => {
      const { right, width } = element.getBoundingClientRect();
      return width > 1 && right > ${NARROW_PX} + 1 && getComputedStyle(element).position !== 'absolute';
    });
    body.style.width = '';
    return out.map(element => element.outerHTML.slice(0, 120));
  })()`);
}
