// The first minutes: every step of the walkthrough does what it offers.
import assert from 'node:assert/strict';
import { useWorkbench, withoutSuggestWidget } from './workbench';

describe('walkthrough', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });

  beforeEach(async () => {
    const { driver } = window;
    await driver.palette('Welcome: Open Walkthrough...');
    await driver.quickPick('Complete Code with Residual');
    await driver.page.locator('.getting-started-step').first().waitFor();
  });

  /** Opens a step, unless it is the open one, and clicks its button. */
  async function act(title: string, button: string): Promise<void> {
    const step = window.driver.page.locator('.getting-started-step', { hasText: title });
    const offered = step.locator('.monaco-button', { hasText: button });
    if (!(await offered.isVisible())) await step.locator('.step-title').click();
    await offered.click();
  }

  it('shows a completion in an example that is no file', async () => {
    const { driver } = window;
    await act('See it complete', 'Try a Completion');
    assert.notEqual((await driver.waitForGhostText()).trim(), '');
    assert.match((await driver.page.locator('.tab.active').textContent()) ?? '', /Untitled-/);
    await driver.palette('View: Revert and Close Editor');
  });
  it('switches modules', async () => {
    await act('Pick an alignment module', 'Switch Module');
    await window.driver.waitForQuickPickRow('React');
    await window.driver.press('Escape');
  });
  it('builds the instant module', async () => {
    const { driver } = window;
    await act('Build the instant module', 'Build Instant Module');
    await driver.waitForToast('The instant module is built', 60_000);
    await driver.dismissToasts();
  });
  it('leads to a bigger model, and asks nobody before it is chosen', async () => {
    await act('Add a bigger model', 'Add a Proposal');
    await window.driver.waitForQuickPickRow('A Folder on This Machine');
    await window.driver.press('Escape');
  });
  it('shows the log', async () => {
    await act('Know what leaves this machine', 'Show the Log');
    await window.driver.page.locator('.panel .output-view').waitFor();
  });
  it('has a picture for every step', async () => {
    const steps = window.driver.page.locator('.getting-started-step');
    assert.equal(await steps.count(), 5);
    for (let i = 1; i < 5; i++) {
      await steps.nth(i).locator('.step-title').click();
      await window.driver.page.locator('.getting-started-media iframe').waitFor({ state: 'attached' });
    }
  });
});
