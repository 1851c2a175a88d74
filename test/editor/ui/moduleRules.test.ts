// Rules that a team commits: the status bar follows them and says why, and a switch says that a rule decides.
import assert from 'node:assert/strict';
import { commandTitle, shippedModules, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const settingsFile = '.vscode/settings.json';
const [first, second, third] = shippedModules();

describe('rules by folder, language and glob', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  const written = () => JSON.parse(window.read(settingsFile));
  const completesWith = (title: string, reason: string) =>
    window.driver.waitForStatusLabel(statusBarId, label => label.includes(title) && label.includes(reason));

  /** The question of what should be changed is open. */
  const asked = () =>
    window.driver.until('the question', window.driver.quickPickRows, rows => rows[0].includes('Change This Rule'));

  before(() =>
    window.write(
      settingsFile,
      JSON.stringify({
        'residual.modules': [{ id: first.id }],
        'residual.moduleRules': [
          { glob: 'tests/**', modules: [{ id: second.id }], comment: 'ours' },
          { language: 'typescriptreact', modules: [{ id: third.id, strength: 0.5 }, { id: first.id }] },
        ],
      }),
    ),
  );

  it('decide in the files that they match; the status bar says which and why', async () => {
    const { driver } = window;
    await driver.openFile('src/types.ts');
    await completesWith(first.title, 'the settings of this workspace');
    await driver.openFile('tests/store.test.ts');
    await completesWith(second.title, 'rule 1 of residual.moduleRules: tests/**');
    await driver.openFile('src/components/Column.tsx');
    await completesWith(`${third.title} + ${first.title}`, 'rule 2 of residual.moduleRules: typescriptreact files');
  });

  it('are what completions are made with', async () => {
    const { driver } = window;
    window.write('tests/new.test.ts', "import { describe, expect, it } from 'vitest';\n\ndescribe('a', () => {\n  ");
    await driver.openFile('tests/new.test.ts');
    await driver.moveTo(4, 3);
    await driver.type('it(');
    assert.notEqual(await driver.waitForGhostText(), '');
    await completesWith(second.title, 'rule 1');
    await driver.revert();
  });

  it('are followed as soon as the settings file is edited', async () => {
    const settings = written();
    settings['residual.moduleRules'].unshift({ glob: '*.test.ts', modules: [{ id: third.id }] });
    window.write(settingsFile, JSON.stringify(settings));
    await completesWith(third.title, 'rule 1 of residual.moduleRules: *.test.ts');
    settings['residual.moduleRules'].shift();
    window.write(settingsFile, JSON.stringify(settings));
    await completesWith(second.title, 'rule 1 of residual.moduleRules: tests/**');
  });

  it('are changed by a switch only when the person says so, and keep what else is written', async () => {
    const { driver } = window;
    await driver.palette(commandTitle('residual.switchModule'));
    await driver.quickPick(third.title);
    await asked();
    await driver.quickPick('Change This Rule');
    await completesWith(third.title, 'rule 1 of residual.moduleRules: tests/**');
    await driver.until(
      'the rule',
      () => written()['residual.moduleRules'][0],
      rule => rule.modules[0].id === third.id,
    );
    const [rule, other] = written()['residual.moduleRules'];
    assert.deepEqual(rule, { glob: 'tests/**', modules: [{ id: third.id }], comment: 'ours' });
    assert.equal(other.language, 'typescriptreact');
    assert.deepEqual(written()['residual.modules'], [{ id: first.id }]);
  });

  it('are opened in the settings file from a switch, which then changes nothing', async () => {
    const { driver } = window;
    const before = written();
    await driver.palette(commandTitle('residual.switchModule'));
    await driver.quickPick(first.title);
    await driver.quickPick('Open the Rules');
    await driver.page.locator('.monaco-breadcrumbs', { hasText: 'residual.moduleRules' }).waitFor();
    assert.deepEqual(written(), before);
    await driver.page.locator('.monaco-modal-editor-block .action-label.codicon-close').first().click();
  });

  it('are asked about when a strength is set, by keyboard alone', async () => {
    const { driver } = window;
    await driver.openFile('tests/store.test.ts');
    await completesWith(third.title, 'rule 1');
    await driver.palette(commandTitle('residual.setStrength'));
    await driver.page.locator('.quick-input-widget input').first().waitFor();
    await driver.page.keyboard.press('Control+A');
    await driver.type('0.25');
    await driver.press('Enter');
    await asked();
    await driver.press('Enter');
    await driver.until(
      'the strength in the rule',
      () => written()['residual.moduleRules'][0].modules[0].strength,
      strength => strength === 0.25,
    );
  });
});
