// Every page in the document that it really runs in, in a plain browser: what its policy lets in, what it makes of
// messages that make no sense, that it can stand still, and that it speaks German in 170 pixels.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { openPage } from '../../../scripts/workbench/browser.mjs';
import { daysOf, groupsOf, totalOf } from '../../../src/host/feedback/scoreboardSummary';
import { panelState } from '../../../src/host/panelState';
import type { EditsState } from '../../../src/protocol/pages/edits';
import type { ScoreboardState } from '../../../src/protocol/pages/scoreboard';
import { pageDocument } from '../../../src/vscode/pageDocument';
import { emptyState } from './chatHarness';

const SITE = 'http://localhost';
const PAGES = fs.readdirSync('src/webview/pages').map(file => path.basename(file, '.ts'));
const GERMAN = JSON.parse(fs.readFileSync('l10n/bundle.l10n.de.json', 'utf8'));

const noRows: ScoreboardState = {
  isOn: true,
  problem: undefined,
  filter: { languageId: undefined, modules: undefined },
  languages: [],
  moduleSets: [],
  total: totalOf([]),
  days: daysOf([], '2025-03-31'),
  groups: groupsOf([], { language: id => id, module: id => id }),
  since: undefined,
};

/** What a page is told when there is nothing to show, and German that it then says. */
const EMPTY: Readonly<Record<string, readonly [german: string, ...messages: unknown[]]>> = {
  chat: ['Fragen zu Ihrem Code stellen', { kind: 'state', state: emptyState }],
  edits: [
    'Es ist kein Modul zu finden, das verglichen werden könnte.',
    {
      kind: 'state',
      state: {
        ...{ folders: ['app'], modules: [], inUse: [], hasRules: false, run: { kind: 'none' } },
        question: { folder: 'app', source: { kind: 'last', n: 10 }, module: '', nPlaces: 200 },
      } satisfies Omit<EditsState, 'unavailable'>,
    },
  ],
  importProposal: ['Es ist kein Modell ausgewählt', { kind: 'nothing' }],
  scoreboard: ['Es wurde noch nichts gezählt', { kind: 'state', state: noRows }],
  settings: [
    'Es wird kein Modul verwendet.',
    {
      kind: 'state',
      state: panelState({
        ...{ scopes: [{ id: 'user', kind: 'user', name: '' }], scope: 'user', inspect: () => ({}), isTrusted: false },
        ...{ engine: { state: 'idle' }, pauses: [], notices: [], proposals: [], modules: [], isMeasuring: false },
        ...{ contextInTime: () => 256, speedOf: () => undefined, instant: { kind: 'offered' }, openLanguages: [] },
        ...{ languageName: id => id, translate: text => text, learning: { kind: 'no-workspace' } },
      }),
    },
    { kind: 'preview', preview: { kind: 'none', reason: 'no-editor' } },
    { kind: 'comparison', comparison: { kind: 'none' } },
  ],
  why: ['In diesem Fenster wurde noch nichts vorgeschlagen', { kind: 'nothing' }],
};

/** Values in place of anything, as JavaScript. */
const ODD = [
  ...['undefined', 'null', 'true', '-1', 'NaN', '1e308', '""', '[]', '[[]]', '[null]', '{}', 'new Map()'],
  ...['{ toString: null, valueOf: null }', '{ length: 3 }', '"__proto__"', '"x".repeat(100000)'],
  '"<img src=x onerror=window.hacked=1><script>window.hacked=2</script>"',
  '["<img src=x onerror=window.hacked=3>"]',
  '{ kind: "<svg onload=window.hacked=4>", text: "<img src=x onerror=window.hacked=5>", title: "<b>" }',
];

/** All kinds of messages and all names of fields that any page's protocol has. */
function vocabulary(): { readonly kinds: readonly string[]; readonly fields: readonly string[] } {
  const source = fs
    .readdirSync('src/protocol/pages')
    .map(file => fs.readFileSync(path.join('src/protocol/pages', file), 'utf8'))
    .join('\n');
  const all = (pattern: RegExp) => [...new Set([...source.matchAll(pattern)].map(([, name]) => name))];
  return { kinds: all(/kind: '(\w+)'/g), fields: all(/readonly (\w+)\??:/g).filter(name => name !== 'kind') };
}

