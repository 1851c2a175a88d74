// The scoreboard: empty, after some weeks, while it asks whether to erase, and with a file that cannot be read.
import fs from 'node:fs';
import path from 'node:path';
import { FIXTURE_PROPOSAL } from '../../test/fixtures/fixtureModels.mjs';

/** @param {{ driver: import('../workbench/driver.mjs').Driver, profile: string, shoot: (name: string) => Promise<void> }} window */
export async function pictures({ driver, profile, shoot }) {
  const storage = path.join(profile, 'user/User/globalStorage/residual.residual');
  const file = path.join(storage, 'scoreboard.json');
  const open = async () => {
    await driver.palette('Residual: Show Scoreboard');
    const page = await driver.pageFrame('scoreboard');
    await page.locator('.page[aria-busy="false"]').waitFor();
    return page;
  };
  const reopen = async () => {
    await driver.press('Control+W');
    return open();
  };
  await open();
  await shoot('empty');

  fs.mkdirSync(storage, { recursive: true });
  fs.writeFileSync(file, JSON.stringify(someWeeks()));
  const page = await reopen();
  await page.locator('.chart svg').waitFor();
  await shoot('counts');
  await page.locator('#erase').click();
  await page.locator('#erase-no:focus').waitFor();
  await shoot('asking');

  fs.writeFileSync(file, '{"formatVersion":1,"ro');
  await (await reopen()).locator('.error').waitFor();
  await shoot('unreadable');
  fs.rmSync(file);
}

/** Counts as a few weeks of work leave them, always the same. */
function someWeeks() {
  const groups = [
    ['typescript', ['react', 'instant'], 46],
    ['typescriptreact', ['react', 'instant'], 31],
    ['python', [], 12],
  ];
  const rows = [];
  for (let back = 24; back >= 0; back--) {
    const date = new Date(Date.now() - back * 86_400_000);
    if (date.getUTCDay() === 0 || date.getUTCDay() === 6) continue;
    for (const [i, [languageId, modules, most]] of groups.entries()) {
      const shown = Math.round(most * (0.55 + 0.45 * Math.sin(back * 1.7 + i)));
      const accepted = Math.round(shown * 0.31);
      const partly = Math.round(shown * 0.12);
      const n = accepted + partly;
      rows.push({
        day: date.toISOString().slice(0, 10),
        languageId,
        proposal: FIXTURE_PROPOSAL,
        modules,
        shown,
        accepted,
        partly,
        undone: i === 0 ? 1 : 0,
        nSaved: n * 19,
        kept30s: { n, left: n * 0.94, nWhole: Math.round(n * 0.82) },
        kept5min: { n, left: n * 0.86, nWhole: Math.round(n * 0.7) },
        latencies: { 52: Math.round(shown * 0.6), 58: Math.round(shown * 0.3), 68: Math.round(shown * 0.1) },
      });
    }
  }
  return { formatVersion: 1, rows };
}
