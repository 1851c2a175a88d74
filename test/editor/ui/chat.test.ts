// The chat panel in a real workbench: with an engine whose answers are known, and with the models that ship.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { assertAccessible } from './axe';
import { ANSWERS, withChatEngine } from './chatExtension';
import { type ChatPanel, chatPanel } from './chatPanel';
import { commandTitle } from './names';
import { useWorkbench, type Window, withoutSuggestWidget } from './workbench';

const SETTINGS = '.vscode/settings.json';
const FILE = 'src/types.ts';
const CODE = 'export const answer = 42;\nexport const other = [answer];';

/** All that is kept of chats in this window, as one text. */
function keptChats({ profile }: Window): string {
  const files = fs.readdirSync(profile, { recursive: true, encoding: 'utf8' });
  const chats = files.filter(file => /residual\.residual[\\/]chats[\\/]/.test(file));
  return chats.map(file => fs.readFileSync(path.join(profile, file), 'utf8')).join('\n');
}

/** Opens a file from the explorer, which the chat stands in place of, and brings the chat back. */
async function openBeside({ driver }: Window, chat: ChatPanel, file: string): Promise<void> {
  await driver.palette('View: Show Explorer');
  await driver.openFile(file);
  await chat.open();
  await driver.palette('View: Focus Active Editor Group');
}