for (const name of PAGES) {
  describe(`the page ${name}`, () => {
    const tmp = fs.mkdtempSync(path.join(os.tmpdir(), 'every-page-'));
    let opened: Awaited<ReturnType<typeof openPage>>;
    let page: Page;
    let html = '';

    before(async () => {
      opened = await openPage({ tmp, viewport: { width: 170, height: 700 } });
      page = opened.page;
      await page.addInitScript(`
        window.violations = [];
        document.addEventListener('securitypolicyviolation', event => violations.push(event.effectiveDirective));
        window.acquireVsCodeApi = () => ({ postMessage() {}, getState() {}, setState() {} });`);
      await page.route(`${SITE}/**`, route => {
        const { pathname } = new URL(route.request().url());
        if (pathname === '/') return route.fulfill({ body: html, contentType: 'text/html' });
        const file = path.join('media', path.basename(pathname));
        return fs.existsSync(file) ? route.fulfill({ path: file }) : route.fulfill({ status: 404 });
      });
    });
    after(async () => {
      await opened?.close();
      fs.rmSync(tmp, { recursive: true, force: true, maxRetries: 5 });
    });

    async function open(language = 'en'): Promise<void> {
      html = pageDocument({
        ...{ name, title: name, language, strings: language === 'en' ? undefined : GERMAN },
        ...{ nonce: randomBytes(16).toString('hex'), source: SITE, uri: (file: string) => `${SITE}/${file}` },
      });
      await page.goto(`${SITE}/`);
    }
    /** Tells the page that there is nothing to show, and waits until it has drawn. */
    async function tellOfNothing(): Promise<void> {
      const [, ...messages] = EMPTY[name] ?? [];
      // What was said last stays until something else is.
      for (const message of [{ kind: 'said', text: '' }, ...messages])
        await page.evaluate(`window.postMessage(${JSON.stringify(message)}, '*')`);
      await page.evaluate('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))');
    }

    it('has no script and no style in its document, and a policy that lets in its own files alone', async () => {
      await open();
      const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
      assert.match(
        policy ?? '',
        /^default-src 'none'; script-src 'nonce-[0-9a-f]{32}'; style-src \S+; font-src \S+; img-src \S+ data:$/,
      );
      assert.doesNotMatch(policy ?? '', /unsafe|\*/);
      assert.deepEqual(
        html.match(/<script(?![^>]* nonce="[0-9a-f]{32}" src="[^"]+"><\/script>)|<style| style=| on\w+=/g),
        null,
      );
      assert.deepEqual(await page.evaluate('violations'), [], 'the page itself keeps to the policy');
    });

    it('runs nothing that gets into it, and asks nobody for anything', async () => {
      await open();
      await page.evaluate(`(async () => {
        const box = document.body.appendChild(document.createElement('div'));
        box.innerHTML = '<img src="data:," onerror="window.hacked = 1"><p style="color: red">a</p><iframe src="data:text/html,x"></iframe>';
        const script = document.createElement('script');
        script.textContent = 'window.hacked = 2';
        box.append(script);
        await fetch('https://example.com/').catch(() => {});
        await new Promise(done => setTimeout(done, 50));
      })()`);
      assert.equal(await page.evaluate('window.hacked'), undefined);
      const kinds = new Set(await page.evaluate<string[]>('violations'));
      for (const kind of ['script-src-attr', 'script-src-elem', 'style-src-attr', 'connect-src', 'frame-src'])
        assert.ok(kinds.has(kind), `${kind} was not refused: ${[...kinds]}`);
      assert.deepEqual(opened.outsideRequests, []);
    });

    it('is not broken by messages that make no sense, and shows what makes sense afterwards', async () => {
      await open();
      const { kinds, fields } = vocabulary();
      assert.ok(kinds.length > 30 && fields.length > 60);
      await page.evaluate(`(() => {
        // What a listener throws is reported, and ends nothing.
        window.addEventListener('error', event => event.preventDefault());
        const say = data => window.dispatchEvent(new MessageEvent('message', { data }));
        for (const odd of [${ODD.join()}]) {
          say(odd);
          for (const kind of ${JSON.stringify(kinds)})
            say({ kind, ...Object.fromEntries(${JSON.stringify(fields)}.map(field => [field, odd])) });
        }
      })()`);
      await page.evaluate('new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))');
      assert.equal(await page.evaluate('window.hacked'), undefined);
      assert.equal(await page.locator('#root img, #root script, #root iframe').count(), 0);
      if (EMPTY[name] === undefined) return;
      await tellOfNothing();
      const fuzzed = await page.locator('#root').textContent();
      await open();
      await tellOfNothing();
      assert.equal(fuzzed, await page.locator('#root').textContent());
    });

    it('stands still for whoever does not want motion', async () => {
      await open();
      const moving = () =>
        page.evaluate<number>(`(() => {
          const spinner = document.createElement('span');
          spinner.className = 'codicon codicon-loading codicon-modifier-spin';
          document.querySelector('#root').append(spinner);
          const n = document.getAnimations().length;
          spinner.remove();
          return n;
        })()`);
      assert.ok((await moving()) > 0, 'a spinner turns');
      await page.emulateMedia({ reducedMotion: 'reduce' });
      try {
        assert.equal(await moving(), 0);
      } finally {
        await page.emulateMedia({ reducedMotion: null });
      }
    });

    it('speaks German, and fits into 170 pixels with it', async () => {
      await open('de');
      const [german] = EMPTY[name] ?? [''];
      await tellOfNothing();
      assert.ok((await page.locator('#root').textContent())?.includes(german));
      const [width, content] = await page.evaluate<[number, number]>(
        '[document.documentElement.clientWidth, document.documentElement.scrollWidth]',
      );
      const wide = await page.evaluate<string[]>(`[...document.querySelectorAll('#root *')]
        .filter(element => element.getBoundingClientRect().right > ${width})
        .map(element => element.outerHTML.slice(0, 80))`);
      assert.ok(content <= width, `${content} pixels of content in ${width}: ${wide}`);
    });
  });
}
