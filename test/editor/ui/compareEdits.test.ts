// Modules on a person's own edits: a real git repository, replayed by keyboard, cancelled, exported, and refused where git must not run.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Frame } from 'playwright-core';
import { copyOfSample } from '../../../scripts/sample.mjs';
import type { EditsResult } from '../../../src/protocol/pages/edits';
import { assertAccessible } from './axe';
import { commandTitle, shippedModules } from './names';
import { useWorkbench } from './workbench';

const STORE = 'src/state/store.ts';
const [react, tests] = ['react', 'tests'].map(name => shippedModules().find(({ id }) => id === name)!);

const git = (dir: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd: dir, stdio: 'pipe' });

/** The sample as a repository: one commit with it, two with additions, one change that is not committed. */
function repository(): string {
  const dir = copyOfSample();
  const append = (file: string, text: string) => fs.appendFileSync(path.join(dir, file), text);
  git(dir, 'init', '-q', '-b', 'main');
  git(dir, 'add', '-A');
  git(dir, 'commit', '-q', '-m', 'the sample');
  append(STORE, '\nexport function isEmpty(tasks: readonly Task[]): boolean {\n  return tasks.length === 0;\n}\n');
  append('src/<b onclick=alert(1)>.ts', 'export const title = "<img src=x onerror=alert(1)>";\n');
  git(dir, 'add', '-A');
  git(dir, 'commit', '-q', '-m', 'more');
  append('tests/store.test.ts', "\nit('is empty', () => {\n  expect(isEmpty([])).toBe(true);\n});\n");
  append('.env', 'TOKEN=verysecrettoken\n');
  git(dir, 'add', '-A', '-f');
  git(dir, 'commit', '-q', '-m', 'tests');
  append(STORE, '\nexport const first = (tasks: readonly Task[]) => tasks[0];\n');
  return dir;
}

