// The settings panel in every state that it has.

/** @param {{ driver: import('../workbench/driver.mjs').Driver, workspace: string, shoot: (name: string) => Promise<void> }} window */
export async function pictures({ driver, shoot }) {
  await driver.openFile('src/state/store.ts');
  await driver.moveBehind('src/state/store.ts', 'export function getState(): State {\n  ');
  await driver.palette('Residual: Open Settings Panel');
  const page = await driver.pageFrame('settings');
  await page.locator('.page[aria-busy="false"]').waitFor();
  await page.locator('.side.is-aligned:not(.is-working) pre').waitFor();
  await shoot('settings');
}
