// The chat page alone: what a model writes can do nothing, keys do what they should, and streaming is calm.
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import type { Chip, ShownAnswer } from '../../../src/protocol/pages/chat';
import { emptyState, turnOf, useChatPage } from './chatHarness';

const HOSTILE = [
  '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">',
  '<iframe srcdoc="<script>parent.hacked = 3</script>"></iframe><svg onload="window.hacked = 4">',
  '[a](javascript:window.hacked=5) [b](command:workbench.action.quit) [c](data:text/html,x) <javascript:window.hacked=6>',
  '![d](http://127.0.0.1:9/leak.png) ![e](x "onerror=window.hacked=7")',
  '[f](https://example.com/"onmouseover="window.hacked=8) https://example.com/<script>',
  '```"><img/src=x/onerror=window.hacked=9>\n</code></pre><script>window.hacked = 10</script>\n```',
  '```html\n<script>window.hacked = 11</script><img src=x onerror="window.hacked = 12">\n```',
  '    <img src=x onerror="window.hacked = 13">',
  '| <img src=x onerror=window.hacked=14> | b |\n|---|:-:|\n| `<script>window.hacked=15</script>` | x |',
  '# <img src=x onerror=window.hacked=16>\n> <details open ontoggle=window.hacked=17>\n\n- <a href="javascript:window.hacked=18">x</a>',
  '&lt;img src=x onerror=window.hacked=19&gt; &#60;script&#62;window.hacked=20&#60;/script&#62;',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.hacked=21&gt;">',
  '[g]: javascript:window.hacked=22\n[g] [h][g]',
  '{{window.hacked=23}} <!--?lit$1$--> <!-- --><b onclick=window.hacked=24>',
].join('\n\n');

/** Elements that the page has no use for, and attributes that run, load or lead somewhere else than to a web page. */
const SUSPICIOUS = `[...document.querySelectorAll('#root *')].flatMap(element => [
  ...(element.matches('script, img, iframe, object, embed, svg, style, base, link, meta, math, form:not(.composer), details:not(.notice)')
    ? [element.outerHTML] : []),
  ...[...element.attributes]
    .filter(({ name, value }) => /^on|^style$|^src/.test(name) || (name === 'href' && !/^https?:/.test(value)))
    .map(({ name, value }) => element.tagName + ' ' + name + '=' + value),
])`;

