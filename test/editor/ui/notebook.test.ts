// Ghost text in a notebook: in its cells of code, asked with the cells above, and not in its prose.
import assert from 'node:assert/strict';
import { commandTitle, statusBarId, tells } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const cell = (cell_type: string, id: string, source: string) => ({
  ...{ cell_type, id, metadata: {}, source: source.split(/(?<=\n)/) },
  ...(cell_type === 'code' ? { execution_count: null, outputs: [] } : {}),
});
const notebook = {
  cells: [
    cell(
      'code',
      'first',
      'def total_of(orders):\n    total = 0\n    for order in orders:\n        total += order.price\n    return total',
    ),
    cell('markdown', 'prose', '# The total'),
    cell('code', 'second', 'for order in orders:\n    '),
  ],
  metadata: { language_info: { name: 'python' } },
  nbformat: 4,
  nbformat_minor: 5,
};

describe('a notebook', () => {
  const window = useWorkbench({ settings: { ...withoutSuggestWidget, 'residual.debounce': 0 } });
  const file = 'orders.ipynb';
  const editors = () => window.driver.page.locator('.notebookOverlay .cell.code .monaco-editor');
  const cached = () => [...window.log.matchAll(/completion from engine.* (\d+) cached, (\d+) prefilled/g)];

  before(async () => {
    const { page } = window.driver;
    window.write(file, JSON.stringify(notebook));
    await page.locator('.explorer-folders-view .monaco-list-row', { hasText: file }).dblclick();
    await editors().nth(1).waitFor();
  });

  it('is completed in a cell, and accepted into it', async () => {
    const { driver } = window;
    await editors().nth(1).locator('.view-lines').click();
    await driver.press('Control+End');
    await driver.type('tot');
    const ghost = await driver.waitForGhostText();
    await driver.acceptTab();
    const saved = JSON.parse(await driver.savedText(file));
    assert.equal(saved.cells[2].source.join(''), `for order in orders:\n    tot${ghost}`);
    assert.deepEqual(saved.cells[0].source, notebook.cells[0].source);
    // The cell alone is 10 tokens.
    const [, nCached, nPrefilled] = cached()[0] ?? assert.fail('no completion in the log');
    assert.ok(Number(nCached) + Number(nPrefilled) > 30, `${nCached} + ${nPrefilled} tokens were shown to the model`);
  });

  it('is paused as one file', async () => {
    const { driver } = window;
    await driver.palette(commandTitle('residual.pause'));
    await driver.quickPick(`In ${file}`);
    await driver.waitForStatusLabel(statusBarId, tells(`paused in ${file}`));
    for (const nth of [0, 1]) {
      await editors().nth(nth).locator('.view-lines').click();
      await driver.press('Control+End');
      await driver.type('\ntot');
      await driver.staysWithoutGhostText(1_000);
    }
    await driver.palette(commandTitle('residual.pause'));
    await driver.press('Enter');
    await driver.waitForStatusLabel(statusBarId, tells('ready'));
  });

  it('is left alone in its prose', async () => {
    const { driver } = window;
    const nBefore = window.nRequests;
    await editors().nth(1).locator('.view-lines').click();
    for (const key of ['Escape', 'ArrowUp', 'Enter']) await driver.press(key);
    await driver.page.locator('.notebookOverlay .markdown-cell-row .monaco-editor.focused').waitFor();
    await driver.press('Control+End');
    await driver.type(' of all orders is');
    await driver.waitForStatusLabel(statusBarId, tells('off in this language'));
    await driver.staysWithoutGhostText(1_000);
    assert.equal(window.nRequests, nBefore);
  });
});
