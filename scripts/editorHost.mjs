// Runs the suite of test/editor/host inside the extension host of a real VS Code: `editorHost.mjs browser|desktop`.
// The suite writes its own results, because VS Code reports success even when its extension host dies.
import fs from 'node:fs';
import path from 'node:path';
import util from 'node:util';
import { FIXTURE_EXTENSIONS } from '../test/fixtures/fixtureModels.mjs';
import { copyOfSample } from './sample.mjs';
import { root, setUp } from './setup.mjs';

await setUp();
const tests = path.join(root, 'dist/test/editor/host/index.js');
const workspace = copyOfSample();
try {
  process.exitCode = await (process.argv[2] === 'desktop' ? inDesktop() : inBrowser());
} finally {
  fs.rmSync(workspace, { recursive: true, force: true });
}

async function inDesktop() {
  const { runTests } = await import('@vscode/test-electron');
  return runTests({
    extensionDevelopmentPath: [root, ...FIXTURE_EXTENSIONS],
    extensionTestsPath: tests,
    launchArgs: [workspace, '--disable-extensions', '--disable-workspace-trust', '--disable-gpu'],
    ...(process.env.RESIDUAL_VSCODE ? { vscodeExecutablePath: process.env.RESIDUAL_VSCODE } : {}),
  });
}

async function inBrowser() {
  const { openWorkbench, reachedOut } = await import('./workbench/open.mjs');
  const prefix = 'test│';
  const remarks = [];
  const print = text =>
    text.startsWith(prefix) ? console.log(text.replaceAll(prefix, '').trimEnd()) : remarks.push(text);
  let exited = _code => {};
  const exit = new Promise(resolve => (exited = resolve));
  const workbench = await openWorkbench({
    workspace,
    extension: [...FIXTURE_EXTENSIONS],
    testDriver: true,
    isolated: true,
    environment: { ...testEnvironment(), RESIDUAL_TEST_PREFIX: prefix },
    remotePayload: { extensionDevelopmentPath: root, extensionTestsPath: tests },
    onPage: async page => {
      await page.exposeFunction('codeAutomationLog', (_level, args) => print(util.format(...args)));
      await page.exposeFunction('codeAutomationExit', code => exited(code));
      page.on('crash', () => exited(1));
    },
  });
  void workbench.server.ended.then(() => exited(1));
  const code = await exit;
  if (code !== 0) console.error([...remarks, workbench.server.logs()].join('\n'));
  await workbench.close();
  const refused = reachedOut(workbench);
  if (refused.length === 0) return code;
  console.error(refused.join('\n'));
  return 1;
}

function testEnvironment() {
  const names = ['RESIDUAL_TEST_RESULT', 'RESIDUAL_TEST_GREP'];
  return Object.fromEntries(names.flatMap(name => (process.env[name] ? [[name, process.env[name]]] : [])));
}