describe('the chat page', () => {
  const chat = useChatPage();
  const box = () => chat.page.getByRole('textbox', { name: 'Question' });
  const textOf = async (locator: Locator) => ((await locator.textContent()) ?? '').trim();

  beforeEach(async () => {
    await chat.page.evaluate('sessionStorage.clear()');
    await chat.reload();
    await chat.tell({ kind: 'state', state: emptyState });
    await chat.forget();
  });

  async function nothingRan(): Promise<void> {
    await chat.page.evaluate('new Promise(done => setTimeout(done, 0))');
    assert.equal(await chat.page.evaluate('window.hacked'), undefined);
    assert.deepEqual(await chat.page.evaluate(SUSPICIOUS), []);
  }

  describe('and hostile text', () => {
    it('in a whole answer is text', async () => {
      await chat.tell({ kind: 'state', state: { ...emptyState, turns: [turnOf('t1', HOSTILE, HOSTILE)] } });
      assert.match(await textOf(chat.page.locator('.answer')), /window\.hacked = 1<\/script>/);
      await nothingRan();
    });

    it('that streams in letter by letter is text at every moment', async () => {
      const waiting = turnOf('t1', 'a', '', { state: 'waiting' });
      await chat.tell({ kind: 'state', state: { ...emptyState, isAnswering: true, turns: [waiting] } });
      for (let at = 0; at < HOSTILE.length; at += 7) {
        await chat.tell({ kind: 'delta', turn: 't1', at, text: HOSTILE.slice(at, at + 7) });
        if (at % 70 === 0) await nothingRan();
      }
      await nothingRan();
      assert.deepEqual(await chat.sent(), []);
    });

    it('in titles, labels, models and failures is text', async () => {
      const evil = '"><img src=x onerror=window.hacked=1><script>window.hacked=2</script>';
      const chip: Chip = { id: evil, kind: 'mention', label: evil, detail: evil, fit: 'left-out', nTokens: 1 };
      const state = {
        ...emptyState,
        conversation: { id: evil, title: evil },
        recent: [{ id: evil, title: evil, when: evil }],
        chips: [chip],
        model: { proposal: evil, modules: [evil], isInstruct: false, isSmall: false, contextLength: 1 },
        edit: { id: evil, file: evil, state: 'review' as const },
      };
      await chat.tell({ kind: 'state', state });
      await nothingRan();
      const failed = turnOf(evil, evil, evil, {
        state: 'failed',
        writers: [evil],
        note: evil,
        problem: { message: evil, actions: [] },
      });
      await chat.tell({
        kind: 'state',
        state: { ...state, turns: [{ ...failed, context: [{ label: evil, fit: 'cut' }] }] },
      });
      await nothingRan();
      await box().fill('@a');
      const [{ request }] = (await chat.sent()).filter(message => message.kind === 'suggest');
      await chat.tell({
        kind: 'suggestions',
        request,
        items: [{ kind: 'mention', insert: evil, label: evil, detail: evil }],
      });
      assert.equal(await chat.page.getByRole('option').count(), 1);
      await nothingRan();
      await box().press('Enter');
      await nothingRan();
    });

    it('in a link goes to the extension, which opens it or not; the page goes nowhere', async () => {
      const text = 'A [link](https://example.com/x?y=1) and https://example.org.';
      await chat.tell({ kind: 'state', state: { ...emptyState, turns: [turnOf('t1', 'a', text)] } });
      await chat.page.getByRole('link', { name: 'link' }).click();
      await chat.page.getByRole('link', { name: 'https://example.org' }).click();
      assert.deepEqual(await chat.sent(), [
        { kind: 'openLink', href: 'https://example.com/x?y=1' },
        { kind: 'openLink', href: 'https://example.org' },
      ]);
      assert.equal(chat.page.url(), 'http://localhost/');
    });
  });

  describe('and keys', () => {
    const turns = [turnOf('t1', 'first', 'one'), turnOf('t2', 'second', 'two')];

    it('Enter sends, Shift+Enter makes a line, nothing is not sent', async () => {
      await box().press('Enter');
      await box().pressSequentially('a');
      await box().press('Shift+Enter');
      await box().pressSequentially('b');
      assert.equal(await box().inputValue(), 'a\nb');
      await box().press('Enter');
      assert.deepEqual(
        (await chat.sent()).filter(({ kind }) => kind === 'ask'),
        [{ kind: 'ask', text: 'a\nb' }],
      );
      assert.equal(await box().inputValue(), '');
    });

    it('Up edits the last question, Escape gives the draft back, Enter sends it again', async () => {
      await chat.tell({ kind: 'state', state: { ...emptyState, turns } });
      await box().press('ArrowUp');
      assert.equal(await box().inputValue(), 'second');
      assert.deepEqual(await chat.page.locator('.turn.replaced .asked').allTextContents(), ['second']);
      await box().press('Escape');
      assert.equal(await box().inputValue(), '');
      assert.equal(await chat.page.locator('.turn.replaced').count(), 0);
      await box().press('ArrowUp');
      await box().pressSequentially('!');
      await box().press('Enter');
      assert.deepEqual(
        (await chat.sent()).filter(({ kind }) => kind === 'ask'),
        [{ kind: 'ask', text: 'second!', turn: 't2' }],
      );
    });

    it('Escape stops an answer from anywhere in the page; Enter keeps what is typed meanwhile', async () => {
      const answering = [...turns.slice(0, 1), turnOf('t2', 'second', 'tw', { state: 'streaming' })];
      await chat.tell({ kind: 'state', state: { ...emptyState, turns: answering, isAnswering: true } });
      await box().fill('next');
      await box().press('Enter');
      assert.equal(await box().inputValue(), 'next');
      await chat.page.getByRole('button', { name: 'Stop (Escape)' }).focus();
      await chat.page.keyboard.press('Escape');
      assert.deepEqual(
        (await chat.sent()).filter(({ kind }) => kind !== 'draft'),
        [{ kind: 'stop' }],
      );
    });

    it('choose a slash command without the mouse', async () => {
      await box().pressSequentially('/');
      assert.deepEqual(await chat.page.getByRole('option').locator('.label').allTextContents(), [
        ...['/explain', '/doc', '/test', '/fix', '/types'],
      ]);
      await box().press('ArrowUp');
      const active = await box().getAttribute('aria-activedescendant');
      assert.match(await textOf(chat.page.locator(`#${active}`)), /\/types/);
      await box().press('ArrowDown');
      await box().press('ArrowDown');
      await box().press('Tab');
      assert.equal(await box().inputValue(), '/doc ');
      assert.equal(await chat.page.getByRole('option').count(), 0);
      await box().press('Escape');
      assert.equal(await box().inputValue(), '/doc ');
    });

    it('choose a file behind an @, and late suggestions are left out', async () => {
      await box().pressSequentially('what is @s');
      await box().pressSequentially('t');
      const asked = (await chat.sent()).filter(message => message.kind === 'suggest');
      assert.deepEqual(
        asked.map(({ query }) => query),
        ['', 's', 'st'],
      );
      const items = [{ kind: 'mention' as const, insert: 'src/store.ts', label: 'store.ts', detail: 'src' }];
      await chat.tell({ kind: 'suggestions', request: asked[1].request, items });
      assert.equal(await chat.page.getByRole('option').count(), 0);
      await chat.tell({ kind: 'suggestions', request: asked[2].request, items });
      await box().press('Enter');
      assert.equal(await box().inputValue(), 'what is @src/store.ts ');
      const added = (await chat.sent()).filter(({ kind }) => kind === 'addContext' || kind === 'ask');
      assert.deepEqual(added, [{ kind: 'addContext', context: 'mention', path: 'src/store.ts' }]);
    });

    it('leave text alone that an input method composes', async () => {
      await box().fill('か');
      await box().dispatchEvent('keydown', { key: 'Enter', isComposing: true });
      assert.deepEqual(
        (await chat.sent()).filter(({ kind }) => kind === 'ask'),
        [],
      );
    });

    it('reach everything in reading order', async () => {
      await chat.tell({ kind: 'state', state: { ...emptyState, turns: turns.slice(0, 1) } });
      await chat.page.evaluate('document.activeElement.blur()');
      const order: string[] = [];
      for (let n = 0; n < 7; n++) {
        await chat.page.keyboard.press('Tab');
        order.push(
          await chat.page.locator(':focus').evaluate(element => element.ariaLabel ?? element.textContent.trim()),
        );
      }
      assert.deepEqual(order, [
        ...['Edit and send again', 'Copy question', 'Copy answer', 'Try again'],
        ...['Answers with code, not conversation', 'Add context…', 'Question'],
      ]);
    });
  });

  it('keeps a draft when it is hidden and shown again', async () => {
    await box().fill('half a question');
    await chat.reload();
    await chat.tell({ kind: 'state', state: emptyState });
    assert.equal(await box().inputValue(), 'half a question');
  });

  it('asks for the state when a piece does not fit what it has', async () => {
    await chat.tell({
      kind: 'state',
      state: { ...emptyState, turns: [turnOf('t1', 'a', 'abc', { state: 'streaming' })] },
    });
    await chat.tell({ kind: 'delta', turn: 't1', at: 3, text: 'd' });
    assert.equal(await textOf(chat.page.locator('.markdown')), 'abcd');
    assert.deepEqual(await chat.sent(), []);
    await chat.tell({ kind: 'delta', turn: 't1', at: 7, text: 'e' });
    assert.deepEqual(await chat.sent(), [{ kind: 'ready' }]);
  });

  it('says that an answer began and what it is, and never every piece of it', async () => {
    await chat.page.evaluate(`
      window.heard = [];
      const region = document.querySelector('[role=status]');
      new MutationObserver(() => heard.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
      undefined`);
    const show = (text: string, state: ShownAnswer['state']) =>
      chat.tell({
        kind: 'state',
        state: { ...emptyState, isAnswering: state === 'streaming', turns: [turnOf('t1', 'a', text, { state })] },
      });
    await show('', 'streaming');
    const text = 'Adds **two** numbers.\n\n```ts\nconst a = 1;\nconst b = 2;\n```\n';
    for (let at = 0; at < text.length; at++) await chat.tell({ kind: 'delta', turn: 't1', at, text: text[at] });
    await show(text, 'done');
    assert.deepEqual(await chat.page.evaluate('window.heard'), [
      'Residual is answering.',
      'Adds **two** numbers. Code, 2 lines.',
    ]);
    assert.equal(await chat.page.locator('[aria-live], [role=log]').count(), 0);
    assert.match(await textOf(chat.page.getByRole('status')), /Code, 2 lines/);
  });

  it('sends the code of a block as it was written, to each of its places', async () => {
    const code = 'if (a < b && "<x>") {\n\treturn [a] + `b`;\n}';
    const text = `1. In a list:\n   \`\`\`ts title=x\n   ${code.replaceAll('\n', '\n   ')}\n   \`\`\`\n\n\`\`\`tsx\n${code}\n\`\`\``;
    await chat.tell({ kind: 'state', state: { ...emptyState, turns: [turnOf('t1', 'a', text)] } });
    for (const block of await chat.page.locator('.code').all())
      for (const name of ['Copy', 'Insert at cursor', 'Replace selection…', 'New file'])
        await block.getByRole('button', { name, exact: true }).click();
    const places = (language: string) => [
      { kind: 'copy', text: code },
      ...['insert', 'replace', 'newFile'].map(to => ({ kind: 'apply', to, code, language })),
    ];
    assert.deepEqual(await chat.sent(), [...places('ts'), ...places('tsx')]);
  });

  it('says of a small model what it does badly, and nothing of a larger one', async () => {
    const model = (isSmall: boolean) => ({
      ...emptyState.model!,
      proposal: 'Half a Billion',
      isInstruct: true,
      isSmall,
    });
    for (const turns of [[], [turnOf('t1', 'a', 'b')]]) {
      await chat.tell({ kind: 'state', state: { ...emptyState, turns, model: model(true) } });
      await chat.page
        .getByText(/Half a Billion follows instructions, and is small\. .*often gets wrong/)
        .waitFor({ state: 'attached' });
      await chat.tell({ kind: 'state', state: { ...emptyState, turns, model: model(false) } });
      assert.equal(await chat.page.getByText(/is small/).count(), 0);
    }
  });

  it('lets code be put somewhere only when its block is whole', async () => {
    const rows: readonly (readonly [string, string, boolean])[] = [
      ['closed', '```ts\na();\n```', true],
      ['closed in a list', '1. a\n\n   ```ts\n   a();\n   ```', true],
      ['closed in a quotation', '> ```ts\n> a();\n> ```', true],
      ['cut off', '```ts\na();', false],
      ['cut off behind its first line', '```ts', false],
      ['cut off behind a shorter fence', '````md\n```ts\na();\n```', false],
      ['of indentation alone', 'So:\n\n    a();\n    b();', false],
    ];
    for (const [what, text, isWhole] of rows) {
      await chat.tell({ kind: 'state', state: { ...emptyState, turns: [turnOf('t1', 'a', text)] } });
      const names = await chat.page
        .locator('.code [data-code]')
        .evaluateAll(all => all.map(one => one.getAttribute('data-code')));
      assert.deepEqual(names, isWhole ? ['copy', 'insert', 'replace', 'newFile'] : ['copy'], what);
    }
  });

  it('keeps what is finished in place while more streams in', async () => {
    const done = '```ts\nconst a = 1;\n```\n\n';
    await chat.tell({
      kind: 'state',
      state: { ...emptyState, isAnswering: true, turns: [turnOf('t1', 'a', done, { state: 'streaming' })] },
    });
    await chat.page.getByRole('button', { name: 'Copy', exact: true }).focus();
    await chat.tell({ kind: 'delta', turn: 't1', at: done.length, text: 'And *more*' });
    assert.equal(await chat.page.locator(':focus').getAttribute('aria-label'), 'Copy');
    assert.match(await textOf(chat.page.locator('.markdown')), /And more$/);
  });

  it('follows an answer, unless a person scrolled away', async () => {
    const long = Array.from({ length: 60 }, (_, i) => `Paragraph ${i}.`).join('\n\n');
    const state = { ...emptyState, isAnswering: true, turns: [turnOf('t1', 'a', long, { state: 'streaming' })] };
    await chat.tell({ kind: 'state', state });
    const last = chat.page.getByText('Paragraph 59.');
    const latest = chat.page.getByRole('button', { name: 'Latest' });
    const isSeen = async () => {
      const [paragraph, below] = [await last.boundingBox(), await chat.page.locator('.below').boundingBox()];
      return paragraph!.y + paragraph!.height <= below!.y;
    };
    assert.ok(await isSeen());
    assert.equal(await latest.count(), 0);
    await chat.page.setViewportSize({ width: 170, height: 500 });
    await chat.tell({ kind: 'state', state });
    assert.ok(await isSeen(), 'the end is in view when the panel gets narrower');
    await chat.page.setViewportSize({ width: 300, height: 700 });
    await chat.tell({ kind: 'state', state });
    assert.equal(await latest.count(), 0);
    await chat.page.mouse.move(150, 200);
    await chat.page.mouse.wheel(0, -2000);
    await latest.waitFor();
    await chat.tell({ kind: 'delta', turn: 't1', at: long.length, text: '\n\nMore.' });
    assert.ok(!(await isSeen()));
    await latest.click();
    await latest.waitFor({ state: 'detached' });
    assert.ok(await isSeen());
  });

  it('gives the focus to the question when the button that had it is gone', async () => {
    const edit = { id: '1', file: 'a.ts', state: 'review' as const };
    await chat.tell({ kind: 'state', state: { ...emptyState, edit } });
    await chat.page.getByRole('button', { name: 'Accept' }).focus();
    await chat.tell({ kind: 'state', state: emptyState });
    assert.equal(await chat.page.locator(':focus').getAttribute('aria-label'), 'Question');
    await chat.page.getByRole('button', { name: 'Add context…' }).focus();
    await chat.tell({ kind: 'state', state: { ...emptyState, edit } });
    assert.equal(await chat.page.locator(':focus').getAttribute('aria-label'), 'Add context…');
  });

  it('says that it is off, and offers to turn it on', async () => {
    await chat.tell({ kind: 'state', state: { ...emptyState, isOn: false, turns: [turnOf('t1', 'a', 'b')] } });
    assert.equal(await box().count(), 0);
    await chat.page.getByRole('button', { name: 'Turn On' }).click();
    assert.deepEqual(await chat.sent(), [{ kind: 'act', action: 'turnOn' }]);
  });

  it('shows what fits, what is shortened, what is left out, and what is never read', async () => {
    const chip = (id: string, fit: Chip['fit'], nTokens?: number): Chip => ({
      ...{ id, kind: 'mention', label: id, detail: id, fit },
      ...(nTokens !== undefined && { nTokens }),
    });
    const chips = [chip('a', 'whole', 12), chip('b', 'cut', 300), chip('c', 'left-out', 0), chip('.env', 'excluded')];
    const budget = { usedTokens: 700, limitTokens: 768, nTurnsLeftOut: 2 };
    const model = { ...emptyState.model!, isInstruct: true };
    await chat.tell({ kind: 'state', state: { ...emptyState, chips, budget, model } });
    assert.deepEqual(await chat.page.locator('.chip > .spoken').allTextContents(), [
      '12 tokens, all of it fits.',
      'Shortened to 300 tokens: the rest does not fit.',
      'Does not fit: the model will not see it.',
      'Excluded by the setting residual.exclude: never shown to a model.',
    ]);
    assert.match(
      (await chat.page.getByRole('meter').getAttribute('aria-valuetext')) ?? '',
      /700 of 768 tokens.*not fit any more: 2/,
    );
    await chat.page.getByRole('button', { name: 'Remove .env' }).click();
    assert.deepEqual(await chat.sent(), [{ kind: 'removeContext', id: '.env' }]);
  });
});
