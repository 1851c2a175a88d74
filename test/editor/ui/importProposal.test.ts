// Importing a model of another program: found and shown, what will happen, cancelled, done, tried, and decided about.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { say } from '../../../src/core/sentence';
import type { FoundModel, ImportPlan } from '../../../src/protocol/importing';
import { assertReadable } from './axe';
import { extensionWithImporter, importerFolder } from './importerExtension';
import { commandTitle } from './names';
import { useWorkbench, type Window, withoutSuggestWidget } from './workbench';

const PROPOSAL = 'test/fixtures/models/delta/proposals/tiny';
const HOSTILE = '<img src=x> $(zap) [go](command:workbench.action.quit)';

const model = (name: string, more: Partial<FoundModel> = {}): FoundModel => ({
  ...{ tool: 'ollama', form: 'gguf', name, source: `/models/${name}`, sizeBytes: 1.12e9, architecture: 'qwen2' },
  ...{ nParameters: 1.54e9, quantisation: 'Q4_K_M', licence: 'apache-2.0' },
  ...more,
});

const plan = (more: Partial<ImportPlan> = {}): ImportPlan => ({
  ...{ title: 'Tiny Coder', licence: 'apache-2.0', family: 'qwen2', nParameters: 1.54e9, sourceBytes: 1.12e9 },
  ...{ contextLength: 32_768, fim: true, chat: true },
  formats: [
    { format: 'int8', sizeBytes: 3e5, memoryBytes: 4e5 },
    { format: 'int4', sizeBytes: 2e5, memoryBytes: 3e5 },
  ],
  ...more,
});

const SPEEDS = [
  { format: 'int8', stepBytesPerS: 9e6, prefillProductsPerS: 4e11 },
  { format: 'int4', stepBytesPerS: 9e6, prefillProductsPerS: 2e11 },
] as const;

const storageOf = (window: Window) => path.join(window.profile, 'user/User/globalStorage/residual.residual');

function namesIn(folder: string): string[] {
  return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
}

function hands(window: Window) {
  const shown = () => window.driver.page.locator('.quick-input-widget').filter({ visible: true });
  const rows = () => shown().locator('.quick-input-list .monaco-list-row').allTextContents();
  const waitForRow = (text: string) =>
    window.driver.until(`a row with ${text}`, rows, all => all.some(row => row.includes(text)));
  const enterRow = async (text: string) => {
    await waitForRow(text);
    const focused = window.driver.page.locator('.quick-input-list .monaco-list-row.focused');
    for (let i = 0; i < 20 && !(await focused.textContent())?.includes(text); i++)
      await window.driver.press('ArrowDown');
    await window.driver.press('Enter');
  };
  return {
    shown,
    rows,
    waitForRow,
    enterRow,
    async list(): Promise<void> {
      const isNext = (all: string[]) => all.length > 0 && !all.some(row => row.includes('On This Machine…'));
      // A page that takes the focus while it changes closes a list: it is opened once more.
      for (let isThere = false, attempt = 0; attempt < 3 && !isThere; attempt++) {
        await window.driver.palette(commandTitle('residual.addProposal'));
        await enterRow('On This Machine…');
        isThere = await window.driver.until('the next list', rows, isNext, 5_000).then(isNext, () => false);
      }
    },
    async page(): Promise<Frame> {
      const frame = (await window.driver.pageFrame('importProposal')) as Frame;
      await frame.locator('.page[aria-busy="false"]').waitFor();
      return frame;
    },
  };
}

