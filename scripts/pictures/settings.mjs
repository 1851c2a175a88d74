// The settings panel in the states that it has.
import fs from 'node:fs';
import path from 'node:path';
import { FIXTURE_MODELS } from '../../test/fixtures/fixtureModels.mjs';

const FILE = 'src/state/store.ts';

/** A module that somebody shared: with a title that should not be one. */
function writeModules(workspace) {
  const from = JSON.parse(fs.readFileSync(path.join(FIXTURE_MODELS, 'modules/react/module.json'), 'utf8'));
  const write = (id, manifest) => {
    const folder = path.join(workspace, '.residual/modules', id);
    fs.cpSync(path.join(FIXTURE_MODELS, 'modules/react'), folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'module.json'), JSON.stringify({ ...from, ...manifest, id }));
  };
  const title =
    'Our own style <b>with a title</b> that goes on for much longer than anybody would ever want to read it';
  write('our-style', {
    title,
    domain: 'our code',
    evaluation: [],
    description: 'Components as this team writes them.',
  });
  write('from-the-future', { formatVersion: 99 });
}

/** @param {{ driver: import('../workbench/driver.mjs').Driver, workspace: string, shoot: (name: string) => Promise<void> }} window */
export async function pictures({ driver, workspace, shoot }) {
  const settings = path.join(workspace, '.vscode/settings.json');
  const write = values => fs.writeFileSync(settings, JSON.stringify(values, null, 2));
  await driver.palette('Residual: Open Settings Panel');
  const page = await driver.pageFrame('settings');
  await page.locator('.page[aria-busy="false"]').waitFor();
  await page.locator('.preview-empty').waitFor();
  write({});
  await page.locator('.empty').waitFor();
  await shoot('empty');

  await driver.openFile(FILE);
  await driver.moveBehind(FILE, 'export function getState(): State {\n  ');
  writeModules(workspace);
  write({ 'residual.modules': [{ id: 'react', strength: 0.8 }, { id: 'tests' }] });
  await driver.palette('Residual: Open Settings Panel');
  const panel = await driver.pageFrame('settings');
  await panel.evaluate(
    'addEventListener("message", ({ data }) => data?.kind === "state" && !data.isMadeUp && (window.state = data.state))',
  );
  const into = section => panel.locator(section).evaluate(element => element.scrollIntoView());
  await panel.locator('[data-card="our-style"]').waitFor();
  await panel.locator('.side.is-aligned:not(.is-working) pre').waitFor();
  await shoot('composed');

  const used = { 'residual.modules': [{ id: 'react', strength: 0.8 }, { id: 'tests' }] };
  const rule = { glob: 'src/**', modules: [{ id: 'our-style' }, { id: 'tests' }] };
  write({ ...used, 'residual.moduleRules': [rule] });
  await panel.locator('.rule').waitFor();
  await shoot('rule');
  write({ 'residual.modules': [{ id: 'no-such-module' }, { id: 'our-style' }] });
  await panel.locator('[data-module="no-such-module"] .problem').waitFor();
  await panel.locator('.side.is-aligned:not(.is-working)').waitFor();
  await shoot('error');
  write(used);
  await panel.locator('[data-module="react"]').waitFor();

  await panel.locator('[data-card="react"] summary').click();
  await panel.locator('#verify-react').click();
  await panel.locator('.notice').waitFor();
  await shoot('modules', () => panel.locator('[data-card="from-the-future"]').scrollIntoViewIfNeeded());

  // Signers that are known, known by another name, and not known, made up for the picture; until the next state comes.
  const showSignatures = () =>
    panel.evaluate(`(() => {
    const fingerprint = 'AB12 CD34 EF56 7890';
    const known = { since: '2025-03-31', name: 'The team of the board of tasks' };
    const signer = 'Somebody with a name that is as long as a signer may be called, and then a little longer yet';
    const signatures = [
      { kind: 'signed', signer: known.name, fingerprint, known },
      { kind: 'signed', signer, fingerprint, known },
      { kind: 'signed', signer, fingerprint },
      { kind: 'unsigned' },
      undefined,
    ];
    const problem =
      'Its signature does not match: the files are not those that "' + signer + '" (key ' + fingerprint + ') signed. ' +
      'Get the module again from whoever signed it.';
    const card = state.library.find(({ id }) => id === 'our-style');
    const cards = signatures.map((signature, i) => ({
      ...{ ...card, id: 'signed-' + i, signature, problem: signature === undefined ? problem : undefined },
      title: i === 2 ? 'AVeryLongWordThatIsATitleWithoutAnySpaceInItToBreakAt'.repeat(2) : card.title,
    }));
    dispatchEvent(new MessageEvent('message', { data: { kind: 'state', isMadeUp: true, state: { ...state, library: cards } } }));
  })()`);
  const shootSignature = (name, id) =>
    shoot(name, async () => {
      await showSignatures();
      await panel.locator(`[data-card="${id}"]`).evaluate(card => card.scrollIntoView());
    });
  await shootSignature('signatures', 'signed-0');
  await shootSignature('signature-broken', 'signed-4');
  await panel.evaluate("postMessage({ kind: 'state', state }, '*')");
  await panel.locator('[data-card="react"]').waitFor();

  await panel.locator('#proposal .speed button').click();
  await panel.locator('#proposal .speed', { hasText: /Again/ }).waitFor();
  await shoot('proposal', () => into('#proposal'));

  await panel.locator('#compare-b').selectOption('react');
  await panel.getByRole('button', { name: 'Compare', exact: true }).click();
  await panel.locator('.comparison [role="status"]', { hasText: /: 8 lines/ }).waitFor({ timeout: 180_000 });
  await shoot('compare', () => into('#compare'));

  await panel.locator('#contextTokens-fixed').click();
  await panel.locator('#number-contextTokens').fill('7');
  await shoot('options', () => into('#options'));
}
