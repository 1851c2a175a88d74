// Modules as files in the real workbench: from the explorer and the palette into storage, out again, renamed, deleted, put
// back, verified; and what somebody else's file may not do.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {
  fingerprintOf,
  makeSigningKey,
  publicKeyOf,
  type SigningKey,
  signModule,
} from '../../../src/host/modules/moduleSignature';
import { pack } from '../../../src/host/modules/ramArchive';
import { FIXTURE_MODELS } from '../../fixtures/fixtureModels.mjs';
import { rawZip } from '../../unit/support/rawZip';
import { commandTitle, shippedModules, statusBarId } from './names';
import { useWorkbench, withoutSuggestWidget } from './workbench';

const settingsFile = '.vscode/settings.json';
const [{ id: base }] = shippedModules();
/** A title that VS Code would make a link and an icon of. */
const TITLE = 'Ours $(trash) [now](command:workbench.action.closeWindow)';

describe('modules as files', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  const stored = (...parts: string[]) =>
    path.join(window.profile, 'user/User/globalStorage/residual.residual/modules', ...parts);
  const storedNames = () => (fs.existsSync(stored()) ? fs.readdirSync(stored()).sort() : []);
  const storedManifest = (id: string) => JSON.parse(fs.readFileSync(stored(id, 'module.json'), 'utf8'));
  const written = () => JSON.parse(window.read(settingsFile));
  const toastButton = (text: string) =>
    window.driver.page.locator('.notification-toast .monaco-button', { hasText: text }).first();
  const run = (command: string) => window.driver.palette(commandTitle(command));

  /** Puts a module made of a shipped one into the workspace, as a file that somebody sent. */
  async function sent(file: string, over: Record<string, unknown>, key?: SigningKey): Promise<void> {
    const dir = path.join(window.profile, 'made', file);
    fs.cpSync(path.join(FIXTURE_MODELS, 'modules', base), dir, { recursive: true });
    const manifest = { ...JSON.parse(fs.readFileSync(path.join(dir, 'module.json'), 'utf8')), ...over };
    fs.writeFileSync(path.join(dir, 'module.json'), JSON.stringify(manifest));
    const { signal } = new AbortController();
    if (key) fs.writeFileSync(path.join(dir, 'signature.json'), JSON.stringify(await signModule(dir, key, signal)));
    await pack(dir, fs.readdirSync(dir), String(over.id), path.join(window.workspace, file), new Map(), signal);
  }

  async function importFromExplorer(file: string): Promise<void> {
    const { driver } = window;
    const row = driver.page.locator('.explorer-folders-view .monaco-list-row', { hasText: file });
    await driver.contextMenu(row, 'Import Residual Module');
  }

  /** All that the palette offers of the extension. */
  async function offered(): Promise<ReadonlySet<string>> {
    const { driver } = window;
    await driver.press('F1');
    await driver.type('Residual: ', { delayMs: 0 });
    await driver.until('the palette', driver.quickPickRows, rows => rows.every(row => row.startsWith('Residual: ')));
    const seen = new Set<string>();
    // A long list has only those rows that are in sight.
    for (let page = 0; page < 6; page++) {
      for (const row of await driver.quickPickRows()) seen.add(row.split('\n')[0]);
      await driver.press('PageDown');
    }
    await driver.press('Escape');
    return seen;
  }

  before(async () => {
    await sent('ours.ram', { id: 'ours', title: TITLE, version: '1.0.0', team: 'a field of somebody else' });
    window.write('evil.ram', rawZip([{ name: '../evil.md', content: 'x' }]).toString('latin1'));
    fs.writeFileSync(
      path.join(window.workspace, 'evil.ram'),
      rawZip([{ name: '[a](command:x)/../../e.md', content: '' }]),
    );
  });

  it('cannot be renamed or deleted where there are none: the palette does not offer it', async () => {
    const rows = await offered();
    const titles = (names: string[]) => names.map(commandTitle).filter(title => rows.has(title));
    assert.deepEqual(titles(['residual.renameModule', 'residual.deleteModule', 'residual.setStrength']), []);
    assert.deepEqual(titles(['residual.importModuleFile']), []);
    assert.equal(titles(['residual.importModule', 'residual.exportModule', 'residual.verifyModule']).length, 3);
  });

  it('come in from the explorer, and are used when the person says so', async () => {
    const { driver } = window;
    await driver.openFile('src/types.ts');
    await importFromExplorer('ours.ram');
    const [message] = await driver.waitForToast('is imported', 60_000);
    assert.ok(message.includes('closeWindow'), message);
    assert.equal(await driver.page.locator('.notification-toast .notification-list-item-message a').count(), 0);
    await toastButton('Use It Here').click();
    await driver.waitForStatusBar(statusBarId, text => text.includes('Ours $(trash)'));
    assert.deepEqual(storedNames(), ['ours']);
    assert.equal(storedManifest('ours').team, 'a field of somebody else');
    assert.deepEqual(written()['residual.modules'], [{ id: 'ours' }]);
  });

  it('that lead out of their folder are refused, and leave nothing', async () => {
    const { driver } = window;
    await importFromExplorer('evil.ram');
    const [message] = await driver.waitForToast('was not imported');
    assert.match(message, /leads out of its folder/);
    assert.equal(await driver.page.locator('.notification-toast .notification-list-item-message a').count(), 0);
    assert.deepEqual(storedNames(), ['ours']);
    await driver.dismissToasts();
  });

  it('of the same id are kept beside each other when the person says so', async () => {
    const { driver } = window;
    await sent('again.ram', { id: 'ours', title: 'Ours, newer', version: '2.0.0' });
    await run('residual.importModule');
    await driver.quickPick('A Module File');
    // The file dialog, which in the browser is another quick pick.
    await driver.quickPick('again.ram');
    await driver.waitForToast('There is another module with the id "ours"', 60_000);
    await toastButton('Keep Both').click();
    await driver.until('both', storedNames, names => names.join() === 'ours,ours-2', 60_000);
    assert.equal(storedManifest('ours-2').id, 'ours-2');
    await driver.dismissToasts();
  });

  it('are renamed by keyboard; the status bar follows and other fields stay', async () => {
    const { driver } = window;
    await run('residual.renameModule');
    await driver.quickPick('ours ·');
    const input = driver.page.locator('.quick-input-widget input').filter({ visible: true }).first();
    await driver.until(
      'the title',
      () => input.inputValue(),
      value => value === TITLE,
    );
    await driver.press('Control+A');
    await driver.type('Our Style');
    await driver.press('Enter');
    await driver.waitForStatusBar(statusBarId, text => text.endsWith('Residual: Our Style'));
    assert.equal(storedManifest('ours').title, 'Our Style');
    assert.equal(storedManifest('ours').team, 'a field of somebody else');
  });

  it('go out as a signed file that comes in again', async () => {
    const { driver } = window;
    await run('residual.exportModule');
    await driver.quickPick('Our Style');
    const name = driver.page.locator('.quick-input-widget input').filter({ visible: true }).first();
    await driver.until(
      'the dialog',
      () => name.inputValue(),
      value => value.endsWith('/ours-1.0.0.ram'),
    );
    await driver.press('Enter');
    await driver.quickPick('Sign…');
    await driver.until(
      'the name',
      () => driver.page.locator('.quick-input-titlebar').textContent(),
      title => title?.includes('By Which Name?') ?? false,
    );
    await driver.type('Ada Lovelace');
    await driver.press('Enter');
    await driver.waitForToast('Our Style is exported', 60_000);
    assert.equal(fs.readFileSync(path.join(window.workspace, 'ours-1.0.0.ram'), 'latin1').slice(0, 2), 'PK');
    await driver.dismissToasts();
    await importFromExplorer('ours-1.0.0.ram');
    const [message] = await driver.waitForToast('Our Style is here already', 60_000);
    assert.match(message, /Signed by Ada Lovelace, key (?:[0-9A-F]{4} ?){4}, known since \d{4}-\d\d-\d\d\./);
    await driver.dismissToasts();
  });

  it('by somebody unknown are taken once the person has seen the name and the key; renamed, they are unsigned', async () => {
    const { driver } = window;
    const key = makeSigningKey('Grace Hopper');
    await sent('signed.ram', { id: 'signed', title: 'Signed' }, key);
    const dialog = driver.page.locator('.monaco-dialog-box');
    const answer = (name: string) => dialog.locator('.monaco-button', { hasText: name }).click();
    await importFromExplorer('signed.ram');
    await dialog.waitFor();
    const asked = (await dialog.textContent()) ?? '';
    assert.ok(asked.includes(`Grace Hopper, key ${fingerprintOf(publicKeyOf(key))}`), asked);
    assert.match(asked, /not known here yet/);
    await answer('Cancel');
    await dialog.waitFor({ state: 'detached' });
    assert.deepEqual(
      storedNames()
        .filter(name => !name.startsWith('.'))
        .includes('signed'),
      false,
    );
    await importFromExplorer('signed.ram');
    await answer('Trust and Import');
    await driver.waitForToast('Signed by Grace Hopper', 60_000);
    await driver.dismissToasts();
    await run('residual.renameModule');
    await driver.quickPick('signed ·');
    await driver.until(
      'the title',
      () => driver.page.locator('.quick-input-widget input').filter({ visible: true }).first().inputValue(),
      value => value === 'Signed',
    );
    await driver.press('Control+A');
    await driver.type('Of my own');
    await driver.press('Enter');
    await driver.waitForToast('and with it no signature');
    await driver.dismissToasts();
    await run('residual.deleteModule');
    await driver.quickPick('Of my own');
    await driver.waitForToast('Of my own is deleted');
    await driver.dismissToasts();
  });

  it('that were changed since they were signed are used by nothing that names them', async () => {
    const { driver } = window;
    const before = window.read(settingsFile);
    const dir = stored('changed');
    fs.cpSync(path.join(FIXTURE_MODELS, 'modules', base), dir, { recursive: true });
    const rewrite = (over: object) => {
      const manifest = JSON.parse(fs.readFileSync(path.join(dir, 'module.json'), 'utf8'));
      fs.writeFileSync(path.join(dir, 'module.json'), JSON.stringify({ ...manifest, ...over }));
    };
    rewrite({ id: 'changed', title: 'Changed Later' });
    const signature = await signModule(dir, makeSigningKey('Grace Hopper'), new AbortController().signal);
    fs.writeFileSync(path.join(dir, 'signature.json'), JSON.stringify(signature));
    rewrite({ description: 'not what was signed' });
    await run('residual.switchModule');
    await driver.quickPick('Changed Later');
    const [picked] = await driver.waitForToast('"changed" cannot be used');
    assert.match(picked, /not those that "Grace Hopper".*Get the module again from whoever signed it/);
    assert.equal(window.read(settingsFile), before);
    await driver.dismissToasts();
    window.write(settingsFile, JSON.stringify({ ...JSON.parse(before), 'residual.modules': [{ id: 'changed' }] }));
    const named = async () => {
      await run('residual.complete');
      return driver.toasts();
    };
    const [said] = await driver.until('the refusal', named, toasts => toasts.some(text => text.includes('"changed"')));
    assert.match(said, /Completions go on with/);
    await driver.press('Escape');
    await driver.dismissToasts();
    window.write(settingsFile, before);
    fs.rmSync(dir, { recursive: true });
    await driver.waitForStatusBar(statusBarId, text => text.endsWith('Residual: Our Style'));
  });

  it('are verified: one that is intact, and one that was changed', async () => {
    const { driver } = window;
    await run('residual.verifyModule');
    await driver.quickPick('Our Style');
    await driver.waitForToast('Our Style is intact', 60_000);
    await driver.dismissToasts();
    fs.appendFileSync(stored('ours-2/model.safetensors'), 'x');
    await run('residual.verifyModule');
    await driver.quickPick('Ours, newer');
    const [message] = await driver.waitForToast('is damaged', 60_000);
    assert.match(message, /model\.safetensors.*SHA-256/);
    await toastButton('Delete It').click();
    await driver.waitForToast('Ours, newer is deleted');
    assert.deepEqual(
      storedNames().filter(name => !name.startsWith('.')),
      ['ours'],
    );
    await driver.dismissToasts();
  });

  it('are revealed: in the browser, which has no file manager, by their manifest', async () => {
    const { driver } = window;
    await run('residual.revealModule');
    await driver.quickPick('Our Style');
    await driver.page.locator('.tab.active[data-resource-name="module.json"]').waitFor();
    await driver.until(
      'the manifest',
      () => driver.page.locator('.part.editor .view-lines').first().textContent(),
      text => text?.includes('Our') ?? false,
    );
    await driver.palette('View: Close Editor');
  });

  it('are deleted with their place in the settings, and both come back', async () => {
    const { driver } = window;
    const before = window.read(settingsFile);
    await run('residual.deleteModule');
    await driver.quickPick('Our Style');
    await driver.waitForToast('Our Style is deleted and taken out of the settings');
    await driver.until(
      'the setting',
      () => written()['residual.modules'],
      modules => modules.length === 0,
    );
    await driver.waitForStatusBar(statusBarId, text => text.includes('no module'));
    assert.deepEqual(
      storedNames().filter(name => !name.startsWith('.')),
      [],
    );
    await toastButton('Undo').click();
    await driver.waitForStatusBar(statusBarId, text => text.includes('Our Style'));
    assert.deepEqual(JSON.parse(before), written());
    assert.equal(storedManifest('ours').title, 'Our Style');
  });

  it('can be renamed and deleted now that there are some: the palette offers it', async () => {
    const rows = await offered();
    for (const name of ['renameModule', 'deleteModule', 'setStrength', 'composeModules'])
      assert.ok(rows.has(commandTitle(`residual.${name}`)), `${name}: ${[...rows].join(', ')}`);
  });
});
