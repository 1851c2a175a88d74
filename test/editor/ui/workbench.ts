// One VS Code window for the tests of a `describe`, with the extension installed as a person would have it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { copyOfSample, statusBarItem } from '../../../scripts/sample.mjs';
import type { Driver } from '../../../scripts/workbench/driver.mjs';
import { openWorkbench, reachedOut } from '../../../scripts/workbench/open.mjs';
import { markedProcesses } from '../../../scripts/workbench/processTree.mjs';
import { FIXTURE_EXTENSIONS } from '../../fixtures/fixtureModels.mjs';

export interface Window {
  readonly driver: Driver;
  /** Absolute path of the opened folder, a throw-away copy of the sample workspace. */
  readonly workspace: string;
  /** What the server, the extension host and the extension have logged. */
  readonly log: string;
  /** Lines of the extension's own log alone. */
  readonly ownLog: readonly string[];
  /** What the extension has reported as errors so far. */
  readonly errors: readonly string[];
  /** How many completions it has answered or cancelled so far, one line of its log each. */
  readonly nRequests: number;
  /** Processes of this window whose command line has `text` in it. */
  pids(text: string): number[];
  /** Writes a file of the workspace, its folders included. */
  write(file: string, text: string): void;
  read(file: string): string;
  /** Folder of everything that the server writes. */
  readonly profile: string;
  /** Where the extension is installed. */
  readonly installed: string;
}

/** The suggest widget takes Tab and Escape before ghost text does. */
export const withoutSuggestWidget = { 'editor.quickSuggestions': false, 'editor.suggestOnTriggerCharacters': false };

/** Whether something is shown must not depend on how sure the models that ship today are of it. */
const showAll = { 'residual.showGate': 0 };

/** Opens the window before the first test of the surrounding `describe` and closes it after the last. */
export function useWorkbench({
  settings = {},
  machineSettings = {},
  trusted = true,
  makeWorkspace = copyOfSample,
  extension = () => process.env.RESIDUAL_TEST_EXTENSION ?? process.cwd(),
  models = () => FIXTURE_EXTENSIONS,
  others = () => [],
  isolated = true,
  language,
  onPage,
  logLevel,
}: {
  readonly settings?: Record<string, unknown>;
  /** Those of machine scope, read when the window opens. */
  readonly machineSettings?: Record<string, unknown>;
  /** Whether every folder is trusted without asking, as in most tests. */
  readonly trusted?: boolean;
  /** @returns the absolute path of a new folder, or of a `.code-workspace` file in a new folder */
  readonly makeWorkspace?: () => string;
  /** @returns the folder or vsix of the extension to install; the checkout, or the package that is tested */
  readonly extension?: () => string;
  /** @returns folders or packages of extensions that bring models */
  readonly models?: () => readonly string[];
  /** @returns folders of other extensions to install beside it */
  readonly others?: () => string[];
  /** Without a network, where the machine can do that. False only for what is meant to reach a server of the test's own. */
  readonly isolated?: boolean;
  /** Of the window, such as `de`: the extension's own strings follow it, VS Code's stay English without a language pack. */
  readonly language?: string;
  /** Prepares the page before VS Code loads. */
  readonly onPage?: (page: Page) => Promise<void>;
  /** `publisher.name=trace`: what an extension logs at most. */
  readonly logLevel?: string;
} = {}): Window {
  let workspace = '';
  let opened: Awaited<ReturnType<typeof openWorkbench>> | undefined;

  before(async function () {
    this.timeout(300_000);
    const toOpen = makeWorkspace();
    workspace = toOpen.endsWith('.code-workspace') ? path.dirname(toOpen) : toOpen;
    opened = await openWorkbench({
      workspace: toOpen,
      extension: [extension(), ...models(), ...others()],
      settings: { ...showAll, ...settings },
      machineSettings,
      trusted,
      isolated,
      onPage: async page => {
        if (language !== undefined)
          await page.addInitScript(`globalThis._VSCODE_NLS_LANGUAGE = ${JSON.stringify(language)}`);
        await onPage?.(page);
      },
      ...(logLevel && { logLevel }),
    });
    // Nobody answers keys that are typed before the extension has been started.
    await opened.driver.waitForStatusBar(statusBarItem, text => text !== '', 120_000);
  });

  afterEach(async function () {
    const test = this.currentTest;
    if (test?.state !== 'failed' || !opened) return;
    const name = test.fullTitle().replaceAll(/[^\w]+/g, '-');
    const picture = await opened.driver.screenshot(`failed-${name}`);
    fs.writeFileSync(picture.replace(/png$/, 'log'), opened.server.logs());
    console.log(`      picture and log: ${path.relative(process.cwd(), picture)}`);
  });

  after('nothing left the machine', async function () {
    this.timeout(60_000);
    await opened?.close();
    fs.rmSync(workspace, { recursive: true, force: true });
    assert.deepEqual(opened ? reachedOut(opened) : [], []);
  });

  const at = (file: string) => path.join(workspace, file);
  /** Lines of the extension's own log, which stands in a section of its own. */
  const ownLog = () =>
    (opened?.server.logs() ?? '')
      .split(/^--- (?=.*---$)/m)
      .flatMap(part => (part.startsWith('Residual') ? part.split('\n') : []));
  return {
    get driver() {
      assert.ok(opened, 'the window is open only inside tests');
      return opened.driver;
    },
    get workspace() {
      return workspace;
    },
    get log() {
      return opened?.server.logs() ?? '';
    },
    get ownLog() {
      return ownLog();
    },
    get errors() {
      return ownLog().filter(line => line.includes('[error]'));
    },
    get nRequests() {
      return ownLog().filter(line => /completion (from|cancelled)/.test(line)).length;
    },
    pids(text) {
      const mark = `TMPDIR=${opened?.server.profile}`;
      return markedProcesses(mark).flatMap(({ pid, command }) => (command.includes(text) ? [pid] : []));
    },
    write(file, text) {
      fs.mkdirSync(path.dirname(at(file)), { recursive: true });
      fs.writeFileSync(at(file), text);
    },
    read: file => fs.readFileSync(at(file), 'utf8'),
    get profile() {
      assert.ok(opened, 'the window is open only inside tests');
      return opened.server.profile;
    },
    get installed() {
      const extensions = path.join(this.profile, 'extensions');
      const [folder] = fs.readdirSync(extensions).filter(name => name.startsWith('residual.'));
      return path.join(extensions, folder);
    },
  };
}
