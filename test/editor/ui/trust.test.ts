// A workspace that is not trusted: its code is completed, and nothing that it brings is used before it is trusted.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { copyOfSample, sampleSpot } from '../../../scripts/sample.mjs';
import { FIXTURE_MODELS } from '../../fixtures/fixtureModels.mjs';
import { shippedModules, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const TITLE = 'Our own style';

/** The sample with a module of its team's, which its settings choose. */
function withTeamModule(): string {
  const workspace = copyOfSample();
  const [{ id }] = shippedModules();
  const team = path.join(workspace, '.residual/modules/our-style');
  fs.cpSync(path.join(FIXTURE_MODELS, 'modules', id), team, { recursive: true });
  const file = path.join(team, 'module.json');
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8'));
  fs.writeFileSync(file, JSON.stringify({ ...manifest, id: 'our-style', title: TITLE }));
  fs.mkdirSync(path.join(workspace, '.vscode'));
  fs.writeFileSync(
    path.join(workspace, '.vscode/settings.json'),
    JSON.stringify({ 'residual.modules': [{ id: 'our-style' }] }),
  );
  return workspace;
}

describe('a workspace that is not trusted', () => {
  const window = useWorkbench({
    trusted: false,
    settings: { ...withoutSuggestWidget, 'security.workspace.trust.startupPrompt': 'never' },
    makeWorkspace: withTeamModule,
  });

  before(() => window.driver.waitForStatusBar(statusBarId, text => text !== ''));

  async function typeAtSpot(): Promise<void> {
    const { file, after, types } = sampleSpot;
    await window.driver.openFile(file);
    await window.driver.moveBehind(file, after);
    await window.driver.type(types);
    assert.notEqual(await window.driver.waitForGhostText(), '');
    await window.driver.revert();
  }

  it('is completed without the module that it brings, and without a message', async () => {
    const { driver } = window;
    await typeAtSpot();
    await driver.waitForStatusBar(statusBarId, text => text.includes('no module'));
    await driver.clickStatusBar(statusBarId);
    const rows = await driver.quickPickRows();
    assert.ok(!rows.some(row => row.includes(TITLE)), rows.join('\n'));
    await driver.press('Escape');
    assert.deepEqual(await driver.toasts(), []);
  });

  it('is completed with its module as soon as it is trusted', async () => {
    const { driver } = window;
    await driver.palette('Workspaces: Manage Workspace Trust');
    const trust = driver.page.locator('.workspace-trust-editor .monaco-button').filter({ hasText: /^Trust$/ });
    await trust.first().click();
    await driver.page.locator('.workspace-trust-header', { hasText: 'You trust this folder' }).waitFor();
    await driver.page.locator('.monaco-modal-editor-block .action-label.codicon-close').first().click();
    await driver.page.locator('.workspace-trust-editor').waitFor({ state: 'detached' });
    await typeAtSpot();
    await driver.waitForStatusBar(statusBarId, text => text.includes(TITLE));
    assert.deepEqual(await driver.toasts(), []);
  });
});
