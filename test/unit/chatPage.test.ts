/** What the chat page sends is parsed without trust; what it completes, where a question's files are found, how code fits. */
import assert from 'node:assert/strict';
import { fitted } from '../../src/host/chat/codeBlock';
import { rankFiles } from '../../src/host/rankFiles';
import { type FromChatPage, openableLink, parseFromChatPage } from '../../src/protocol/pages/chat';
import { completed, completingAt } from '../../src/webview/chat/completing';

const valid: readonly FromChatPage[] = [
  { kind: 'ready' },
  { kind: 'ask', text: 'a' },
  { kind: 'ask', text: '<img src=x onerror=alert(1)>', turn: 't1' },
  { kind: 'draft', text: '' },
  { kind: 'stop' },
  { kind: 'retry' },
  { kind: 'openConversation', id: 'c' },
  { kind: 'copy', text: 'x'.repeat(200_000) },
  { kind: 'apply', to: 'replace', code: 'const a = 1;', language: 'ts' },
  { kind: 'decide', edit: '1', how: 'undo' },
  { kind: 'openLink', href: 'command:workbench.action.quit' },
  { kind: 'suggest', request: 3, query: '../..' },
  { kind: 'addContext', context: 'tab', path: '' },
  { kind: 'removeContext', id: 'file' },
  { kind: 'act', action: 'addProposal' },
];

/** Values that a hostile or broken page could put anywhere. */
const odd: readonly unknown[] = [
  ...[undefined, null, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, true, Symbol('s'), 10n],
  ...[
    '',
    '__proto__',
    'constructor',
    '<script>',
    'x'.repeat(200_001),
    [],
    ['ask'],
    {},
    () => {},
    new Date(),
    new Map(),
  ],
];

describe('a message of the chat page', () => {
  for (const message of valid) {
    it(`is taken as it is: ${message.kind}`, () => {
      assert.deepEqual(parseFromChatPage(structuredClone(message)), message);
      assert.deepEqual(parseFromChatPage({ ...message, extra: '<script>' }), message);
    });

    it(`is dropped or stays of its kind when a part is odd: ${message.kind}`, () => {
      for (const name of Object.keys(message)) {
        for (const value of odd) {
          const parsed = parseFromChatPage({ ...message, [name]: value });
          if (parsed === undefined || (name === 'turn' && value === undefined)) continue;
          assert.equal(parsed.kind, message.kind);
          const read = (parsed as unknown as Record<string, unknown>)[name];
          assert.equal(
            typeof read,
            typeof (message as unknown as Record<string, unknown>)[name],
            `${name}: ${typeof value}`,
          );
          if (typeof read === 'string') assert.ok(read.length <= 200_000);
          if (typeof read === 'number') assert.ok(Number.isSafeInteger(read) && read >= 0);
        }
      }
    });
  }

  it('is dropped when it is none, whatever it is', () => {
    for (const value of odd) {
      assert.equal(parseFromChatPage(value), undefined);
      assert.equal(parseFromChatPage({ kind: value }), undefined);
    }
    const trap = {
      get kind() {
        return 'unknown';
      },
    };
    assert.equal(parseFromChatPage(trap), undefined);
    for (const [kind, field, value] of [
      ['apply', 'to', 'delete'],
      ['decide', 'how', 'format'],
      ['act', 'action', 'workbench.action.quit'],
      ['addContext', 'context', 'secret'],
    ] as const) {
      const message = valid.find(one => one.kind === kind);
      assert.equal(parseFromChatPage({ ...message, [field]: value }), undefined, kind);
    }
  });
});

describe('a link in an answer', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['https://example.com/a?b#c', 'https://example.com/a?b#c'],
    ['http://localhost:3000', 'http://localhost:3000/'],
    ['HTTPS://EXAMPLE.com', 'https://example.com/'],
    ['command:workbench.action.quit', undefined],
    ['javascript:alert(1)', undefined],
    [' java\nscript:alert(1)', undefined],
    ['vscode://residual/x', undefined],
    ['file:///etc/passwd', undefined],
    ['data:text/html,x', undefined],
    ['src/app.ts', undefined],
    ['//example.com', undefined],
    ['', undefined],
  ];
  for (const [href, opened] of rows) it(JSON.stringify(href), () => assert.equal(openableLink(href), opened));
});

describe('what is completed in a question', () => {
  /** `█` is the cursor. */
  const check = (source: string, choice: string, expected: string | undefined) =>
    it(`${JSON.stringify(source)} + ${choice}`, () => {
      const caret = source.indexOf('█');
      const text = source.replace('█', '');
      const completing = completingAt(text, caret);
      const seen = completing && completed(text, completing, choice);
      assert.equal(seen && `${seen.text.slice(0, seen.caret)}█${seen.text.slice(seen.caret)}`, expected);
    });
  check('/█', '/explain', '/explain █');
  check('/ex█', '/explain', '/explain █');
  check('  /ex█ this', '/explain', '  /explain █this');
  check('say /ex█', '/explain', undefined);
  check('/ex this█', '/explain', undefined);
  check('/EX█', '/explain', undefined);
  check('@█', '@src/a.ts', '@src/a.ts █');
  check('what is in @st█ore?', '@src/store.ts', 'what is in @src/store.ts █ore?');
  check('a (@st█)', '@store.ts', 'a (@store.ts █)');
  check('me@example█', '@x', undefined);
  check('@a@b█', '@x', undefined);
  check('@one two█', '@x', undefined);
  check('line\n@o█', '@x', 'line\n@x █');
});

describe('files behind an @', () => {
  const paths = ['src/state/store.ts', 'src/app.ts', 'tests/store.test.ts', 'docs/history.md', 'src/storage/index.ts'];
  const check = (query: string, expected: readonly string[]) =>
    it(JSON.stringify(query), () => assert.deepEqual(rankFiles(paths, query, 3), expected));
  check('', paths.slice(0, 3));
  check('store', ['src/state/store.ts', 'tests/store.test.ts', 'src/storage/index.ts']);
  check('STORE.TS', ['src/state/store.ts', 'tests/store.test.ts', 'src/storage/index.ts']);
  check('app', ['src/app.ts']);
  check('src/st', ['src/state/store.ts', 'src/storage/index.ts']);
  check('hsty', ['docs/history.md']);
  check('nothing', []);
});

describe('code from an answer', () => {
  const check = (what: string, code: string, indentation: string, eol: string, expected: string) =>
    it(what, () => assert.equal(fitted(code, indentation, eol), expected));
  check('takes on the indentation of its place', 'if (a) {\n  b();\n}\n', '    ', '\n', 'if (a) {\n      b();\n    }');
  check('loses the indentation that it came with', '    a();\n      b();', '  ', '\n', 'a();\n    b();');
  check('keeps empty lines empty', 'a\n\n  \nb', '  ', '\n', 'a\n\n\n  b');
  check('takes on the line ends of its document', 'a\r\nb\nc\r', '', '\r\n', 'a\r\nb\r\nc');
  check('keeps tabs', '\ta\n\t\tb', '\t', '\n', 'a\n\t\tb');
  check('may be nothing', ' \n', '  ', '\n', '');
});