describe('importing a model', () => {
  const dir = importerFolder();
  const wait = path.join(dir, 'wait');
  const window = useWorkbench({
    settings: withoutSuggestWidget,
    extension: () =>
      extensionWithImporter(dir, {
        found: {
          models: [
            model('coder:1.5b'),
            model(HOSTILE, { tool: 'lmstudio', licence: HOSTILE }),
            model('damaged:1b', { tool: 'jan' }),
            model('eyes:4b', {
              tool: 'llamacpp',
              obstacle: say`It also reads pictures, with a part that cannot be imported.`,
            }),
          ],
          lookedInto: [],
        },
        plans: { '/models/coder:1.5b': plan(), [`/models/${HOSTILE}`]: plan({ title: HOSTILE, licence: HOSTILE }) },
        speeds: SPEEDS,
        writes: PROPOSAL,
      }),
  });
  after(() => fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const { shown, list, waitForRow, rows, enterRow, page } = hands(window);
  const proposals = () => namesIn(path.join(storageOf(window), 'proposals')).filter(name => !name.startsWith('.'));

  it('shows what other programs have, and why some of it cannot be used', async () => {
    const { driver } = window;
    await list();
    await waitForRow('eyes:4b');
    const all = await rows();
    assert.ok(
      all.some(row => /coder:1\.5b.*1\.12 GB · Q4_K_M.*Ollama · qwen2 · 1\.5 B parameters · apache-2\.0/.test(row)),
      all.join('\n'),
    );
    assert.ok(
      all.some(row => /eyes:4b.*reads pictures/.test(row)),
      all.join('\n'),
    );
    // Its icon would be one that nobody sees as text.
    assert.ok(
      all.some(row => row.includes('$(zap)')),
      all.join('\n'),
    );
    await enterRow('eyes:4b');
    assert.ok(
      (await rows()).some(row => row.includes('eyes:4b')),
      'it stays where it is',
    );
    await driver.press('Escape');
  });

  it('says what will happen before it does, by keyboard', async () => {
    const { driver } = window;
    await list();
    await enterRow('coder:1.5b');
    const frame = await page();
    await frame.locator('#import').waitFor();
    const text = (await frame.locator('.page').textContent()) ?? '';
    for (const part of [
      'coder:1.5b',
      '/models/coder:1.5b',
      'apache-2.0',
      'qwen2, 1.54 billion parameters',
      '32,768 tokens',
    ])
      assert.ok(text.includes(part), `${part} in ${text}`);
    const figures = (await frame.locator('.format').first().textContent()) ?? '';
    assert.match(figures, /300\.0? ?kB|0\.3 MB/);
    assert.match(figures, /about 2 s/);
    assert.match(figures, /about 30 tokens a second/);
    await assertReadable(window, frame);
    await frame.locator('input[value="int8"]').focus();
    await driver.press('ArrowDown');
    await frame.locator('.format.is-chosen input[value="int4"]').waitFor();
    await driver.press('ArrowUp');
    await frame.locator('.format.is-chosen input[value="int8"]').waitFor();
    assert.deepEqual(proposals(), []);
  });

  it('is cancelled in the middle, and leaves nothing', async () => {
    const { driver } = window;
    const frame = await page();
    fs.writeFileSync(wait, '');
    await frame.locator('#import').click();
    await frame.getByText('Making the weights smaller').first().waitFor();
    await driver.until(
      'its share',
      () =>
        frame
          .locator('progress')
          .getAttribute('value')
          .then(async () => frame.evaluate('document.querySelector("progress")?.value')),
      value => value === 0.25,
    );
    await assertReadable(window, frame);
    await frame.locator('#cancel').click();
    await frame.locator('#import').waitFor();
    assert.deepEqual(namesIn(path.join(storageOf(window), 'proposals/.incoming')), []);
    assert.deepEqual(proposals(), []);
    await driver.until(
      'the end of the importer',
      () => window.pids('importer.js'),
      pids => pids.length === 0,
    );
    fs.rmSync(wait);
  });

  it('is tried where the cursor is, and deleted again', async function () {
    this.timeout(180_000);
    const { driver } = window;
    const frame = await page();
    fs.writeFileSync(wait, '');
    await frame.locator('#import').click();
    await frame.getByText('Making the weights smaller').first().waitFor();
    // Whoever does something else meanwhile keeps the keys.
    await driver.press('F1');
    await shown().waitFor();
    fs.rmSync(wait);
    await frame.locator('#sample').waitFor({ timeout: 90_000 });
    assert.equal(await shown().count(), 1, 'the page took the focus');
    await driver.press('Escape');
    await frame.getByText(/After [\d,]+ ms/).waitFor({ timeout: 60_000 });
    assert.deepEqual(proposals(), ['Tiny-Coder-int8']);
    await assertReadable(window, frame);
    await frame.locator('#sample').fill('const answer = 4;');
    await frame.locator('#sample').focus();
    await driver.press('Home');
    await driver.press('Control+Enter');
    await driver.until(
      'the text',
      () => frame.locator('#result pre').textContent(),
      text => text?.endsWith('const answer = 4;') === true,
    );
    await frame.locator('#delete').click();
    await frame.locator('#delete-no:focus').waitFor();
    await driver.press('Enter');
    await frame.locator('#delete:focus').waitFor();
    await driver.press('Enter');
    await frame.locator('#delete-yes').click();
    await frame.getByText('Tiny Coder (int8) is deleted').waitFor();
    assert.deepEqual(proposals(), []);
  });

  it('is the proposal from then on, when that is wanted', async function () {
    this.timeout(180_000);
    const { driver } = window;
    await (await page()).locator('#choose').click();
    await enterRow('On This Machine…');
    await enterRow('$(zap)');
    const frame = await page();
    await frame.locator('#import').waitFor();
    assert.equal(await frame.locator('#root img').count(), 0);
    await frame.locator('input[value="int4"]').click();
    await frame.locator('#import').click();
    await frame.locator('#use').click({ timeout: 90_000 });
    await frame.getByText('Completions use').first().waitFor({ timeout: 60_000 });
    const [id] = proposals();
    const settings = path.join(window.profile, 'user/User/settings.json');
    await driver.until(
      'the setting',
      () => JSON.parse(fs.readFileSync(settings, 'utf8'))['residual.proposal'],
      value => value === id,
    );
  });

  it('says why it cannot be, and what to do', async () => {
    await list();
    await enterRow('damaged:1b');
    const frame = await page();
    await frame.locator('#problem').getByText('it ends early. Get the file again.').waitFor();
    await assertReadable(window, frame);
    await frame.locator('#again').click();
    await frame.locator('#problem').waitFor();
  });
});

describe('a machine without models', () => {
  const dir = importerFolder();
  const window = useWorkbench({
    settings: withoutSuggestWidget,
    extension: () =>
      extensionWithImporter(dir, {
        found: {
          models: [],
          lookedInto: [
            { tool: 'ollama', dir: '/home/me/.ollama/models', state: 'absent' },
            { tool: 'ollama', dir: '/usr/share/ollama/.ollama/models', state: 'unreadable' },
          ],
        },
        ...{ plans: {}, speeds: [], writes: PROPOSAL },
      }),
  });
  after(() => fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const { list, waitForRow, rows } = hands(window);

  it('is told so, with the folders that were looked into', async () => {
    await list();
    await waitForRow('No model of another program was found.');
    const all = (await rows()).join('\n');
    assert.match(all, /\/home\/me\/\.ollama\/models.*Ollama · not there/);
    assert.match(all, /\/usr\/share\/ollama.*Ollama · may not be read/);
  });
});
