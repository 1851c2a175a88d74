// Modules on a person's own edits: before a run, running, with a result, refused, and with figures that are certain.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { FIXTURE_PROPOSAL } from '../../test/fixtures/fixtureModels.mjs';

/** @param {{ driver: import('../workbench/driver.mjs').Driver, workspace: string, shoot: (name: string) => Promise<void> }} window */
export async function pictures({ driver, workspace, shoot }) {
  const git = (...args) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: workspace });
  git('init', '-q', '-b', 'main');
  git('commit', '-q', '--allow-empty', '-m', 'begin');
  for (const folder of ['src/api', 'src/components', 'src/state', 'tests']) {
    git('add', '-A', folder);
    git('commit', '-q', '-m', folder);
  }
  await driver.palette('Residual: Compare Module on My Edits');
  const page = await driver.pageFrame('edits');
  await page.locator('#run').waitFor();
  await driver.palette('View: Close Primary Side Bar');
  await shoot('empty');

  await page.locator('#source-range').click();
  await page.locator('#range').fill('nowhere..HEAD');
  await page.locator('#run').click();
  await page.locator('.error').waitFor();
  await shoot('failed');

  await page.locator('#source-last').click();
  await page.locator('#places').fill('60');
  await page.locator('#run').click();
  await page.getByText(/^[1-9]\d* of \d+ places/).waitFor({ timeout: 120_000 });
  await shoot('running');
  await page.locator('.page[aria-busy="false"] .result').waitFor({ timeout: 240_000 });
  await shoot('result');
  await page.locator('#best-title').scrollIntoViewIfNeeded();
  await page.evaluate("document.getElementById('best-title').scrollIntoView()");
  await shoot('differences');

  // The look of a result that is certain, made up for the picture.
  await page.evaluate(message => globalThis.postMessage(message, '*'), { kind: 'state', state: certain() });
  await page.evaluate('scrollTo(0, 0)');
  await page.getByText('flatter').waitFor();
  await shoot('certain');
  await page.evaluate(message => globalThis.postMessage(message, '*'), {
    kind: 'state',
    state: { ...certain(), unavailable: 'untrusted', run: { kind: 'none' } },
  });
  await page.locator('#trust').waitFor();
  await shoot('untrusted');
  fs.rmSync(path.join(workspace, '.git'), { recursive: true, force: true });
}

function certain() {
  const value = (x, low, high) => ({ value: x, interval: [low, high] });
  const side = (exact, ms) => ({
    exactMatch: value(exact, exact - 0.02, exact + 0.02),
    editSimilarity: value(exact + 0.3, exact + 0.27, exact + 0.33),
    keystrokesSaved: value(exact + 0.1, exact + 0.06, exact + 0.13),
    p50Ms: ms,
    p90Ms: 3.1 * ms,
    nTimes: 100,
  });
  const result = {
    folder: 'board',
    source: { kind: 'range', range: 'main..HEAD' },
    nCommits: 12,
    nFiles: 48,
    nExcluded: 2,
    nFound: 1840,
    proposal: FIXTURE_PROPOSAL,
    modules: [
      { id: 'instant', title: 'This workspace', strength: 0.5 },
      {
        id: 'react',
        title: 'React with a title that somebody made longer than it had to be, for whatever reason',
        strength: 0.3,
      },
    ],
    mayHaveSeen: ['This workspace'],
    figures: {
      n: 200,
      groupedBy: 'commits',
      nGroups: 12,
      alone: side(0.112, 48),
      aligned: side(0.241, 52),
      gain: {
        exactMatch: value(0.129, 0.071, 0.184),
        editSimilarity: value(0.129, -0.004, 0.162),
        keystrokesSaved: value(-0.031, -0.052, -0.012),
      },
      nSame: 118,
      best: [],
      worst: [],
    },
  };
  return {
    unavailable: undefined,
    folders: ['board', 'packages'],
    modules: [{ id: 'react', title: 'React' }],
    inUse: ['This workspace', 'React'],
    question: { folder: 'board', source: { kind: 'range', range: 'main..HEAD' }, module: '', nPlaces: 200 },
    run: { kind: 'done', result },
  };
}
