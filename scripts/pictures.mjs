// npm run pictures: brings up every state of every surface in a real VS Code and saves a picture of each, in three themes
// and two widths, as artifacts/pictures/SURFACE-STATE-THEME-WIDTH.png.
//   npm run pictures -- --only chat --theme light      (both may be named more than once)
// A surface is a file of scripts/pictures/ that exports `pictures({ driver, workspace, shoot })`, and may export `settings`.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { FIXTURE_EXTENSIONS } from '../test/fixtures/fixtureModels.mjs';
import { build } from './build.mjs';
import { copyOfSampleWithModule, statusBarItem } from './sample.mjs';
import { root, setUp } from './setup.mjs';
import { openWorkbench } from './workbench/open.mjs';

const THEMES = { dark: 'Default Dark Modern', light: 'Default Light Modern', contrast: 'Default High Contrast' };
const WIDTHS = { wide: 1280, narrow: 460 };
const HEIGHT = 800;
const folder = path.join(root, 'artifacts/pictures');

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    theme: { type: 'string', multiple: true, default: Object.keys(THEMES) },
  },
});
await setUp();
await build();
fs.mkdirSync(folder, { recursive: true });
const surfaces = fs
  .readdirSync(path.join(root, 'scripts/pictures'))
  .map(file => path.basename(file, '.mjs'))
  .filter(name => values.only?.includes(name) ?? true);
for (const surface of surfaces) {
  const module = await import(`./pictures/${surface}.mjs`);
  for (const theme of values.theme) {
    try {
      await pictureSurface(surface, module, theme);
    } catch (error) {
      console.error(`${surface} in the ${theme} theme: ${error.stack}`);
      process.exitCode = 1;
    }
  }
}

async function pictureSurface(surface, { pictures, settings = {} }, theme) {
  const workspace = copyOfSampleWithModule();
  const workbench = await openWorkbench({
    workspace,
    extension: [root, ...FIXTURE_EXTENSIONS],
    settings: { 'residual.showGate': 0, 'workbench.colorTheme': THEMES[theme], ...settings },
  });
  const { driver, page } = workbench;
  try {
    await driver.waitForStatusBar(statusBarItem, text => text !== '', 120_000);
    /** @param {() => Promise<unknown>} bringIntoView is asked at each width, for what has to be scrolled to. */
    const shoot = async (state, bringIntoView = async () => {}) => {
      for (const [width, pixels] of Object.entries(WIDTHS)) {
        await page.setViewportSize({ width: pixels, height: HEIGHT });
        // The workbench lays itself out over several frames.
        await page.waitForTimeout(400);
        await bringIntoView();
        const file = path.join(folder, `${surface}-${state}-${theme}-${width}.png`);
        await page.screenshot({ path: file });
        console.log(path.relative(process.cwd(), file));
      }
      await page.setViewportSize({ width: WIDTHS.wide, height: HEIGHT });
    };
    await pictures({ driver, workspace, shoot, page, profile: workbench.server.profile });
  } finally {
    await workbench.close();
    fs.rmSync(workspace, { recursive: true, force: true });
  }
}
