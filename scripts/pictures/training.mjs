// Training a module: the form, its options, what the code comes to, the curve, paused, the report, and what can go wrong.
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../setup.mjs';

export const settings = { 'workbench.startupEditor': 'none' };

/** @param {{ driver: import('../workbench/driver.mjs').Driver, workspace: string, page: import('playwright-core').Page, shoot: (name: string) => Promise<void> }} window */
export async function pictures({ driver, workspace, shoot }) {
  // Enough code to train on.
  fs.cpSync(path.join(root, 'src/core'), path.join(workspace, 'src/core'), { recursive: true });
  await driver.palette('Residual: Train Module from This Workspace…');
  const page = await driver.pageFrame('training');
  await page.evaluate(
    'addEventListener("message", ({ data }) => data?.kind === "state" && !data.isMadeUp && (window.state = data.state))',
  );
  await page.locator('#form').waitFor();
  await shoot('form');
  await page.locator('#more summary').click();
  await page.locator('#minutes').fill('0');
  await page.locator('input[value="glob"]').click();
  await shoot('options');
  await page.locator('input[value="workspace"]').click();
  await page.locator('#more summary').click();
  await page.locator('#minutes').fill('0.1');
  await page.locator('#title').fill('The way that the board of tasks is written here, with a title of its own');
  await page.locator('#check').click();
  await page.locator('#begin').waitFor({ timeout: 120_000 });
  await shoot('checked');
  await page.locator('#minutes').fill('3');
  await page.locator('#train').click();
  await page.locator('.plot .is-loss').waitFor({ timeout: 120_000 });
  await driver.until(
    'some of the curve',
    () => page.locator('.plot .is-point').count(),
    n => n >= 3,
    120_000,
  );
  await shoot('training');
  await page.locator('#pause').click();
  await page.locator('#resume').waitFor({ timeout: 60_000 });
  await page.locator('[id^="cancel-"]').click();
  await page.locator('#ask-no:focus').waitFor();
  await shoot('paused');
  await page.locator('#ask-yes').click();
  await page.locator('#form').waitFor();
  await page.locator('#minutes').fill('0.2');
  await page.locator('#train').click();
  await page.locator('#verdict').waitFor({ timeout: 240_000 });
  await shoot('report');
  // Other ends of the same training, made up for the pictures.
  await page.evaluate(`(() => {
    const { job } = state;
    const { report } = job.stage;
    const evaluation = report.evaluation.map(row => ({ ...row, aligned: row.proposal * 1.02 }));
    const ended = { ...report, state: 'no-gain', place: 'aside', evaluation };
    postMessage({ kind: 'state', isMadeUp: true, state: { ...state, job: { ...job, stage: { ...job.stage, report: ended } } } }, '*');
  })()`);
  await page.getByText('does not beat the proposal').waitFor();
  await shoot('no-gain');
  await page.evaluate(`(() => {
    const past = ['finished', 'no-gain', 'failed', 'paused'].map((kind, i) => ({
      ...{ id: kind, title: 'Code of ' + 'aFolderWithALongName/'.repeat(i + 1), day: '2025-03-31', state: kind },
      hasModule: i !== 1,
    }));
    postMessage({ kind: 'state', isMadeUp: true, state: { ...state, job: undefined, obstacle: 'untrusted', past } }, '*');
  })()`);
  await page.locator('#obstacle').waitFor();
  await page.locator('#delete-finished').click();
  await shoot('untrusted');
  await page.locator('#ask-no').click();
  await page.evaluate("postMessage({ kind: 'state', state }, '*')");
  await page.locator('#another').click();
  await page.locator('#memoryMiB').evaluate(input => input.closest('details').setAttribute('open', ''));
  await page.locator('#memoryMiB').fill('256');
  await page.locator('#train').click();
  await page.locator('#problem').waitFor({ timeout: 120_000 });
  await shoot('failed');
}
