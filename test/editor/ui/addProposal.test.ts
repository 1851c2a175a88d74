// Bigger proposals: from a folder and from a hub, by keyboard, with every question asked before anything happens.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { copyOfSample } from '../../../scripts/sample.mjs';
import { HubServer } from '../../engine/support/hubServer';
import { ggufBytes } from '../../unit/support/ggufBytes';
import { commandTitle, shippedModules } from './names';
import { useWorkbench, type Window, withoutSuggestWidget } from './workbench';

const FIXTURES = 'test/fixtures/models';
const settingsFile = '.vscode/settings.json';

/** What a person does and reads in the dialogs and quick picks of the command. */
function hands(window: Window) {
  const dialog = () => window.driver.page.locator('.monaco-dialog-box');
  const shown = () => window.driver.page.locator('.quick-input-widget').filter({ visible: true });
  const rows = () => shown().locator('.quick-input-list .monaco-list-row').allTextContents();
  const waitForRow = (text: string) =>
    window.driver.until(`a row with ${text}`, rows, all => all.some(row => row.includes(text)));
  return {
    dialog,
    rows,
    waitForRow,
    async begin(): Promise<void> {
      await window.driver.palette(commandTitle('residual.addProposal'));
      await waitForRow('A Folder on This Machine');
    },
    /** Moves down to the row and presses Enter, as without a mouse. */
    async enterRow(text: string): Promise<void> {
      await waitForRow(text);
      const focused = window.driver.page.locator('.quick-input-list .monaco-list-row.focused');
      for (let i = 0; i < 20 && !(await focused.textContent())?.includes(text); i++)
        await window.driver.press('ArrowDown');
      await window.driver.press('Enter');
    },
    /** Reads a dialog and presses the button that has the focus. */
    async answer(question: RegExp, button: string): Promise<string> {
      await dialog().waitFor({ timeout: 90_000 });
      const text = (await dialog().textContent()) ?? '';
      assert.match(text, question);
      const wanted = dialog().locator('.monaco-button', { hasText: button });
      const hasFocus = () => wanted.evaluate(element => element.matches(':focus'));
      for (let i = 0; i < 5 && !(await hasFocus()); i++) await window.driver.press('Tab');
      assert.ok(await hasFocus(), `${button} is not reached by Tab`);
      await window.driver.press('Enter');
      await dialog().waitFor({ state: 'detached' });
      return text;
    },
    async clickToast(text: string, button: string): Promise<void> {
      await window.driver.waitForToast(text, 60_000);
      const toast = window.driver.page.locator('.notification-toast', { hasText: text });
      await toast.locator('.monaco-button', { hasText: button }).click();
    },
  };
}

const storageOf = (window: Window) => path.join(window.profile, 'user/User/globalStorage/residual.residual');

function settingsOf(window: Window): Record<string, unknown> {
  try {
    return JSON.parse(window.read(settingsFile));
  } catch {
    return {};
  }
}

