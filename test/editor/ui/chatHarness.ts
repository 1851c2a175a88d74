/** The chat page alone in a browser, with the test in the extension's place: what it is told, what it sends, what it keeps. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { openPage } from '../../../scripts/workbench/browser.mjs';
import type { ChatPageState, FromChatPage, ShownTurn, ToChatPage } from '../../../src/protocol/pages/chat';

export interface ChatHarness {
  readonly page: Page;
  /** Everything that was sent since the page was opened or `sent` was emptied. */
  sent(): Promise<FromChatPage[]>;
  forget(): Promise<void>;
  tell(message: ToChatPage): Promise<void>;
  /** Opens the page anew, as VS Code does when the panel is shown again; what it kept is there. */
  reload(): Promise<void>;
}

export const emptyState: ChatPageState = {
  isOn: true,
  conversation: { id: 'c1', title: '' },
  turns: [],
  isAnswering: false,
  recent: [],
  chips: [],
  model: { proposal: 'Residual 6M', modules: [], isInstruct: false, isSmall: false, contextLength: 1024 },
};

export function turnOf(id: string, question: string, text: string, more: Partial<ShownTurn['answer']> = {}): ShownTurn {
  return { id, question, context: [], answer: { text, state: 'done', writers: ['Residual 6M'], ...more } };
}

/** Without the content policy of the real page: what must not run must not be there, even where nothing would stop it. */
export function useChatPage({ width = 300, height = 700 } = {}): ChatHarness {
  let opened: Awaited<ReturnType<typeof openPage>> | undefined;
  const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'chat-page-'));

  before(async () => {
    opened = await openPage({ tmp, viewport: { width, height } });
    await opened.page.addInitScript(`
      window.sent = [];
      window.acquireVsCodeApi = () => ({
        postMessage: message => window.sent.push(message),
        getState: () => JSON.parse(sessionStorage.getItem('kept') ?? 'null') ?? undefined,
        setState: state => sessionStorage.setItem('kept', JSON.stringify(state)),
      });`);
    const files: Readonly<Record<string, string>> = {
      '/': '<!DOCTYPE html><html lang="en"><title>Chat</title><link rel="stylesheet" href="/chat.css"><body data-page="chat"><main id="root"></main><script src="/chat.js"></script></body></html>',
      '/chat.css': fs.readFileSync('media/chat.css', 'utf8'),
      '/chat.js': fs.readFileSync('media/chat.js', 'utf8'),
    };
    await opened.page.route('http://localhost/**', route => {
      const { pathname } = new URL(route.request().url());
      const contentType = pathname.endsWith('.js')
        ? 'text/javascript'
        : pathname.endsWith('.css')
          ? 'text/css'
          : 'text/html';
      return route.fulfill(files[pathname] === undefined ? { status: 404 } : { body: files[pathname], contentType });
    });
    await opened.page.goto('http://localhost/');
  });

  after(async () => {
    await opened?.close();
    fs.rmSync(tmp, { recursive: true, force: true, maxRetries: 5 });
  });

  const page = () => opened!.page;
  return {
    get page() {
      return page();
    },
    sent: () => page().evaluate('window.sent') as Promise<FromChatPage[]>,
    forget: () => page().evaluate('window.sent.length = 0') as Promise<void>,
    tell: async message => {
      await page().evaluate(`window.postMessage(${JSON.stringify(message)}, '*')`);
      // Two frames: the page draws in the next one.
      await page().evaluate('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))');
    },
    reload: async () => void (await page().reload()),
  };
}
