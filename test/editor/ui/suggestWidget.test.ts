// Ghost text beside an open suggest widget: it goes on from what the widget has chosen, and never says anything else.
import assert from 'node:assert/strict';
import { useWorkbench } from './workbench';

const SPOT = 'total_weight += order.weight\n        ';
const SCRIPT = `def total_of(orders):
    total_price = 0
    total_weight = 0
    for order in orders:
        total_price += order.price
        ${SPOT}
    return total_price
`;

describe('ghost text beside an open suggest widget', () => {
  const window = useWorkbench({
    settings: {
      'editor.quickSuggestions': false,
      'editor.wordBasedSuggestions': 'currentDocument',
      'residual.debounce': 0,
    },
  });
  const file = 'src/orders.py';
  const focused = () => window.driver.page.locator('.suggest-widget.visible .monaco-list-row.focused .label-name');

  /** The widget's choice, once the ghost text goes on from it. */
  async function extended(typed: string, other = ''): Promise<{ chosen: string; ghost: string }> {
    const { driver } = window;
    const chosen = await driver.until(
      'a choice in the suggest widget',
      () =>
        focused()
          .textContent({ timeout: 1_000 })
          .then(
            name => name ?? '',
            () => '',
          ),
      name => name !== '' && name !== other,
    );
    const ghost = await driver.waitForGhostText(text => text !== '' && `${typed}${text}`.startsWith(chosen));
    return { chosen, ghost };
  }

  it('goes on from each item that is chosen, and stays when that is accepted', async () => {
    const { driver } = window;
    const typed = 'total_';
    window.write(file, SCRIPT);
    await driver.openFile(file);
    await driver.moveBehind(file, SPOT);
    await driver.type(typed);
    await driver.press('Control+Space');
    const first = await extended(typed);
    await driver.press('ArrowDown');
    const second = await extended(typed, first.chosen);
    assert.ok(`${typed}${second.ghost}`.length > second.chosen.length, 'nothing is added to the choice');

    const [line] = await driver.cursor();
    const [ghostLine] = second.ghost.split('\n');
    await driver.press('Tab');
    await focused().waitFor({ state: 'detached' });
    assert.equal((await driver.lineText(line))?.trim(), second.chosen);
    const rest = await driver.waitForGhostText();
    assert.equal(second.chosen + rest.split('\n')[0], typed + ghostLine);
    await driver.revert();
  });
});
