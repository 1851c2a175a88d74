// The instant module's page: not built, what it learned, looked for, and not to be read.
/** @param {{ driver: import('../workbench/driver.mjs').Driver, shoot: (name: string) => Promise<void> }} window */
export async function pictures({ driver, shoot }) {
  await driver.palette('Residual: Explore Instant Module');
  const page = await driver.pageFrame('instantExplorer');
  await page.locator('#build').waitFor();
  await driver.palette('View: Close Primary Side Bar').catch(() => {});
  await shoot('offered');
  await page.locator('#build').click();
  await page.locator('#names li').first().waitFor();
  await driver.palette('Notifications: Clear All Notifications');
  await shoot('learned');
  await page.locator('#look-for').fill('state');
  await page.locator('#expected li').first().waitFor();
  await shoot('asked');
  for (const summary of await page.locator('summary').all()) await summary.click();
  await page.locator('#phrases').scrollIntoViewIfNeeded();
  await page.locator('#phrases').evaluate(list => list.scrollIntoView());
  await shoot('phrases');
  await page.locator('#languages').evaluate(table => table.scrollIntoView());
  await shoot('files');
  await page.evaluate(message => globalThis.postMessage(message, '*'), {
    kind: 'state',
    state: { kind: 'failed', message: 'ngram.bin is not a whole n-gram file: it does not begin as one.' },
  });
  await page.locator('.error').waitFor();
  await shoot('failed');
}
