/** Accessibility of a page as axe-core judges it in the real workbench, in the theme that is on. */
import assert from 'node:assert/strict';
import type { AxeResults } from 'axe-core';
import { source } from 'axe-core';
import type { Frame } from 'playwright-core';

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

/** The page is transparent: its text is judged on the colour that the workbench has behind it. */
export async function assertAccessibleAsSeen(frame: Frame): Promise<void> {
  await frame.evaluate("document.documentElement.style.backgroundColor = 'var(--vscode-editor-background)'");
  await assertAccessible(frame);
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
