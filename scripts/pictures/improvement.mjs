// What a module that learned from feedback would change: worth using, worth doubting, and nothing to decide any more.
import fs from 'node:fs';
import path from 'node:path';

/** @param {{ driver: import('../workbench/driver.mjs').Driver, profile: string, shoot: (name: string) => Promise<void> }} window */
export async function pictures({ driver, profile, shoot }) {
  const stores = path.join(profile, 'user/User/workspaceStorage');
  const waiting = path.join(stores, fs.readdirSync(stores)[0], 'residual.residual/feedback/improvement');
  const open = async view => {
    fs.mkdirSync(path.join(waiting, 'job/module'), { recursive: true });
    fs.writeFileSync(path.join(waiting, 'review.json'), JSON.stringify(view));
    await driver.palette('Residual: Improve Module from My Feedback');
    await driver.page.locator('.notification-toast .monaco-button', { hasText: 'Decide' }).click();
    const page = await driver.pageFrame('improvement');
    await page.locator('#use').waitFor();
    return page;
  };
  let page = await open(learned({ proposal: 0.1, aligned: 0.65, n: 20 }));
  await shoot('learned');
  await driver.press('Control+W');
  page = await open(learned({ proposal: 0.4, aligned: 0.35, n: 20 }));
  await shoot('doubtful');
  await page.locator('#discard').click();
  await driver.waitForToast('is discarded');
}

/** As the trainer and the engine would have found it. */
function learned(preferred) {
  const row = (file, head, outcome, before, after, stood) => ({ file, head, outcome, before, after, stood });
  return {
    id: 'my-feedback',
    title: 'My Feedback, 3/31/2025',
    nPairs: 94,
    preferred,
    isHeldOut: true,
    kept: { proposal: 3.26, aligned: preferred.aligned > preferred.proposal ? 2.61 : 3.3 },
    elsewhere: { proposal: 0.478, aligned: 0.471 },
    gains: preferred.aligned > preferred.proposal,
    strength: 1,
    seconds: 62,
    rows: [
      row('src/state/store.ts', '    if (task.id === ', 'typedOver', 'id) {', 'id) return task', 'id) return task'),
      row('src/state/store.ts', 'import { reduce } from ', 'edited', "'./reduce';", '"./reduce"', '"./reduce"'),
      row('src/components/TaskCard.tsx', '  const label = ', 'partly', "t('due');", 't("due")', 't("due", task.due)'),
      row('src/components/TaskCard.tsx', '  return ', 'accepted', 'undefined;', 'undefined;', 'undefined;'),
      row('src/api/aFolderWithALongName/requestsThatAreRepeated.test.ts', '', 'ignored', 'await wait(0);', '', ''),
    ],
  };
}
