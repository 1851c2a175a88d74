/**
 * Twelve everyday questions, and what an answer to each must contain or do. None of them was looked at while the prompt was
 * chosen. An answer is taken as it comes: its first whole block is the code, and nothing in it is mended.
 */
import type { ChatTurn, ContextItem } from '../../../src/core/chat/chat';
import { type Fault, faultOf, firstBlock, missingWords } from './answerCode';
import { TEST_GLOBALS } from './testGlobals';

export interface CheckedQuestion {
  readonly id: string;
  /** Without the role, which is the user's. */
  readonly asked: Omit<ChatTurn, 'role'>;
  fault(answer: string): Fault | Promise<Fault>;
}

const selected = (path: string, text: string, over: Partial<ContextItem> = {}): ContextItem => ({
  kind: 'selection',
  path,
  languageId: path.endsWith('.js') ? 'javascript' : 'typescript',
  firstLine: 1,
  text,
  ...over,
});

const SLUGIFY = `export function slugify(title: string): string {
  return title
    .toLowerCase()
    .trim()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}
`;

const DRAFTS = `import { readFile, writeFile } from 'node:fs/promises';

export function wordCount(text: string): number {
  return text.split(/\\s+/).filter(Boolean).length;
}

export async function openDraft(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

export async function keepDraft(path: string, text: string): Promise<void> {
  await writeFile(path, text.trimEnd() + '\\n', 'utf8');
}
`;