describe('adding a proposal from a folder', () => {
  const [shipped] = shippedModules();
  const window = useWorkbench({
    settings: withoutSuggestWidget,
    makeWorkspace: () => {
      const workspace = copyOfSample();
      const file = path.join(workspace, settingsFile);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, JSON.stringify({ 'residual.modules': [{ id: shipped.id }] }));
      return workspace;
    },
  });
  const { begin, enterRow, answer, clickToast, waitForRow, rows } = hands(window);
  let folder: string;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'model-'));
    fs.cpSync(path.join(FIXTURES, 'llama'), path.join(folder, 'Tiny-Llama'), { recursive: true });
    folder = path.join(folder, 'Tiny-Llama');
  });
  afterEach(async () => {
    await window.driver.dismissToasts();
    fs.rmSync(path.dirname(folder), { recursive: true });
  });

  async function chooseFolder(dir = folder): Promise<void> {
    const { driver } = window;
    await begin();
    await enterRow('A Folder on This Machine');
    const box = driver.page.locator('.quick-input-widget input').filter({ visible: true }).first();
    // It lists folders, at first those of the workspace.
    await waitForRow('tests');
    await box.fill(`${dir}/`);
    const isListed = (all: string[]) => all.some(row => row.includes('..')) && !all.some(row => row.includes('tests'));
    await driver.until('the folder', rows, isListed);
    await driver.press('Enter');
  }

  it('copies it after it was tried, and makes it the proposal here without the modules that do not fit it', async () => {
    const { driver } = window;
    fs.cpSync(path.join(folder, 'onnx/model.onnx'), path.join(folder, 'onnx/model_int8.onnx'));
    await chooseFolder();
    await waitForRow('8-bit weights');
    await enterRow('32-bit weights');
    const report = await answer(/Tiny-Llama can be a proposal/, 'Copy It');
    assert.match(report, /llama, fp32 weights, 320 tokens in its vocabulary, 256 of context/);
    assert.match(report, /completions see what follows the cursor/);
    assert.match(report, /ms a token/);
    await clickToast('Tiny-Llama (fp32) is added', 'Use It Here');
    const question = await answer(/Modules in use here do not fit Tiny-Llama/, 'Use It Without Them');
    assert.ok(question.includes(shipped.id));
    await driver.until(
      'the setting',
      () => settingsOf(window)['residual.proposal'],
      id => id === 'Tiny-Llama-fp32',
    );
    assert.deepEqual(settingsOf(window)['residual.modules'], []);
    const copy = path.join(storageOf(window), 'proposals/Tiny-Llama-fp32');
    assert.deepEqual(fs.readdirSync(path.join(copy, 'onnx')), ['model.onnx']);
    assert.ok(
      fs.readFileSync(path.join(copy, 'onnx/model.onnx')).equals(fs.readFileSync(path.join(folder, 'onnx/model.onnx'))),
    );
  });

  it('uses it in place, says that it ignores what follows the cursor, and writes no path into the workspace', async () => {
    const { driver } = window;
    const file = path.join(folder, 'tokenizer.json');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replaceAll('fim_middle', 'other_name'));
    await chooseFolder();
    const report = await answer(/Tiny-Llama can be a proposal/, 'Use It in Place');
    assert.match(report, /will ignore what follows the cursor/);
    await clickToast('is added', 'Use It Here');
    await driver.until(
      'the setting',
      () => settingsOf(window)['residual.proposal'],
      id => id === 'Tiny-Llama-fp32-2',
    );
    assert.ok(!window.read(settingsFile).includes(folder));
    const entry = path.join(storageOf(window), 'proposals/Tiny-Llama-fp32-2');
    assert.deepEqual(fs.readdirSync(entry).sort(), ['location.json', 'residual.json']);
  });

  it('says what a folder lacks, and adds nothing', async () => {
    fs.rmSync(path.join(folder, 'onnx'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'pytorch_model.bin'), 'x');
    await chooseFolder();
    const messages = await window.driver.waitForToast('pytorch_model.bin, and neither a whole model in safetensors');
    assert.equal(messages.length, 1, messages.join('\n'));
  });

  it('says why the engine refuses a model, and adds nothing', async () => {
    const file = path.join(folder, 'tokenizer.json');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"BPE"', '"Unigram"'));
    const before = fs.readdirSync(path.join(storageOf(window), 'proposals')).length;
    await chooseFolder();
    await window.driver.waitForToast('a Unigram model is not supported');
    assert.equal(fs.readdirSync(path.join(storageOf(window), 'proposals')).length, before);
  });
});

describe('a hub that nobody agreed to', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  const { begin, enterRow, dialog, waitForRow } = hands(window);

  // The window's own check at its end: where no network is, nothing was tried.
  it('is not asked: not when it is offered, not while a name is typed, not before the consent', async () => {
    const { driver } = window;
    await begin();
    await enterRow('A Model from huggingface.co');
    await waitForRow('complete better');
    await driver.type('some-owner/some-model@v1');
    await enterRow('some-owner/some-model');
    await dialog().waitFor();
    assert.match((await dialog().textContent()) ?? '', /Ask huggingface\.co about some-owner\/some-model\?/);
    await driver.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    assert.deepEqual(await driver.toasts(), []);
  });
});