describe('the chat panel', () => {
  let extension = '';
  const window = useWorkbench({ settings: withoutSuggestWidget, extension: () => (extension = withChatEngine()) });
  const chat = chatPanel(() => window.driver);
  after(() => fs.rmSync(extension, { recursive: true, force: true, maxRetries: 5 }));

  const show = (file: string) => openBeside(window, chat, file);
  const newChat = async () => {
    await window.driver.palette(commandTitle('residual.newChat'));
    await (await chat.frame()).locator('.welcome').waitFor();
  };

  it('streams an answer, stops it by Escape, and keeps what was written', async () => {
    await chat.open();
    await chat.ask('slow one');
    await chat.answerWith(text => /w3/.test(text));
    assert.equal(await (await chat.frame()).locator('.answer').getAttribute('aria-busy'), 'true');
    await window.driver.press('Escape');
    const stopped = await chat.answer();
    assert.match(stopped, /^w0 w1 w2 w3/);
    await (await chat.frame()).getByText('Stopped.', { exact: true }).first().waitFor();
    assert.equal(await chat.answer(), stopped);
  });

  it('stops by its button, and tries again', async () => {
    await chat.ask('slow two');
    await chat.answerWith(text => /w2/.test(text));
    await chat.click('Stop (Escape)');
    await chat.answer();
    await chat.click('Try again');
    await chat.answerWith(text => /^w0 (?!.*w40)/.test(text));
    await chat.click('Stop (Escape)');
    await chat.answer();
    assert.deepEqual(await chat.questions(), ['slow one', 'slow two']);
  });

  it('edits a question and sends it again, which replaces what followed', async () => {
    const frame = await chat.frame();
    await frame.locator('.question').first().hover();
    await frame.getByRole('button', { name: 'Edit and send again' }).first().click();
    assert.equal(await chat.draftText(), 'slow one');
    assert.equal(await frame.locator('.turn.replaced').count(), 2);
    await (await chat.draft('plain again')).press('Enter');
    await window.driver.until('the question alone', chat.questions, all => all.join() === 'plain again');
    assert.equal(await chat.answer(), 'Plain words.');
  });

  it('edits the last question by Up', async () => {
    await (await chat.draft('')).press('ArrowUp');
    assert.equal(await chat.draftText(), 'plain again');
    await window.driver.press('Escape');
    assert.equal(await chat.draftText(), '');
  });

  it('copies an answer and the code of a block', async () => {
    const { page } = window.driver;
    await chat.ask('code');
    await chat.answer();
    const copied = (what: string) =>
      window.driver.until(
        'the clipboard',
        () => page.evaluate('navigator.clipboard.readText()'),
        text => text === what,
      );
    await chat.click('Copy');
    await copied(CODE);
    await chat.click('Copy answer');
    await copied(ANSWERS.code);
  });

  it('inserts code at the cursor, indented as its place, undone in one step', async () => {
    const { driver } = window;
    await show(FILE);
    const before = window.read(FILE);
    await driver.moveTo(2, 1);
    await driver.type('  ');
    await chat.click('Insert at cursor');
    await driver.until(
      'the code',
      () => driver.lineText(3),
      line => line?.includes('other') ?? false,
    );
    const [first, ...rest] = before.split('\n');
    const [line, ...code] = CODE.split('\n');
    const inserted = [first, `  ${line}`, ...code.map(one => `  ${one}${rest[0]}`), ...rest.slice(1)].join('\n');
    assert.equal(await driver.savedText(FILE), inserted);
    await driver.press('Control+Z');
    await driver.until(
      'the line as it was',
      () => driver.lineText(2),
      line => line?.trim() === rest[0].trim(),
    );
    await driver.revert().catch(() => {});
    window.write(FILE, before);
    await driver.until(
      'the file as it was',
      () => driver.lineText(2),
      text => text === rest[0],
    );
  });

  describe('replaces the selection', () => {
    const tab = () => window.driver.page.locator('.tab', { hasText: 'proposed change' });

    before(async () => {
      await newChat();
      await chat.ask('code');
      await chat.answer();
    });

    /** Selects the first line, and asks to replace it. */
    async function propose(): Promise<string> {
      const { driver } = window;
      await show(FILE);
      await driver.moveTo(1, 1);
      await driver.press('Shift+End');
      await chat.click('Replace selection…');
      await tab().waitFor();
      return window.read(FILE);
    }

    it('not before a person has seen the difference and accepted it; undo takes it back', async () => {
      const { driver } = window;
      const before = await propose();
      const first = before.split('\n')[0];
      const shown = driver.page.locator('.monaco-diff-editor');
      await driver.until(
        'the new code',
        () => shown.textContent(),
        text => text?.includes('answer') ?? false,
      );
      assert.equal(window.read(FILE), before);
      await chat.click('Accept');
      await tab().waitFor({ state: 'detached' });
      assert.equal(await driver.savedText(FILE), before.replace(first, CODE));
      await chat.click('Undo');
      await driver.until(
        'the first line',
        () => driver.lineText(1),
        line => line === first,
      );
      assert.equal(await driver.savedText(FILE), before);
      assert.equal(await (await chat.frame()).locator('.edit-bar').count(), 0);
    });

    it('not when it is rejected, in the panel, in the comparison or by closing it', async () => {
      const { driver } = window;
      const before = await propose();
      await chat.click('Reject');
      await tab().waitFor({ state: 'detached' });
      await propose();
      await driver.page.locator('.editor-actions [aria-label^="Reject Proposed Change"]').click();
      await tab().waitFor({ state: 'detached' });
      await propose();
      await tab().click();
      await driver.palette('View: Close Editor');
      await tab().waitFor({ state: 'detached' });
      await (await chat.frame()).locator('.edit-bar').waitFor({ state: 'detached' });
      assert.equal(window.read(FILE), before);
    });

    it('not when the file has changed meanwhile', async () => {
      const { driver } = window;
      const before = await propose();
      window.write(FILE, `// new\n${before}`);
      await driver.until(
        'the change',
        () => driver.page.locator('.monaco-diff-editor .editor.original').textContent(),
        text => text?.includes('new') ?? false,
      );
      await chat.click('Accept');
      await driver.waitForToast('has changed since');
      await driver.dismissToasts();
      await chat.click('Reject');
      await tab().waitFor({ state: 'detached' });
      assert.equal(window.read(FILE), `// new\n${before}`);
      window.write(FILE, before);
    });

    it('not when nothing is selected, and says so', async () => {
      const { driver } = window;
      await show(FILE);
      await driver.moveTo(1, 1);
      await chat.click('Replace selection…');
      await driver.waitForToast('Select the code to replace');
      await driver.dismissToasts();
    });
  });

  it('makes a new file of a block, in its language', async () => {
    const { driver } = window;
    await chat.click('New file');
    await driver.page.locator('.tab.active', { hasText: 'Untitled-1' }).waitFor();
    assert.equal(await driver.lineText(1), CODE.split('\n')[0]);
    await driver.until(
      'the language',
      () => driver.page.locator('[id="status.editor.mode"]').textContent(),
      text => text?.includes('TypeScript') ?? false,
    );
    await driver.press('Control+A');
    await driver.press('Delete');
    await driver.palette('View: Close Editor');
  });

  it('runs nothing of a hostile answer, and opens none of its commands', async () => {
    const { driver } = window;
    const title = await driver.page.title();
    await chat.ask('hostile');
    const text = await chat.answer();
    assert.match(text, /<script>window\.hacked = 1/);
    const frame = await chat.frame();
    assert.equal(await frame.evaluate('window.hacked'), undefined);
    assert.equal(await frame.locator('#root :is(script, img, iframe)').count(), 0);
    assert.deepEqual(
      await frame.locator('.markdown a').evaluateAll(links => links.map(link => link.getAttribute('href'))),
      ['https://example.com/leak.png', 'https://example.com/'],
    );
    // VS Code asks before it goes anywhere; nobody goes there in a test.
    await frame.getByRole('link', { name: 'web' }).click();
    const dialog = driver.page.locator('.monaco-dialog-box');
    await dialog.waitFor();
    assert.match((await dialog.textContent()) ?? '', /example\.com/);
    await driver.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.equal(await driver.page.title(), title);
  });

  it('goes on with its answer when the engine is killed in the middle', async () => {
    const { driver } = window;
    await newChat();
    await chat.ask('slow and killed');
    await chat.answerWith(text => /w5/.test(text));
    const [pid] = window.pids('engine.js');
    process.kill(pid, 'SIGKILL');
    await driver.until(
      'another engine',
      () => window.pids('engine.js'),
      pids => pids.length === 1 && pids[0] !== pid,
    );
    const before = (await chat.answerWith(() => true)).match(/w/g)!.length;
    const text = await chat.answerWith(now => now.match(/w/g)!.length > before + 5);
    assert.deepEqual(
      text.split(' '),
      text.split(' ').map((_, index) => `w${index}`),
    );
    await driver.press('Escape');
    await chat.answer();
  });

  it('goes on with its answer when its modules are switched in the middle', async () => {
    await chat.ask('slow and switched');
    await chat.answerWith(text => /w3/.test(text));
    window.write(SETTINGS, JSON.stringify({ 'residual.chat.modules': [{ id: 'react' }] }));
    const frame = await chat.frame();
    await frame.getByRole('button', { name: /Model of the test \+ React/ }).waitFor();
    const before = (await chat.answerWith(() => true)).match(/w/g)!.length;
    const text = await chat.answerWith(now => now.match(/w/g)!.length > before + 5);
    assert.deepEqual(
      text.split(' '),
      text.split(' ').map((_, index) => `w${index}`),
    );
    await window.driver.press('Escape');
    await chat.answer();
    assert.match((await frame.locator('.writers').last().textContent()) ?? '', /Model of the test \+ React/);
    window.write(SETTINGS, '{}');
  });

  it('says what is wrong with a choice before it is asked, and what to do', async () => {
    window.write(SETTINGS, JSON.stringify({ 'residual.chat.modules': [{ id: 'nowhere' }] }));
    const frame = await chat.frame();
    const problem = frame.locator('.below .problem');
    await problem.waitFor();
    assert.match(
      (await problem.textContent()) ?? '',
      /There is no alignment module "nowhere".*residual\.chat\.modules/,
    );
    await chat.click('Choose Modules…');
    await window.driver.waitForQuickPickRow('React');
    await window.driver.press('Escape');
    window.write(SETTINGS, '{}');
    await problem.waitFor({ state: 'detached' });
  });

  it('is given modules of its own, and completions keep theirs', async () => {
    const { driver } = window;
    window.write(SETTINGS, JSON.stringify({ 'residual.modules': [{ id: 'tests' }] }));
    await chat.open();
    const frame = await chat.frame();
    await frame.locator('button.model').click();
    await driver.quickPick('React');
    await driver.press('Enter');
    await driver.until(
      'the setting',
      () => JSON.parse(window.read(SETTINGS))['residual.chat.modules'],
      modules => JSON.stringify(modules) === '[{"id":"react"}]',
    );
    await frame.getByRole('button', { name: /Model of the test \+ React/ }).waitFor();
    assert.deepEqual(JSON.parse(window.read(SETTINGS))['residual.modules'], [{ id: 'tests' }]);
    window.write(SETTINGS, '{}');
    await frame.getByRole('button', { name: /\+ React/ }).waitFor({ state: 'detached' });
  });

  describe('keeps its history', () => {
    const title = commandTitle('residual.chatHistory');
    const rows = async () => (await window.driver.quickPickRows()).map(row => row.replace(/just now.*/s, '').trim());
    const rowOf = (text: string) => window.driver.page.locator('.quick-input-list .monaco-list-row', { hasText: text });

    it('which is listed and opened', async () => {
      await newChat();
      await chat.ask('plain first');
      await chat.answer();
      await newChat();
      await chat.ask('plain second');
      await chat.answer();
      await window.driver.palette(title);
      assert.deepEqual((await rows()).slice(0, 2), ['plain second', 'plain first']);
      await window.driver.quickPick('plain first');
      await window.driver.until('the first chat', chat.questions, all => all.join() === 'plain first');
    });

    it('in which a chat is renamed', async () => {
      const { driver } = window;
      await driver.palette(title);
      await rowOf('plain second').hover();
      await rowOf('plain second').locator('[aria-label="Rename"]').click();
      const field = driver.page.locator('.quick-input-widget input[type=text]').filter({ visible: true });
      // The list of chats has given way to the box for a name.
      await driver.until(
        'the name',
        () => field.inputValue().catch(() => ''),
        value => value === 'plain second',
      );
      await field.fill('A better name');
      await driver.press('Enter');
      await field.waitFor({ state: 'hidden' });
      await driver.palette(title);
      assert.ok((await rows()).includes('A better name'));
      await driver.press('Escape');
    });

    it('from which a chat is exported as Markdown', async () => {
      const { driver } = window;
      await driver.palette(commandTitle('residual.exportChat'));
      const target = path.join(window.workspace, 'exported.md');
      const field = driver.page.locator('.quick-input-widget input[type=text]').filter({ visible: true });
      await driver.until(
        'a name',
        () => field.inputValue(),
        value => value.endsWith('plain-first.md'),
      );
      await field.fill(target);
      await driver.press('Enter');
      await driver.waitForToast('exported.md');
      await driver.dismissToasts();
      const text = window.read('exported.md');
      assert.match(text, /^# plain first\n/);
      assert.match(text, /plain first[\s\S]*Plain words\./);
      fs.rmSync(target);
    });

    it('from which a chat is deleted, and put back', async () => {
      const { driver } = window;
      await driver.palette(commandTitle('residual.deleteChat'));
      await driver.waitForToast('Deleted the chat "plain first"');
      await (await chat.frame()).locator('.welcome').waitFor();
      assert.ok(!keptChats(window).includes('plain first'));
      await driver.page.locator('.notification-toast').getByRole('button', { name: 'Undo' }).click();
      await driver.until('the chat', chat.questions, all => all.join() === 'plain first');
      assert.ok(keptChats(window).includes('plain first'));
    });
  });

  it('is as it was after a reload in the middle of an answer, draft included', async function () {
    this.timeout(180_000);
    const { driver } = window;
    await chat.ask('slow to be reloaded');
    await chat.answerWith(text => text.length > 450);
    const questions = await chat.questions();
    await chat.draft('half a question');
    await driver.until('the draft kept', chat.draftText, text => text === 'half a question');
    await driver.palette('Developer: Reload Window');
    await driver.page.waitForSelector('.monaco-workbench .part.statusbar');
    await driver.until(
      'the questions',
      () => chat.questions().catch(() => []),
      all => all.length > 0,
      60_000,
    );
    assert.deepEqual(await chat.questions(), questions);
    assert.match(await chat.answer(), /^w0 w1 w2/);
    assert.equal(await chat.draftText(), 'half a question');
    await chat.draft('');
  });

  it('is the same when the panel was hidden and is shown again', async () => {
    const { driver } = window;
    await chat.ask('plain hidden');
    await chat.draft('kept');
    await driver.openView('Explorer');
    await driver.until(
      'no page',
      async () => driver.page.frames().length,
      n => n > 0,
    );
    await chat.open();
    await driver.until('the draft', chat.draftText, text => text === 'kept');
    assert.deepEqual((await chat.questions()).at(-1), 'plain hidden');
    assert.equal(await chat.answer(), 'Plain words.');
    await chat.draft('');
  });

  it('does nothing while Residual is switched off, says so, and can be switched on there', async () => {
    const { driver } = window;
    await chat.open();
    await chat.ask('slow until off');
    await chat.answerWith(text => /w3/.test(text));
    window.write(SETTINGS, '{ "residual.enable": false }');
    const frame = await chat.frame();
    await frame.getByText('Residual is switched off').waitFor();
    assert.equal(await frame.getByRole('textbox').count(), 0);
    await chat.click('Turn On');
    await driver.until(
      'the setting',
      () => window.read(SETTINGS),
      text => /"residual.enable": true/.test(text),
    );
    assert.match(await chat.answer(), /^w0/);
    await frame.locator('.turn').last().getByText('Stopped.', { exact: true }).first().waitFor();
    window.write(SETTINGS, '{}');
  });

  for (const theme of ['Default Dark Modern', 'Default Light Modern', 'Default High Contrast']) {
    it(`is accessible in ${theme}, wide and 170 px narrow`, async () => {
      await newChat();
      window.write(SETTINGS, JSON.stringify({ 'workbench.colorTheme': theme }));
      const frame = await chat.frame();
      const kind = /Contrast/.test(theme)
        ? 'vscode-high-contrast'
        : /Light/.test(theme)
          ? 'vscode-light'
          : 'vscode-dark';
      await frame.locator(`body.${kind}`).waitFor();
      await assertAccessibleAsSeen(frame);
      await chat.ask('code');
      await chat.answer();
      await chat.draft('/');
      await frame.getByRole('option').first().waitFor();
      for (const x of [500, 218]) {
        await dragEdgeTo(window, x);
        await assertAccessibleAsSeen(frame);
        const overflows = await frame.evaluate('document.documentElement.scrollWidth > innerWidth');
        assert.equal(overflows, false, `it is wider than its panel, whose edge is at ${x} px`);
      }
      await dragEdgeTo(window, 350);
      await chat.draft('');
    });
  }
});

/** The page is transparent: its text is judged on the colour that the workbench has behind it. */
async function assertAccessibleAsSeen(frame: Frame): Promise<void> {
  await frame.evaluate("document.documentElement.style.backgroundColor = 'var(--vscode-sideBar-background)'");
  await assertAccessible(frame);
}

async function dragEdgeTo({ driver: { page } }: Window, x: number): Promise<void> {
  const side = (await page.locator('.part.sidebar').boundingBox())!;
  await page.mouse.move(side.x + side.width, side.y + 300);
  await page.mouse.down();
  await page.mouse.move(x, side.y + 300, { steps: 5 });
  await page.mouse.up();
}

describe('the chat panel with the models that ship', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  const chat = chatPanel(() => window.driver);
  const show = (file: string) => openBeside(window, chat, file);

  it('says what they can do, and answers with code', async () => {
    await show('src/state/store.ts');
    const frame = await chat.frame();
    await frame.getByText(/was not trained to follow instructions/).waitFor();
    await frame.getByRole('button', { name: 'Add a Bigger Model…' }).waitFor();
    await chat.ask('A function that returns the number of tasks');
    assert.notEqual(await chat.answer(), '');
    assert.ok((await frame.locator('.code pre').count()) > 0);
    assert.match((await frame.locator('.writers').textContent()) ?? '', /Residual 6M/);
  });

  it('takes the selection along, shows its tokens, and leaves it out when it is removed', async () => {
    const { driver } = window;
    await driver.moveTo(3, 1);
    await driver.press('Shift+ArrowDown');
    await driver.press('Shift+ArrowDown');
    const frame = await chat.frame();
    await driver.until('the selection', chat.chips, all => all.join() === 'store.ts:3–4');
    const tokens = frame.locator('.chip .tokens');
    await driver.until(
      'its tokens',
      () => tokens.textContent(),
      text => Number(text) > 5,
    );
    const used = async () => Number((await frame.locator('.budget .numbers').textContent())?.split('/')[0]);
    const before = await used();
    await chat.click('Remove store.ts:3–4');
    await driver.until('no selection', chat.chips, all => all.join() === 'store.ts');
    await driver.until('another count', used, now => now > 0 && now !== before);
    await chat.click('Remove store.ts');
    await driver.until('no context', chat.chips, all => all.length === 0);
    await driver.palette(commandTitle('residual.addSelectionToChat'));
    await driver.until('the selection', chat.chips, all => all.join() === 'store.ts:3–4');
  });

  it('chooses a slash command and a file by keyboard alone', async () => {
    const { driver } = window;
    const field = await chat.draft('');
    await field.pressSequentially('/ex');
    await driver.press('Tab');
    assert.equal(await chat.draftText(), '/explain ');
    await field.pressSequentially('@typ');
    const frame = await chat.frame();
    await frame.getByRole('option', { name: /types\.ts/ }).waitFor();
    await driver.press('Enter');
    assert.equal(await chat.draftText(), '/explain @src/types.ts ');
    await driver.until('the file', chat.chips, all => all.includes('types.ts'));
    await driver.press('Enter');
    await driver.until('the question', chat.questions, all => all.at(-1) === '/explain @src/types.ts');
    const used = await frame.locator('.turn').last().locator('.used li').allTextContents();
    assert.deepEqual(
      used.map(text => text.replace(/ \(.*/, '')),
      ['store.ts:3–4', 'types.ts'],
    );
    await chat.answer();
    // A file that was named went along once.
    await driver.until('the file gone', chat.chips, all => !all.includes('types.ts'));
  });

  it('takes problems along when they are to be mended', async () => {
    const { driver } = window;
    await chat.draft('/fix ');
    await driver.until('the problems', chat.chips, all => all.some(label => label.startsWith('Problems')));
    await chat.draft('');
    await driver.until('no problems', chat.chips, all => !all.some(label => label.startsWith('Problems')));
  });

  it('never reads what is excluded: not as the file in front, not selected, not named, not through a link', async () => {
    const { driver } = window;
    const secret = 'TOKEN_d41d8cd98f';
    window.write('.env', `KEY=${secret}\nOTHER=1\n`);
    fs.symlinkSync(path.join(window.workspace, '.env'), path.join(window.workspace, 'link.txt'));
    await show('.env');
    const frame = await chat.frame();
    await driver.press('Control+A');
    await driver.until('the chip', chat.chips, all => all.join() === '.env:1–2');
    await frame.locator('.chip.excluded').waitFor();
    assert.match((await frame.locator('.chip .spoken').textContent()) ?? '', /never shown to a model/);
    const field = await chat.draft('');
    await field.pressSequentially('@.env');
    await driver.staysWithoutGhostText(500);
    assert.equal(await frame.getByRole('option').count(), 0);
    await chat.ask('What is in @.env and @link.txt and @../secret');
    await chat.answer();
    assert.deepEqual(await frame.locator('.turn').last().locator('.used li').allTextContents(), []);
    assert.ok(keptChats(window).includes('What is in @.env'));
    assert.ok(!keptChats(window).includes(secret));
  });
});
