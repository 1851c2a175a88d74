// Opens a page in a Chromium that can reach nothing but the loopback interface.
import { chromium } from 'playwright-core';
import { provideChromium } from './chromium.mjs';

/**
 * @typedef {object} OpenPage
 * @property {import('playwright-core').Page} page
 * @property {string[]} outsideRequests Addresses that the page asked for outside this machine; all were refused.
 * @property {() => Promise<void>} close
 */

/**
 * @param {{ tmp: string, viewport?: { width: number, height: number } }} options `tmp` takes what the browser writes
 * @returns {Promise<OpenPage>}
 */
export async function openPage({ tmp, viewport = { width: 1280, height: 800 } }) {
  const provided = provideChromium();
  if (provided.advice) throw new Error(provided.advice);
  const browser = await chromium.launch({
    executablePath: provided.path,
    handleSIGINT: false,
    handleSIGTERM: false,
    env: { ...process.env, TMPDIR: tmp, XDG_CONFIG_HOME: tmp, XDG_CACHE_HOME: tmp },
    args: [
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const context = await browser.newContext({ viewport });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  /** @type {string[]} */
  const outsideRequests = [];
  const isOutside = url =>
    !['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname) && !['data:', 'blob:'].includes(url.protocol);
  await context.route(isOutside, route => {
    outsideRequests.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  // Playwright's own routing of sockets reorders what VS Code sends now and then; outside names resolve to nothing instead.
  page.on('websocket', socket => {
    if (isOutside(new URL(socket.url()))) outsideRequests.push(socket.url());
  });
  return { page, outsideRequests, close: () => browser.close() };
}
