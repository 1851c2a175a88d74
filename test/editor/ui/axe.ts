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
