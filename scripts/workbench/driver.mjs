// Acts like a person on a VS Code page: keys, palette, quick picks; and reads what a person sees.
// Knows VS Code's selectors so that tests need not; knows nothing of the extension under test.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** @typedef {ReturnType<typeof createDriver>} Driver */

const modifier = process.platform === 'darwin' ? 'Meta' : 'Control';

/**
 * @param {import('playwright-core').Page} page
 * @param {string} workspace Folder that paths are relative to.
 */
export function createDriver(page, workspace) {
  const keyboard = page.keyboard;
  const quickInput = page.locator('.quick-input-widget').filter({ visible: true });
  const quickRows = quickInput.locator('.quick-input-list .monaco-list-row');
  const editor = page.locator('.part.editor .editor-instance .monaco-editor').first();

  /**
   * Polls, because what a page shows has no event of its own. Throws with the last thing seen.
   * @template T
   * @param {string} what
   * @param {() => Promise<T> | T} read
   * @param {(seen: T) => boolean} accept
   */
  async function until(what, read, accept, timeoutMs = 20_000) {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const seen = await read();
      if (accept(seen)) return seen;
      if (Date.now() > end)
        throw new Error(`Waited ${timeoutMs / 1000} s for ${what}; the last thing seen was ${JSON.stringify(seen)}.`);
      await delay(50);
    }
  }

  /** @param {import('playwright-core').Locator} what */
  const isGone = (what, withinMs = 1_000) =>
    what
      .waitFor({ state: 'detached', timeout: withinMs })
      .then(() => true)
      .catch(() => false);

  /**
   * Opens a file of the workspace from the explorer (the file search is not there yet right after the start) and waits
   * until its text can be typed in.
   * @param {string} file
   */
  async function openFile(file) {
    const parts = file.split('/');
    // What explains the row that the mouse rests on lies over its neighbours.
    await page.mouse.move(0, 0);
    const inExplorer = depth => {
      // Labels are absolute paths, followed by a bullet when there is something to say of the file.
      const label = [path.basename(workspace), ...parts.slice(0, depth)].join('/');
      const item = `.explorer-item[aria-label$="/${label}"], .explorer-item[aria-label*="/${label} •"]`;
      return page.locator('.explorer-folders-view .monaco-list-row').filter({ has: page.locator(item) });
    };
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = inExplorer(depth);
      const isOpen = async () => (await folder.getAttribute('aria-expanded')) === 'true';
      // A click while the explorer still reads the folder has no effect.
      for (let attempt = 0; attempt < 10 && !(await isOpen()); attempt++) {
        await folder.click();
        await until(`${file} in the explorer`, isOpen, open => open, 2_000).catch(() => {});
      }
    }
    await inExplorer(parts.length).dblclick();
    await page.locator(`.tab.active[data-resource-name="${path.basename(file)}"]`).waitFor();
    await page.locator('.part.editor .monaco-editor.focused').waitFor();
    await editor.locator('.view-line').first().waitFor();
  }

  /**
   * Puts the cursor at a 1-based line and column.
   * @param {number} line
   * @param {number} column
   */
  async function moveTo(line, column) {
    await keyboard.press('Control+G');
    await quickInput.locator('input').first().fill(`:${line}:${column}`);
    await keyboard.press('Enter');
    await until(`the cursor at ${line}:${column}`, cursor, ([l, c]) => l === line && c === column, 5_000);
  }

  /**
   * Puts the cursor behind the first occurrence of `text` in the file as it is on disk.
   * @param {string} file
   * @param {string} text
   */
  async function moveBehind(file, text) {
    const content = fs.readFileSync(path.join(workspace, file), 'utf8');
    const at = content.indexOf(text);
    if (at < 0) throw new Error(`${file} does not contain ${JSON.stringify(text)}.`);
    const lines = content.slice(0, at + text.length).split('\n');
    await moveTo(lines.length, lines[lines.length - 1].length + 1);
  }

  async function cursor() {
    const text = (await page.locator('[id="status.editor.selection"]').textContent()) ?? '';
    return (text.match(/\d+/g) ?? []).slice(0, 2).map(Number);
  }

  /**
   * Types at a person's pace; `delayMs` between keys. Waits until VS Code listens to keys for ghost text: it begins to
   * when an editor is new and the page has been idle, within 5 s (its `CodeEditorContributions`). Idle callbacks come in
   * turn, so that what was to be done before has been done.
   * @param {string} text
   */
  async function type(text, { delayMs = 40 } = {}) {
    await page.evaluate(() => new Promise(resolve => requestIdleCallback(resolve, { timeout: 5_000 })));
    await keyboard.type(text, { delay: delayMs });
  }

  /** @param {string} key in Playwright's spelling, `Control+Shift+P` */
  const press = key => keyboard.press(key);

  /**
   * The ghost text on screen, its lines joined by \n; empty when there is none. Where it goes around text that is
   * there already, such as a closing bracket, that text is in it: this is what a person reads.
   */
  function ghostText() {
    return page.evaluate(() => {
      const isGhost = part => /\bghost-text(?!-hidden)/.test(part.className);
      const ghostIn = line => {
        const parts = [...line.querySelectorAll('span span')];
        const ghosts = parts.filter(isGhost);
        if (ghosts.length === 0) return '';
        const shown = parts.slice(parts.indexOf(ghosts[0]), parts.lastIndexOf(ghosts[ghosts.length - 1]) + 1);
        return shown.map(part => part.textContent).join('');
      };
      const line = [...document.querySelectorAll('.view-lines > .view-line')].map(ghostIn).filter(Boolean);
      const further = [...document.querySelectorAll('.suggest-preview-text .view-line')].map(ghostIn);
      return [line.join(''), ...further].join('\n').replaceAll('\u00a0', ' ');
    });
  }

  /**
   * @param {(text: string) => boolean} [accept]
   * @returns {Promise<string>} the ghost text that `accept` likes, once it stands still for long enough to be read
   */
  async function waitForGhostText(accept = text => text !== '', timeoutMs = 30_000) {
    const steadyMs = 300;
    let last = '';
    let sinceMs = 0;
    const isSteady = text => {
      if (text !== last) sinceMs = Date.now();
      last = text;
      return accept(text) && Date.now() - sinceMs >= steadyMs;
    };
    return until('ghost text', ghostText, isSteady, timeoutMs);
  }

  const waitForNoGhostText = (timeoutMs = 5_000) => until('no ghost text', ghostText, text => text === '', timeoutMs);

  /** Fails when ghost text appears within the time: for what must stay silent. */
  async function staysWithoutGhostText(forMs = 3_000) {
    for (const end = Date.now() + forMs; Date.now() < end; await delay(100)) {
      const text = await ghostText();
      if (text !== '') throw new Error(`There should be no ghost text, but there is ${JSON.stringify(text)}.`);
    }
  }

  async function acceptTab() {
    await keyboard.press('Tab');
    await waitForNoGhostText();
  }

  const acceptWord = () => keyboard.press(`${modifier}+ArrowRight`);

  /**
   * One visible line of the editor as it would be saved, ghost text left out.
   * @param {number} line
   * @returns {Promise<string | undefined>}
   */
  function lineText(line) {
    return page.evaluate(number => {
      const numbers = [...document.querySelectorAll('.part.editor .margin-view-overlays > div')];
      const margin = /** @type {HTMLElement | undefined} */ (
        numbers.find(row => row.textContent.trim() === String(number))
      );
      const lines = /** @type {HTMLElement[]} */ ([
        ...document.querySelectorAll('.part.editor .view-lines > .view-line'),
      ]);
      const found = margin && lines.find(row => row.style.top === margin.style.top);
      if (!found) return undefined;
      const copy = /** @type {HTMLElement} */ (found.cloneNode(true));
      for (const part of copy.querySelectorAll('span span')) {
        if (/\bghost-text(?!-hidden)/.test(part.className)) part.remove();
      }
      return copy.textContent.replaceAll('\u00a0', ' ');
    }, line);
  }

  /**
   * Saves the active file and reads it from disk: the one way to see all of it.
   * @param {string} file
   */
  async function savedText(file) {
    // A key that is pressed while the focus moves between a webview and the editor may reach neither.
    await until(
      'the file to be saved',
      async () => {
        await keyboard.press(`${modifier}+S`);
        return isGone(page.locator('.tab.active.dirty'));
      },
      saved => saved,
    );
    return fs.readFileSync(path.join(workspace, file), 'utf8');
  }

  /**
   * Chooses an entry of the context menu of something on the page.
   * @param {import('playwright-core').Locator} target
   * @param {string} entry
   */
  async function contextMenu(target, entry) {
    const menu = page.locator('.monaco-menu').filter({ visible: true });
    await target.click({ button: 'right' });
    // A menu does not heed the mouse in its first moments, so that the click that opened it chooses nothing.
    await until(
      `${entry} to be chosen`,
      async () => {
        await menu
          .locator('.action-label', { hasText: entry })
          .click({ timeout: 2_000 })
          .catch(() => {});
        return isGone(menu);
      },
      chosen => chosen,
    );
  }

  /** Discards the active file's changes. */
  async function revert() {
    await palette('File: Revert File');
    await page.locator('.tab.active.dirty').waitFor({ state: 'detached' });
  }

  /**
   * Runs a command by its whole title in the command palette.
   * @param {string} command
   */
  async function palette(command) {
    const input = quickInput.locator('input').first();
    const row = quickRows.filter({ has: page.getByText(command, { exact: true }) }).first();
    const quickly = { timeout: 3_000 };
    // A view that takes the focus while it opens closes the palette again: it is opened once more.
    await until(
      `${command} in the command palette`,
      async () => {
        try {
          if (!(await quickInput.isVisible())) await keyboard.press('F1');
          await input.fill(`>${command}`, quickly);
          // Clicked rather than entered: the first row is another one until the list has caught up with the text.
          await row.click(quickly);
          return true;
        } catch {
          return false;
        }
      },
      isChosen => isChosen,
      45_000,
    );
    const palette = page
      .locator('.quick-input-widget input[aria-label^="Type the name of a command"]')
      .filter({ visible: true });
    await palette.waitFor({ state: 'hidden', timeout: 5_000 });
  }

  /**
   * Chooses the row that contains `text` in the open quick pick.
   * @param {string} text
   */
  async function quickPick(text) {
    const row = quickRows.filter({ hasText: text }).first();
    await row.waitFor();
    await row.click();
  }

  /** @returns {Promise<string[]>} the rows of the open quick pick */
  const quickPickRows = () =>
    until(
      'rows of a quick pick',
      () => quickRows.allInnerTexts(),
      rows => rows.length > 0,
    );

  /**
   * Waits until the open quick pick offers a row with this text.
   * @param {string} text
   */
  const waitForQuickPickRow = text =>
    until(`a row with ${text}`, quickPickRows, rows => rows.some(row => row.includes(text)));

  /**
   * The text of a status bar item by its full id (`publisher.name.item`).
   * @param {string} id
   * @returns {Promise<string | undefined>}
   */
  function statusBar(id) {
    return page.evaluate(wanted => document.getElementById(wanted)?.textContent?.trim(), id);
  }

  /**
   * @param {string} id
   * @param {(text: string) => boolean} accept
   */
  const waitForStatusBar = (id, accept, timeoutMs = 30_000) =>
    until(`the status bar item ${id}`, async () => (await statusBar(id)) ?? '', accept, timeoutMs);

  /**
   * What a screen reader says of a status bar item: where an icon alone shows the state.
   * @param {string} id
   * @param {(label: string) => boolean} accept
   */
  const waitForStatusLabel = (id, accept, timeoutMs = 30_000) =>
    until(
      `the label of ${id}`,
      async () => (await page.locator(`[id="${id}"]`).getAttribute('aria-label')) ?? '',
      accept,
      timeoutMs,
    );

  /** @param {string} id */
  const clickStatusBar = id => page.locator(`[id="${id}"] a`).click();

  /** Texts of the notifications on screen. */
  const toasts = () => page.locator('.notification-toast .notification-list-item-message').allInnerTexts();

  /** @param {string} text */
  const waitForToast = (text, timeoutMs = 20_000) =>
    until(`a message with ${JSON.stringify(text)}`, toasts, all => all.some(one => one.includes(text)), timeoutMs);

  const dismissToasts = () => palette('Notifications: Clear All Notifications');

  /** The content of the one webview on screen, as a place to find elements in. */
  const webview = () => page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');

  /**
   * The frame of one of the extension's own pages, among however many webviews are open.
   * @param {string} name of a file in src/webview/pages, without its ending
   */
  async function pageFrame(name, timeoutMs = 30_000) {
    const find = async () => {
      for (const frame of page.frames()) {
        const shown = await frame.evaluate(() => document.body?.dataset.page).catch(() => undefined);
        if (shown === name) return frame;
      }
      return undefined;
    };
    return until(`the page ${name}`, find, frame => frame !== undefined, timeoutMs);
  }

  /** @param {string} name of a view container in the activity bar */
  const openView = name =>
    page.locator('.activitybar .action-item', { has: page.locator(`.action-label[aria-label^="${name}"]`) }).click();

  /**
   * Reloads the page. VS Code stores what is open every few seconds, and not when a page goes away.
   * @param {string[]} stored view types of the webviews that must have been stored before
   */
  async function reload(...stored) {
    const missing = () =>
      page.evaluate(async names => {
        const asked = request =>
          new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
          });
        let text = '';
        for (const { name = '' } of await indexedDB.databases()) {
          if (!name.startsWith('vscode-web-state-db')) continue;
          const database = await asked(indexedDB.open(name));
          text += JSON.stringify(await asked(database.transaction('ItemTable').objectStore('ItemTable').getAll()));
          database.close();
        }
        return names.filter(each => !text.includes(`mainThreadWebview-${each}`));
      }, stored);
    await until('what is open to be stored', missing, names => names.length === 0, 60_000);
    await page.reload();
    await page.waitForSelector('.monaco-workbench .part.statusbar');
  }

  /**
   * Saves artifacts/NAME.png and returns its path.
   * @param {string} name
   */
  async function screenshot(name) {
    const file = path.resolve('artifacts', name.endsWith('.png') ? name : `${name}.png`);
    await page.screenshot({ path: file });
    return file;
  }

  return {
    page,
    workspace,
    until,
    openFile,
    moveTo,
    moveBehind,
    cursor,
    type,
    press,
    contextMenu,
    ghostText,
    waitForGhostText,
    waitForNoGhostText,
    staysWithoutGhostText,
    acceptTab,
    acceptWord,
    lineText,
    savedText,
    revert,
    reload,
    palette,
    quickPick,
    quickPickRows,
    waitForQuickPickRow,
    statusBar,
    waitForStatusBar,
    waitForStatusLabel,
    clickStatusBar,
    toasts,
    waitForToast,
    dismissToasts,
    webview,
    pageFrame,
    openView,
    screenshot,
  };
}