describe('modules on my edits', () => {
  const window = useWorkbench({ makeWorkspace: repository });

  async function open(): Promise<Frame> {
    await window.driver.palette(commandTitle('residual.compareModule'));
    const frame = (await window.driver.pageFrame('edits')) as Frame;
    await frame.locator('#run, #cancel, .note').first().waitFor();
    return frame;
  }
  const result = async (frame: Frame) => {
    await frame.locator('.page[aria-busy="false"] .result').waitFor({ timeout: 120_000 });
    return ((await frame.locator('.result').textContent()) ?? '').replaceAll(/\s+/g, ' ');
  };

  it('offers the last commits, and is readable before anything ran', async () => {
    const frame = await open();
    assert.equal(await frame.locator('#source-last').isChecked(), true);
    assert.equal(await frame.locator('#n').inputValue(), '10');
    await assertAccessible(frame);
  });

  it('replays them by keyboard, with figures of both sides and differences to read', async () => {
    const { driver } = window;
    const frame = await open();
    await frame.locator('#module').selectOption({ label: react.title });
    await frame.locator('#places').fill('24');
    await frame.locator('#run').focus();
    await driver.press('Enter');
    const text = await result(frame);
    assert.match(text, /Commits 3/);
    assert.match(text, /Places 24 of \d+/);
    assert.match(text, /excluded 2\b/);
    assert.match(text, new RegExp(react.title));
    for (const figure of ['exactMatch', 'editSimilarity', 'keystrokesSaved'])
      assert.match((await frame.locator(`[data-figure="${figure}"]`).textContent()) ?? '', /[\d.]+%[\s\S]*points/);
    assert.match(text, /by resampling [23] commits/);
    assert.doesNotMatch(text, /verysecrettoken/);
    await assertAccessible(frame);
  });

  it('is exported with every figure, and without what is excluded', async () => {
    const { driver, workspace } = window;
    const frame = await open();
    await frame.locator('#export').focus();
    await driver.press('Enter');
    const target = path.join(workspace, 'edits.json');
    const input = driver.page.locator('.quick-input-widget input').filter({ visible: true }).first();
    await driver.until(
      'the dialog',
      () => input.inputValue().catch(() => ''),
      name => name.endsWith('residual-edits.json'),
    );
    await input.fill(target);
    await driver.press('Enter');
    await frame.getByText('Saved as edits.json').waitFor();
    const exported = JSON.parse(fs.readFileSync(target, 'utf8')) as EditsResult & { formatVersion: number };
    assert.equal(exported.formatVersion, 1);
    assert.deepEqual([exported.nCommits, exported.nExcluded, exported.figures.n], [3, 2, 24]);
    assert.deepEqual(
      exported.modules.map(({ id }) => id),
      ['react'],
    );
    assert.equal(exported.figures.alone.nTimes + exported.figures.aligned.nTimes, 24);
    assert.ok(exported.figures.alone.p50Ms! > 0);
    assert.doesNotMatch(JSON.stringify(exported), /TOKEN/);
    fs.rmSync(target);
  });

  it('replays what is not committed, and a range that is typed', async () => {
    const { driver } = window;
    const frame = await open();
    await frame.locator('#source-last').focus();
    await driver.press('ArrowUp');
    await frame.locator('#run').focus();
    await driver.press('Enter');
    assert.match(await result(frame), /What is not committed Changed files 1 Places 2\b/);
    await frame.locator('#source-range').click();
    assert.equal(await frame.locator('#run').isDisabled(), true);
    await frame.locator('#range').fill('nowhere..HEAD');
    await driver.press('Enter');
    await frame.getByText('Git knows no commits by "nowhere..HEAD"').waitFor();
    await assertAccessible(frame);
    await frame.locator('#range').fill('HEAD~1');
    await driver.press('Enter');
    assert.match(await result(frame), /Commits 1 /);
  });

  it('shows code as text, and goes to its line', async () => {
    const { driver } = window;
    const frame = await open();
    await frame.locator('#source-range').click();
    await frame.locator('#range').fill('HEAD~2..HEAD');
    await driver.press('Enter');
    assert.match(await result(frame), /Commits 2 /);
    assert.equal(await frame.locator('.differences :is(img, b)').count(), 0);
    const links = frame.locator('.differences button.link');
    const n = await links.count();
    assert.ok(n > 0, 'the two differ somewhere');
    const [file] = ((await links.first().textContent()) ?? '').split(':');
    await links.first().focus();
    await driver.press('Enter');
    await driver.page.locator(`.tab.active[data-resource-name="${path.basename(file)}"]`).waitFor();
    await driver.press('Control+W');
  });

  it('is cancelled, and shows what was written until then', async () => {
    const { driver } = window;
    const frame = await open();
    await frame.locator('#source-last').click();
    await frame.locator('#places').fill('2000');
    await frame.locator('#run').focus();
    await driver.press('Enter');
    await frame.getByText(/^[1-9]\d* of \d+ places\. It gives way/).waitFor({ timeout: 120_000 });
    await assertAccessible(frame);
    await frame.locator('#cancel').focus();
    await driver.press('Enter');
    await frame.getByText('Cancelled: this is what was written until then.').waitFor();
    await frame.locator('#run').waitFor();
    assert.match(await result(frame), /Places \d+ of \d+/);
  });

  it('begins with the module of a card', async () => {
    const { driver } = window;
    await driver.palette(commandTitle('residual.openSettingsPanel'));
    const settings = (await driver.pageFrame('settings')) as Frame;
    await settings.locator('#compareEdits-tests').focus();
    await driver.press('Enter');
    const frame = (await driver.pageFrame('edits')) as Frame;
    await driver.until(
      'the module',
      () => frame.locator('#module').inputValue(),
      id => id === 'tests',
    );
  });

  it('follows the rules that choose modules by file, and says when one module was compared against them', async () => {
    const { driver, workspace } = window;
    const rules = [{ glob: 'tests/**', modules: [{ id: 'tests' }] }];
    window.write(
      '.vscode/settings.json',
      JSON.stringify({ 'residual.modules': [{ id: 'react' }], 'residual.moduleRules': rules }),
    );
    const frame = await open();
    await frame.locator('#rules').waitFor();
    await frame.locator('#source-range').click();
    await frame.locator('#range').fill('HEAD~2..HEAD');
    await frame.locator('#places').fill('2000');
    await frame.locator('#module').selectOption('');
    const label = (await frame.locator('#module option:checked').textContent()) ?? '';
    assert.ok(label.startsWith('In use, by file: ') && label.includes(tests.title), label);
    assert.match(
      (await frame.locator('#rules').textContent()) ?? '',
      /Each file is compared with what completes there/,
    );
    await frame.locator('#run').focus();
    await driver.press('Enter');
    await result(frame);
    const rows = (await frame.locator('#compared li').allTextContents()).sort();
    assert.equal(rows.length, 2, rows.join('\n'));
    assert.match(
      rows[0],
      new RegExp(`^By rule 1, tests/\\*\\*: ${tests.title} \\(strength [\\d.]+\\)\\. Places: \\d+$`),
    );
    assert.match(rows[1], new RegExp(`^Where no rule matches: ${react.title} \\(strength [\\d.]+\\)\\. Places: \\d+$`));
    await assertAccessible(frame);
    await frame.locator('#module').selectOption('react');
    assert.match((await frame.locator('#rules').textContent()) ?? '', /compared in every file, also where/);
    await frame.locator('#run').focus();
    await driver.press('Enter');
    await frame.locator('#otherwise').waitFor({ timeout: 120_000 });
    const nRuled = /Places: (\d+)/.exec(rows[0])?.[1];
    assert.match(
      (await frame.locator('#otherwise').textContent()) ?? '',
      new RegExp(
        `${react.title} was compared in every file\\..* something else completes at ${nRuled} of these places`,
      ),
    );
    await assertAccessible(frame);
    fs.rmSync(path.join(workspace, '.vscode'), { recursive: true });
    await frame.locator('#rules').waitFor({ state: 'detached' });
  });

  it('left the files and the repository as they were', () => {
    const { workspace } = window;
    const status = git(workspace, 'status', '--porcelain').toString();
    assert.equal(status.trim(), `M ${STORE}`);
    assert.deepEqual(window.errors, []);
  });
});

describe('my edits in a workspace that is not trusted', () => {
  const window = useWorkbench({
    makeWorkspace: repository,
    trusted: false,
    settings: { 'security.workspace.trust.startupPrompt': 'never' },
  });

  it('are not read, and the page says why', async () => {
    const { driver } = window;
    await driver.palette(commandTitle('residual.compareModule'));
    const frame = (await driver.pageFrame('edits')) as Frame;
    await frame.getByText('This workspace is not trusted. Reading edits runs git').waitFor();
    assert.equal(await frame.locator('#run').count(), 0);
    await frame.locator('#trust').waitFor();
    await assertAccessible(frame);
  });
});
