// npm start: opens the extension in a real VS Code, on a throw-away copy of the sample workspace.
//   npm start -- DIR          opens DIR instead; a DIR that does not exist becomes a copy of the sample
//   npm start -- --browser    VS Code in a browser even where there is a desktop (Linux); --port N fixes its address
//   npm start -- --headless   drives that VS Code by itself: opens a file, types, prints the ghost text, saves a picture
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import util from 'node:util';
import { boxedModel } from './boxedModel.mjs';
import { build } from './build.mjs';
import { copyOfSample, sampleSpot, statusBarItem } from './sample.mjs';
import { root, setUp } from './setup.mjs';
import { provideChromium } from './workbench/chromium.mjs';
import { workbenchRunsHere } from './workbench/install.mjs';

const options = readArguments();
if (options.headless) requireBrowser();
await setUp();
await build().catch(() => process.exit(1));
const { workspace, isThrowAway } = chooseWorkspace();
process.once('exit', () => isThrowAway && fs.rmSync(workspace, { recursive: true, force: true, maxRetries: 5 }));
if (options.headless) process.exitCode = await driveBrowser();
else process.exitCode = (options.browser ? undefined : await openDesktop()) ?? (await serveBrowser());

function readArguments() {
  try {
    const { values, positionals } = util.parseArgs({
      allowPositionals: true,
      options: {
        headless: { type: 'boolean', default: false },
        browser: { type: 'boolean', default: false },
        port: { type: 'string', default: '0' },
        screenshot: { type: 'string', default: 'artifacts/start.png' },
      },
    });
    if (positionals.length > 1) throw new Error(`one folder at most, not ${positionals.join(', ')}`);
    if (!/^\d{1,5}$/.test(values.port)) throw new Error(`--port takes a number, not ${values.port}`);
    return { ...values, port: Number(values.port), folder: positionals[0] };
  } catch (error) {
    console.error(`npm start: ${error.message}`);
    process.exit(2);
  }
}

/** Before anything is installed or built: minutes of work are no use without a browser. */
function requireBrowser() {
  const problem = workbenchRunsHere
    ? provideChromium().advice
    : `--headless drives VS Code in a browser, which runs on Linux x64 and arm64, not on ${process.platform} ${process.arch}.`;
  if (!problem) return;
  console.error(`npm start: ${problem}`);
  process.exit(1);
}

function chooseWorkspace() {
  if (!options.folder) return { workspace: copyOfSample(), isThrowAway: true };
  // npm runs scripts in the project; the person meant the folder they are in.
  const folder = path.resolve(process.env.INIT_CWD ?? process.cwd(), options.folder);
  return { workspace: fs.existsSync(folder) ? folder : copyOfSample(folder), isThrowAway: false };
}

/** @returns {Promise<number | undefined>} undefined where no desktop VS Code can run */
async function openDesktop() {
  const { findDesktop } = await import('./editors.mjs');
  const code = await findDesktop();
  if (!code) return undefined;
  console.log(`Opening ${workspace} in ${code}; close the window to end.`);
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'vs-'));
  const args = ['--new-window', '--wait', '--disable-updates', '--user-data-dir', profile];
  const child = spawn(
    code,
    [...args, ...[root, path.join(root, boxedModel())].map(one => `--extensionDevelopmentPath=${one}`), workspace],
    {
      stdio: 'inherit',
      shell: process.platform === 'win32' && code.endsWith('.cmd'),
    },
  );
  return new Promise(resolve => {
    child.on('error', error => {
      console.error(error.message);
      resolve(1);
    });
    child.on('close', status => {
      fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
      resolve(status ?? 1);
    });
  });
}

async function serveBrowser() {
  const { installWorkbench } = await import('./workbench/install.mjs');
  const { startServer } = await import('./workbench/server.mjs');
  const { workbenchAddress } = await import('./workbench/open.mjs');
  const server = await startServer(await installWorkbench(), {
    extension: [root, boxedModel()],
    trusted: isThrowAway,
    port: options.port,
  });
  console.log(`\nVS Code with Residual is at\n\n  ${workbenchAddress(server.port, workspace)}\n`);
  console.log(`The folder is ${workspace}${isThrowAway ? ', a copy that goes away' : ''}. Press Ctrl+C to end.`);
  // Ctrl+C comes twice, from the terminal and from npm: the second must not cut the end short.
  const signalled = new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(0));
  });
  const status = await Promise.race([signalled, server.ended.then(() => 1)]);
  if (status !== 0) console.error(`VS Code's server ended by itself.\n${server.logs()}`);
  await server.stop();
  return status;
}

async function driveBrowser() {
  const { openWorkbench } = await import('./workbench/open.mjs');
  const { file, after, types } = sampleSpot;
  const workbench = await openWorkbench({ workspace, extension: [root, boxedModel()] });
  const { driver } = workbench;
  const picture = path.resolve(process.env.INIT_CWD ?? root, options.screenshot);
  try {
    await driver.openFile(file);
    await driver.moveBehind(file, after);
    // Nobody answers keys that are typed before the extension has been started.
    await driver.waitForStatusBar(statusBarItem, text => text !== '', 60_000);
    await driver.type(types);
    const ghost = await driver.waitForGhostText(undefined, 120_000);
    console.log(`In ${file}, behind ${JSON.stringify(types)}, VS Code shows the ghost text\n\n${ghost}\n`);
    return 0;
  } catch (error) {
    console.error(`${workbench.server.logs()}\n\nNo ghost text: ${error.message}`);
    return 1;
  } finally {
    await workbench.page.screenshot({ path: picture }).catch(() => {});
    console.log(`Picture: ${picture}`);
    await workbench.close();
  }
}
