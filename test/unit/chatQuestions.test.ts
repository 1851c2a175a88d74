/** The check of a chat's answers is one that can be passed and failed: an answer that does what it must, and ones that do not. */
import assert from 'node:assert/strict';
import { isAboutProblems } from '../../src/core/chat/questionWords';
import { QUESTIONS } from '../bench/chatCheck/questions';

const ts = (code: string) => `Here it is:\n\n\`\`\`ts\n${code}\n\`\`\`\n`;

const ANSWERS: Readonly<
  Record<string, { readonly good: string; readonly bad: readonly (readonly [string, RegExp])[] }>
> = {
  explain: {
    good: 'It returns a debounced function: each call clears the timer and starts it anew, and `run` is called after `ms` milliseconds.',
    bad: [['It returns another function that calls `run` after a delay.', /clear/]],
  },
  test: {
    good: ts(
      "import { slugify } from './slugify';\ndescribe('slugify', () => {\n  it('joins words', () => { expect(slugify('A b')).toBe('a-b'); });\n  it('trims', () => { expect(slugify(' a! ')).toEqual('a'); });\n});",
    ),
    bad: [
      [ts("it('is wrong', () => { expect(slugify('A b')).toBe('a_b'); expect(1).toBe(1); });"), /"a-b" is not "a_b"/],
      [ts("it('says nothing', () => { slugify('a'); });"), /next to nothing/],
      ["```ts\nit('is cut off', () => {", /no whole block/],
    ],
  },
  async: {
    good: ts(
      'async function loadProfile(api, id) {\n  try {\n    const user = await api.user(id);\n    const posts = await api.posts(user.name);\n    return { name: user.name, nPosts: posts.length };\n  } catch {\n    return null;\n  }\n}',
    ),
    bad: [
      [
        ts(
          'async function loadProfile(api, id) {\n  const user = await api.user(id);\n  return { name: user.name, nPosts: (await api.posts(user.name)).length };\n}',
        ),
        /no user/,
      ],
      [ts('async function loadProfile(api, id) { return await api.user(id).then(u => u); }'), /then/],
    ],
  },
  document: {
    good: ts(
      '/**\n * Keeps a value between two bounds.\n * @param value the value\n * @param {number} low the least\n * @param high the most\n * @returns what was kept\n */',
    ),
    bad: [[ts('/** Clamps.\n * @param value the value\n * @returns it */'), /low, high/]],
  },
  fix: {
    good: ts(
      'export function average(values: number[]): number {\n  let sum = 0;\n  for (const value of values) sum += value;\n  return sum / values.length;\n}',
    ),
    bad: [[ts('export function average(values: number[]): number {\n  return values.length;\n}'), /fails/]],
  },
  regex: {
    good: 'Use `/^\\d{4}-\\d{2}-\\d{2}$/`.',
    bad: [
      ['```js\nconst date = /\\d{4}-\\d{2}-\\d{2}/;\n```', /matches x2024/],
      ['It cannot be done.', /no regular expression/],
    ],
  },
  sql: {
    good: '```sql\nSELECT customer, SUM(amount) AS total\nFROM orders\nGROUP BY customer\nORDER BY total DESC;\n```',
    bad: [
      ['```sql\nSELECT customer, SUM(amount) AS total FROM orders GROUP BY customer ORDER BY total;\n```', /order/],
    ],
  },
  react: {
    good: "```tsx\nimport React from 'react';\ninterface Props { name: string; email: string; onSelect: () => void }\nexport const UserCard: React.FC<Props> = ({ name, email, onSelect }) => (\n  <div><h2>{name}</h2><p>{email}</p><button onClick={onSelect}>Select</button></div>\n);\n```",
    bad: [['```tsx\nexport const UserCard = ({ name, email }) => <p>{name} {email}</p>;\n```', /no button/]],
  },
  types: {
    good: ts(
      "export function longest(words: readonly string[]): string {\n  let best = '';\n  for (const word of words) if (word.length > best.length) best = word;\n  return best;\n}",
    ),
    bad: [[ts("export function longest(words: string): string { return ''; }"), /wrong one/]],
  },
  function: {
    good: ts(
      'function chunk<T>(items: T[], size: number): T[][] {\n  const all: T[][] = [];\n  for (let i = 0; i < items.length; i += size) all.push(items.slice(i, i + size));\n  return all;\n}',
    ),
    bad: [
      [ts('function chunk(items, size) { return [items]; }'), /fails/],
      [ts("require('node:fs').writeFileSync('kept', ''); function chunk() {}"), /ERR_ACCESS_DENIED|Access to this API/],
      [ts('function chunk(items, size { }'), /does not parse/],
    ],
  },
  'open file': {
    good: '`keepDraft`',
    bad: [
      ['openDraft and keepDraft', /too/],
      ['None.', /does not name/],
    ],
  },
  diagnostics: {
    good: 'The name is misspelled: write `tags.length`.',
    bad: [['Check that `tags` is an array.', /does not say/]],
  },
};

describe('the check of everyday questions', () => {
  assert.deepEqual(
    Object.keys(ANSWERS),
    QUESTIONS.map(({ id }) => id),
  );
  for (const { id, fault } of QUESTIONS) {
    const { good, bad } = ANSWERS[id];
    it(`can be passed: ${id}`, async () => assert.equal(await fault(good), undefined));
    for (const [answer, message] of bad)
      it(`can be failed: ${id}, ${message.source}`, async () =>
        assert.match((await fault(answer)) ?? 'no fault', message));
  }
});

describe('a question about what is wrong', () => {
  const rows: readonly (readonly [string, boolean])[] = [
    ['Fix this.', true],
    ['why is there an error here?', true],
    ["This doesn't work", true],
    ['Was ist hier falsch?', true],
    ['Behebe die Fehler', true],
    ['What does this do?', false],
    ['Add a prefix and a suffix', false],
    ['Write a function', false],
  ];
  for (const [text, expected] of rows) it(text, () => assert.equal(isAboutProblems({ text }), expected));
  it('/fix, and no other command', () => {
    assert.equal(isAboutProblems({ command: 'fix', text: '' }), true);
    assert.equal(isAboutProblems({ command: 'test', text: 'what it throws on wrong input' }), false);
  });
});
