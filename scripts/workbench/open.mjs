// Opens a workspace in a real VS Code in a browser: the server, a page in Chromium, and the driver that acts like a person on it.
import fs from 'node:fs';
import path from 'node:path';
import { openPage } from './browser.mjs';
import { createDriver } from './driver.mjs';
import { installWorkbench } from './install.mjs';
import { startServer } from './server.mjs';

/** @type {Set<() => Promise<void>>} */
const open = new Set();
let watchesSignals = false;
let isClosing = false;

/**
 * @param {import('./server.mjs').ServerOptions & { workspace: string, remotePayload?: Record<string, string>, logLevel?: string, onPage?: (page: import('playwright-core').Page) => Promise<void> }} options
 * `remotePayload` names absolute paths for the page's address, `logLevel` is that of an extension as in VS Code's `--log`
 * (`publisher.name=trace`), `onPage` prepares the page before VS Code loads.
 */
export async function openWorkbench({ workspace, remotePayload = {}, logLevel, onPage, ...options }) {
  closeOnSignals();
  const server = await startServer(await installWorkbench(), options);
  const onSignal = () => close();
  open.add(onSignal);
  /** @type {import('./browser.mjs').OpenPage | undefined} */
  let browser;
  const close = async () => {
    open.delete(onSignal);
    await browser?.close().catch(() => {});
    await server.stop();
  };
  try {
    browser = await openPage({ tmp: path.join(server.profile, 't') });
    await onPage?.(browser.page);
    await browser.page.goto(workbenchAddress(server.port, workspace, remotePayload, logLevel));
    await browser.page.waitForSelector('.monaco-workbench .part.statusbar', { timeout: 60_000 });
    const folder = isWorkspaceFile(workspace) ? path.dirname(workspace) : workspace;
    return { ...browser, driver: createDriver(browser.page, folder), server, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * What a window tried to reach, in sentences; asked after its end, so that nothing is missed.
 * @param {{ outsideRequests: string[], server: import('./server.mjs').Server }} window
 */
export function reachedOut({ outsideRequests, server }) {
  const { outside, loopback } = server.attempts() ?? { outside: 0, loopback: 0 };
  return [
    ...outsideRequests.map(address => `The page asked for ${address}.`),
    ...(outside > 0
      ? [`VS Code's server, the extension host or the engine tried ${outside} times to leave the machine.`]
      : []),
    ...(loopback > 0 ? [`They sent ${loopback} packets on the loopback interface, where a proxy may listen.`] : []),
  ];
}

/**
 * @param {number} port
 * @param {string} workspace
 * @param {Record<string, string>} [remotePayload]
 * @param {string} [logLevel]
 */
export function workbenchAddress(port, workspace, remotePayload = {}, logLevel = undefined) {
  const address = new URL(`http://127.0.0.1:${port}/`);
  address.searchParams.set(isWorkspaceFile(workspace) ? 'workspace' : 'folder', fs.realpathSync(workspace));
  const payload = Object.entries(remotePayload).map(([name, file]) => [
    name,
    `vscode-remote://127.0.0.1:${port}${file}`,
  ]);
  if (logLevel) payload.push(['logLevel', logLevel]);
  if (payload.length > 0) address.searchParams.set('payload', JSON.stringify(payload));
  return address.href;
}

/** @param {string} workspace */
function isWorkspaceFile(workspace) {
  return workspace.endsWith('.code-workspace');
}

function closeOnSignals() {
  if (watchesSignals) return;
  watchesSignals = true;
  for (const [signal, code] of /** @type {const} */ ([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ])) {
    process.on(signal, async () => {
      // Ctrl+C comes twice, from the terminal and from npm.
      if (isClosing) return;
      isClosing = true;
      await Promise.all([...open].map(close => close()));
      process.exit(code);
    });
  }
}