describe('adding a proposal from a hub', () => {
  const REPO = 'tiny-models/Tiny-Qwen2';
  const GGUF_REPO = 'tiny-models/Tiny-GGUF';
  /** Two forms of a model that no importer knows. */
  const ggufFolder = fs.mkdtempSync(path.join(os.tmpdir(), 'gguf-'));
  for (const [name, sizeBytes] of [
    ['tiny-q8_0.gguf', 64_000],
    ['tiny-q4_0.gguf', 32_000],
  ] as const)
    fs.writeFileSync(
      path.join(ggufFolder, name),
      ggufBytes({ values: { 'general.architecture': 'mamba' }, tensors: [['a', [sizeBytes / 4], 0, sizeBytes]] }),
    );
  const machineSettings: Record<string, unknown> = {};
  let hub: HubServer;
  before(async () => {
    hub = await HubServer.start({ pageSize: 3 });
    hub.add(REPO, path.join(FIXTURES, 'qwen2-sharded'));
    hub.add(GGUF_REPO, ggufFolder);
    machineSettings['residual.hub.endpoint'] = hub.endpoint;
  });
  const window = useWorkbench({ settings: withoutSuggestWidget, machineSettings, isolated: false });
  after(async () => {
    fs.rmSync(ggufFolder, { recursive: true });
    await hub.stop();
  });
  const { begin, enterRow, answer, clickToast, waitForRow, rows } = hands(window);

  beforeEach(() => {
    hub.misbehaviour = {};
    hub.requests.length = 0;
  });
  afterEach(() => window.driver.dismissToasts());

  async function name(address: string): Promise<void> {
    const isNext = (all: string[]) => all.some(row => row.includes('complete better'));
    // A page that takes the focus while it changes closes a list: it is opened once more.
    for (let isThere = false, attempt = 0; attempt < 3 && !isThere; attempt++) {
      await begin();
      await enterRow('A Model from 127.0.0.1');
      isThere = await window.driver.until('what is suggested', rows, isNext, 5_000).then(isNext, () => false);
    }
    await window.driver.type(address);
    await enterRow(address.split('@')[0]);
  }

  it('asks before each step, downloads, tries it, and makes it the proposal here', async () => {
    const { driver } = window;
    await name(`${REPO}@v1`);
    assert.equal(hub.requests.length, 0);
    const consent = await answer(/Ask 127\.0\.0\.1:\d+ about tiny-models\/Tiny-Qwen2\?/, 'Connect');
    assert.match(consent, /gets the name of the model; no code and no settings/);
    const question = await answer(/Download Tiny-Qwen2 \(fp32\), \d+ kB\?/, 'Download');
    assert.match(question, /Licence: apache-2\.0/);
    assert.match(question, /are free on the disk/);
    await clickToast('Tiny-Qwen2 (fp32) is added', 'Use It Here');
    await driver.until(
      'the setting',
      () => settingsOf(window)['residual.proposal'],
      id => id === 'Tiny-Qwen2-fp32',
    );
    const added = path.join(storageOf(window), 'proposals/Tiny-Qwen2-fp32');
    for (const file of ['tokenizer.json', 'onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model.onnx_data_1'])
      assert.ok(
        fs.readFileSync(path.join(added, file)).equals(fs.readFileSync(path.join(FIXTURES, 'qwen2-sharded', file))),
      );
    assert.ok(hub.requests.every(one => one.headers.authorization === undefined));
  });

  it('downloads what has to be imported, opens the page for that, and keeps the download until it is', async () => {
    const { driver } = window;
    await name(GGUF_REPO);
    await answer(/Ask/, 'Connect');
    await waitForRow('tiny-q4_0');
    await enterRow('tiny-q8_0');
    const question = await answer(/Download Tiny-GGUF \(tiny-q8_0\), 65 kB\?/, 'Download');
    assert.match(question, /It is imported afterwards/);
    const page = (await driver.pageFrame('importProposal', 60_000)) as Frame;
    await page.locator('#problem').waitFor({ timeout: 60_000 });
    assert.match((await page.locator('.source').textContent()) ?? '', /Tiny-GGUF \(tiny-q8_0\)/);
    const there = path.join(storageOf(window), 'downloads/Tiny-GGUF-tiny-q8_0/tiny-q8_0.gguf');
    assert.ok(fs.readFileSync(there).equals(fs.readFileSync(path.join(ggufFolder, 'tiny-q8_0.gguf'))));
    hub.requests.length = 0;
    await begin();
    await enterRow('Import Tiny-GGUF');
    await page.locator('#problem').waitFor({ timeout: 60_000 });
    assert.equal(hub.requests.length, 0);
    await begin();
    await waitForRow('Import Tiny-GGUF');
    const row = driver.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Import Tiny-GGUF' });
    await row.hover();
    await row.locator('.action-label').first().click();
    await driver.until(
      'an empty folder',
      () => fs.readdirSync(path.join(storageOf(window), 'downloads')),
      names => names.length === 0,
    );
    await driver.press('Escape');
  });

  it('is stopped in the middle, listed, and gone on with where it was', async () => {
    const { driver } = window;
    hub.misbehaviour.refuse = ({ on }) => {
      if (on === 'storage') hub.misbehaviour.hangAfter = 20_000;
      return undefined;
    };
    await name(REPO);
    await answer(/Ask/, 'Connect');
    await answer(/Download/, 'Download');
    const notice = driver.page.locator('.notification-toast', { hasText: 'Downloading Tiny-Qwen2' });
    await driver.until(
      'bytes',
      () => notice.textContent(),
      text => /kB of \d+ kB/.test(text ?? ''),
    );
    await driver.until(
      'the storage',
      () => hub.ranges.length,
      n => n > 0,
    );
    await notice.locator('.monaco-button', { hasText: 'Cancel' }).click();
    await driver.waitForToast('is stopped');
    await driver.dismissToasts();
    hub.misbehaviour = {};
    hub.requests.length = 0;
    await begin();
    assert.ok((await rows()).some(row => /Resume Tiny-Qwen2 \(fp32\)/.test(row) && /kB of \d+ kB/.test(row)));
    await enterRow('Resume Tiny-Qwen2');
    assert.equal(hub.requests.length, 0);
    await answer(/Ask/, 'Connect');
    await driver.waitForToast('is added', 60_000);
    assert.ok(fs.existsSync(path.join(storageOf(window), 'proposals/Tiny-Qwen2-fp32-2/onnx/model.onnx_data_1')));
    assert.deepEqual(fs.readdirSync(path.join(storageOf(window), 'downloads')), []);
  });

  it('refuses what has another checksum, and keeps nothing of it', async () => {
    hub.misbehaviour.damages = true;
    await name(REPO);
    await answer(/Ask/, 'Connect');
    await answer(/Download/, 'Download');
    await clickToast('another checksum than the hub lists', 'Delete the Download');
    const downloads = path.join(storageOf(window), 'downloads');
    await window.driver.until(
      'an empty folder',
      () => fs.readdirSync(downloads),
      names => names.length === 0,
    );
  });

  it('says what the hub refuses, and takes a token that it keeps out of settings and logs', async () => {
    const { driver } = window;
    hub.misbehaviour.refuse = ({ headers }) => (headers.authorization === 'Bearer hf_secret_token' ? undefined : 401);
    await name(REPO);
    await answer(/Ask/, 'Connect');
    await clickToast('to somebody without a token', 'Store a Token…');
    await driver.page.locator('.quick-input-widget input[type="password"]').waitFor();
    await driver.type('hf_secret_token');
    await driver.press('Enter');
    assert.match(await answer(/Ask/, 'Connect'), /the token that you stored for it/);
    await answer(/Download Tiny-Qwen2/, 'Cancel');
    assert.ok(hub.requests.some(({ headers }) => headers.authorization === 'Bearer hf_secret_token'));
    assert.ok(!window.log.includes('hf_secret_token'));
    const written = fs.readdirSync(path.join(window.profile, 'user'), { recursive: true, encoding: 'utf8' });
    for (const file of written.filter(one => /settings\.json$|\.log$/.test(one)))
      assert.ok(!fs.readFileSync(path.join(window.profile, 'user', file), 'utf8').includes('hf_secret_token'), file);
  });

  it('says that a model is not there', async () => {
    await name('tiny-models/none');
    await answer(/Ask/, 'Connect');
    await window.driver.waitForToast('has no model "tiny-models/none"');
  });

  it('does not go on with what names no model', async () => {
    const { driver } = window;
    await begin();
    await enterRow('A Model from 127.0.0.1');
    await waitForRow('complete better');
    await driver.type('https://evil.example/owner/name');
    await waitForRow('evil.example is not the hub that is used here');
    await driver.press('Enter');
    assert.ok((await rows()).some(row => row.includes('evil.example')));
    await driver.press('Escape');
    assert.equal(hub.requests.length, 0);
  });
});
