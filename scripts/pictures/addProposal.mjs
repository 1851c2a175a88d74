// Adding a bigger proposal: where from, suggestions, a typed name, the consent, a folder that was tried, and one refused.
import path from 'node:path';
import { copyOfSample } from '../sample.mjs';

export async function pictures({ driver, shoot, page }) {
  const row = text => page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
  const dialog = page.locator('.monaco-dialog-box');
  const input = page.locator('.quick-input-widget input').filter({ visible: true }).first();
  const begin = async source => {
    await driver.palette('Residual: Add a Proposal…');
    await row(source).waitFor();
  };

  await begin('A Folder on This Machine');
  await shoot('source');
  await row('A Model from').click();
  await row('complete better').waitFor();
  await shoot('suggestions');
  await driver.type('owner/some-model@v1');
  await row('owner/some-model').waitFor();
  await shoot('typed');
  await driver.press('Enter');
  await dialog.waitFor();
  await shoot('consent');
  await driver.press('Escape');
  await dialog.waitFor({ state: 'detached' });

  const choose = async folder => {
    await begin('A Folder on This Machine');
    await row('A Folder on This Machine').click();
    await row('tests').waitFor();
    await input.fill(`${folder}/`);
    await row('tests').waitFor({ state: 'detached' });
    await driver.press('Enter');
  };
  await choose(path.resolve('test/fixtures/models/llama'));
  await dialog.waitFor({ timeout: 60_000 });
  await shoot('tried');
  await driver.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await choose(path.join(copyOfSample(), 'src'));
  await driver.waitForToast('cannot be a proposal');
  await shoot('refused');
  await driver.dismissToasts();
}