export const QUESTIONS: readonly CheckedQuestion[] = [
  {
    id: 'explain',
    asked: {
      text: '',
      command: 'explain',
      context: [
        selected(
          'src/later.ts',
          `export function later<A extends unknown[]>(run: (...args: A) => void, ms: number) {
  let timer: NodeJS.Timeout | undefined;
  return (...args: A) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...args), ms);
  };
}
`,
        ),
      ],
    },
    fault: answer =>
      missingWords(answer, [
        /\b(?:debounc|delay|wait|after|milliseconds|timeout)/i,
        /\b(?:clear|cancel|reset|restart|debounc)/i,
        /\b(?:call|execut|invok|run)/i,
        /\breturns? (?:a|another|the) (?:new |debounced |inner )?(?:\w+ )?function|\bhigher-order|\bdebounce/i,
      ]),
  },
  {
    id: 'test',
    asked: { text: '', command: 'test', context: [selected('src/slugify.ts', SLUGIFY)] },
    fault: answer =>
      faultOf(firstBlock(answer), `assert.ok((await runTests()) >= 2, 'It asserts next to nothing.');`, {
        around: `${TEST_GLOBALS}
const slugify = title => title.toLowerCase().trim().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
for (const name of ['./slugify', '../slugify', '../src/slugify', './src/slugify', 'src/slugify', './slugify.ts', './slugify.js']) own[name] = { slugify, default: slugify };`,
      }),
  },
  {
    id: 'async',
    asked: {
      text: 'Convert this function to async/await. Keep its name.',
      context: [
        selected(
          'src/profile.js',
          `function loadProfile(api, id) {
  return api.user(id).then(user => {
    return api.posts(user.name).then(posts => {
      return { name: user.name, nPosts: posts.length };
    });
  }).catch(() => null);
}
`,
        ),
      ],
    },
    async fault(answer) {
      const code = firstBlock(answer) ?? '';
      if (/\.then\s*\(/.test(code)) return 'It still calls then().';
      if (!/\basync\b/.test(code) || !/\bawait\b/.test(code)) return 'It has no async or no await.';
      return faultOf(
        code,
        `const api = { user: async id => ({ name: 'n' + id }), posts: async name => [name, name, name] };
assert.deepEqual(await loadProfile(api, 7), { name: 'n7', nPosts: 3 });
assert.equal(await loadProfile({ ...api, user: async () => { throw new Error('no user'); } }, 7), null);
assert.equal(await loadProfile({ ...api, posts: async () => { throw new Error('no posts'); } }, 7), null);`,
      );
    },
  },
  {
    id: 'document',
    asked: {
      text: '',
      command: 'doc',
      context: [
        selected(
          'src/clamp.ts',
          `export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
`,
        ),
      ],
    },
    fault(answer) {
      const comment = /\/\*\*[\s\S]*?\*\//.exec(firstBlock(answer) ?? '')?.[0];
      if (comment === undefined) return 'It has no documentation comment in a whole block.';
      const missing = ['value', 'low', 'high'].filter(
        name => !new RegExp(`@param\\s+(?:\\{[^}]*\\}\\s+)?${name}\\b`).test(comment),
      );
      if (missing.length > 0) return `It does not document ${missing.join(', ')}.`;
      return /@returns?\b/.test(comment) ? undefined : 'It does not say what is returned.';
    },
  },
  {
    id: 'fix',
    asked: {
      text: '',
      command: 'fix',
      context: [
        selected(
          'src/average.ts',
          `export function average(values: number[]): number {
  let sum = 0;
  for (let i = 0; i <= values.length; i++) {
    sum += values[i];
  }
  return sum / values.length;
}
`,
        ),
      ],
    },
    fault: answer =>
      faultOf(firstBlock(answer), `assert.equal(average([2, 4, 9]), 5);\nassert.equal(average([-1]), -1);`),
  },
  {
    id: 'regex',
    asked: {
      text: 'Write a JavaScript regular expression that matches exactly a date such as 2024-05-01 (year-month-day, two digits for month and day) and no other text.',
    },
    async fault(answer) {
      const literal = /(?:^|[\s`(=])\/((?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n[ ])+)\/([a-z]*)(?=[\s`;,.)]|$)/m.exec(
        answer,
      );
      if (literal === null) return 'It has no regular expression.';
      const script = `const date = new RegExp(${JSON.stringify(literal[1])}, ${JSON.stringify(literal[2].replace('g', ''))});
for (const text of ['2024-05-01', '1999-12-31', '2000-10-20']) assert.ok(date.test(text), 'It does not match ' + text);
for (const text of ['x2024-05-01', '2024-05-011', '24-05-01', '2024/05/01', '2024-5-1', 'today', '']) assert.ok(!date.test(text), 'It matches ' + text);`;
      return faultOf('', script);
    },
  },
  {
    id: 'sql',
    asked: {
      text: 'The table orders has the columns id, customer and amount. Write one SQL query that lists each customer with the sum of their amounts as total, the largest total first.',
    },
    fault(answer) {
      const sql = firstBlock(answer)
        ?.replace(/["`[\]]/g, '')
        .replace(/\s+/g, ' ')
        .trim();
      if (sql === undefined) return 'It has no whole block of code.';
      const aliased = String.raw`(?:\w+\.)?`;
      const parts: readonly (readonly [string, string])[] = [
        [
          `^select ${aliased}customer ?, ?sum ?\\( ?${aliased}amount ?\\)(?: as)? total from orders\\b`,
          'select customer and sum',
        ],
        [`\\bgroup by (?:${aliased}customer|1)\\b`, 'group by customer'],
        [
          `\\border by (?:total|2|sum ?\\( ?${aliased}amount ?\\)) desc ?;?$`,
          'order by the total, descending, at its end',
        ],
      ];
      const missing = parts.filter(([pattern]) => !new RegExp(pattern, 'i').test(sql)).map(([, what]) => what);
      return missing.length === 0 ? undefined : `It does not ${missing.join(' nor ')}.`;
    },
  },
  {
    id: 'react',
    asked: {
      text: 'Write a React component in TypeScript called UserCard. Its props are name, email and onSelect. It shows name and email, and a button calls onSelect when it is clicked.',
    },
    async fault(answer) {
      const around = `const React = { createElement: (type, props, ...children) => ({ type, props: { ...props, children } }), Fragment: 'fragment', memo: c => c,
  useState: value => [typeof value === 'function' ? value() : value, () => {}], useCallback: f => f, useMemo: f => f(), useEffect: () => {}, useRef: current => ({ current }) };
React.default = React; own.react = React;`;
      const script = `let nSelected = 0;
const all = [];
const walk = node => {
  if (Array.isArray(node)) return node.forEach(walk);
  if (node && typeof node === 'object') {
    if (typeof node.type === 'function') return walk(node.type(node.props));
    all.push(node); walk(node.props.children);
  } else if (node !== null && node !== undefined && typeof node !== 'boolean') all.push(String(node));
};
walk(UserCard({ name: 'Ada', email: 'ada@example.org', onSelect: () => nSelected++ }));
const text = all.filter(node => typeof node === 'string').join(' ');
assert.ok(text.includes('Ada'), 'The name is not shown.');
assert.ok(text.includes('ada@example.org'), 'The address is not shown.');
const button = all.find(node => node.type === 'button');
assert.ok(button && typeof button.props.onClick === 'function', 'There is no button to click.');
button.props.onClick({ preventDefault() {}, stopPropagation() {} });
assert.equal(nSelected, 1, 'onSelect is not called once.');`;
      return faultOf(firstBlock(answer), script, { loader: 'tsx', around });
    },
  },
  {
    id: 'types',
    asked: {
      text: '',
      command: 'types',
      context: [
        selected(
          'src/longest.js',
          `export function longest(words) {
  let best = '';
  for (const word of words) {
    if (word.length > best.length) best = word;
  }
  return best;
}
`,
        ),
      ],
    },
    async fault(answer) {
      const code = firstBlock(answer) ?? '';
      if (!/\bwords\s*:\s*(?:readonly\s+)?(?:string\s*\[\]|(?:Readonly)?Array<string>|Iterable<string>)/.test(code))
        return 'The parameter has no type, or a wrong one.';
      if (!/\)\s*:\s*string\b(?!\s*\[)/.test(code)) return 'The result has no type, or a wrong one.';
      return faultOf(code, `assert.equal(longest(['a', 'abc', 'de', 'xyz']), 'abc');\nassert.equal(longest([]), '');`);
    },
  },
  {
    id: 'function',
    asked: {
      text: 'Write a TypeScript function chunk(items, size) that splits an array into arrays of at most size items.',
    },
    fault: answer =>
      faultOf(
        firstBlock(answer),
        `assert.deepEqual(chunk([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
assert.deepEqual(chunk([], 3), []);
assert.deepEqual(chunk(['a', 'b', 'c'], 3), [['a', 'b', 'c']]);`,
      ),
  },
  {
    id: 'open file',
    asked: {
      text: 'Which function in this file writes to the disk? Answer with its name.',
      context: [{ kind: 'file', path: 'src/drafts.ts', languageId: 'typescript', text: DRAFTS }],
    },
    fault(answer) {
      if (!/\bkeepDraft\b/.test(answer)) return 'It does not name keepDraft.';
      const wrong = ['wordCount', 'openDraft'].filter(name => answer.includes(name));
      return wrong.length === 0 ? undefined : `It names ${wrong.join(', ')} too.`;
    },
  },
  {
    id: 'diagnostics',
    asked: {
      text: 'Why is there an error here, and what do I have to write instead?',
      context: [
        selected('src/tags.ts', `const nTags = tags.lenght;\n`, {
          firstLine: 12,
          before: 'const tags: string[] = readTags();\n',
        }),
        {
          kind: 'diagnostics',
          path: 'src/tags.ts',
          languageId: 'typescript',
          text: `12: Property 'lenght' does not exist on type 'string[]'. Did you mean 'length'?`,
        },
      ],
    },
    fault: answer =>
      missingWords(answer, [
        /\btags\.length\b|`length`|'length'|"length"/,
        /typo|misspel|spell|does not exist|doesn't exist|no property|incorrect/i,
      ]),
  },
];
