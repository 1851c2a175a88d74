/** What the settings panel's page may say: everything else is dropped, and nothing throws. */
import assert from 'node:assert/strict';
import { seededRandom } from '../../src/core/random';
import {
  type FromSettingsPage,
  LEARNED_NAMES,
  MODULE_ACTIONS,
  NUMBER_NAMES,
  PLAIN_ACTIONS,
  parseFromSettingsPage,
  SETTING_NAMES,
} from '../../src/protocol/pages/settings';

const HTML = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
const HUGE = 'x'.repeat(1_000_000);

const MESSAGES: readonly FromSettingsPage[] = [
  { kind: 'ready', scope: undefined },
  { kind: 'ready', scope: `folder:file:///${'a/'.repeat(200)}` },
  { kind: 'selectScope', scope: 'user' },
  ...PLAIN_ACTIONS.map(action => ({ kind: 'do', action }) as const),
  ...MODULE_ACTIONS.map(action => ({ kind: 'module', action, id: 'react' }) as const),
  { kind: 'moveModule', id: 'react', to: 0 },
  { kind: 'setStrength', id: 'react', strength: 0.35 },
  { kind: 'setStrength', id: 'react', strength: undefined },
  { kind: 'draft', strengths: [] },
  { kind: 'draft', strengths: [{ id: 'react', strength: 4 }] },
  { kind: 'chooseProposal', id: 'residual-6m' },
  { kind: 'setEnable', isOn: false },
  { kind: 'setLearning', isOn: false },
  { kind: 'setLanguage', id: '*', isOn: true },
  { kind: 'setLanguage', id: 'css', isOn: undefined },
  ...NUMBER_NAMES.map(name => ({ kind: 'setNumber', name, value: 7 }) as const),
  ...LEARNED_NAMES.map(name => ({ kind: 'setNumber', name, value: 'auto' }) as const),
  ...SETTING_NAMES.map(name => ({ kind: 'reset', name }) as const),
  { kind: 'compare', a: '', b: 'react' },
  { kind: 'notice', id: 3, action: undefined },
  { kind: 'notice', id: 3, action: '1' },
  { kind: 'droppedPaths', uris: ['file:///a.ram'] },
  { kind: 'droppedFiles', files: [{ name: 'a.ram', bytes: new Uint8Array([1, 2]) }] },
];

describe('messages of the settings page', () => {
  it('come through as they were sent', () => {
    for (const message of MESSAGES) assert.deepEqual(parseFromSettingsPage(message), message);
  });

  it('come through with what they know alone', () => {
    const message = { kind: 'setEnable', isOn: true, extra: HTML };
    assert.deepEqual(parseFromSettingsPage(message), { kind: 'setEnable', isOn: true });
  });

  const refused: readonly [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['text', HTML],
    ['a list', ['ready']],
    ['an unknown kind', { kind: 'run' }],
    ['an inherited kind', { kind: 'constructor' }],
    ['an unknown action', { kind: 'do', action: 'eval' }],
    ['an inherited action', { kind: 'do', action: 'toString' }],
    ['a module action without a module', { kind: 'module', action: 'delete' }],
    ['an id that is no text', { kind: 'chooseProposal', id: { toString: () => 'x' } }],
    ['a huge id', { kind: 'chooseProposal', id: HUGE }],
    ['an empty id', { kind: 'chooseProposal', id: '' }],
    ['a place that is none', { kind: 'moveModule', id: 'a', to: -1 }],
    ['half a place', { kind: 'moveModule', id: 'a', to: 0.5 }],
    ['a strength that is no number', { kind: 'setStrength', id: 'a', strength: Number.NaN }],
    ['a strength below zero', { kind: 'setStrength', id: 'a', strength: -0.1 }],
    ['a strength without end', { kind: 'setStrength', id: 'a', strength: Number.POSITIVE_INFINITY }],
    ['too many drafts', { kind: 'draft', strengths: Array(33).fill({ id: 'a', strength: 1 }) }],
    ['a draft with one wrong entry', { kind: 'draft', strengths: [{ id: 'a', strength: 1 }, null] }],
    ['a switch that is no switch', { kind: 'setEnable', isOn: 'yes' }],
    ['auto where there is none', { kind: 'setNumber', name: 'threads', value: 'auto' }],
    ['a number of something else', { kind: 'setNumber', name: 'server.url', value: 1 }],
    ['an endless number', { kind: 'setNumber', name: 'threads', value: Number.POSITIVE_INFINITY }],
    ['another setting', { kind: 'reset', name: 'exclude' }],
    ['half a comparison', { kind: 'compare', a: 'x' }],
    ['a file in a folder', { kind: 'droppedFiles', files: [{ name: '../a.ram', bytes: new Uint8Array() }] }],
    ['a file on another drive', { kind: 'droppedFiles', files: [{ name: 'c:\\a.ram', bytes: new Uint8Array() }] }],
    ['a file that is no bytes', { kind: 'droppedFiles', files: [{ name: 'a.ram', bytes: [1, 2] }] }],
    ['a file named by dots', { kind: 'droppedFiles', files: [{ name: '..', bytes: new Uint8Array() }] }],
    ['many files', { kind: 'droppedFiles', files: Array(17).fill({ name: 'a', bytes: new Uint8Array() }) }],
  ];
  for (const [what, message] of refused) {
    it(`are dropped when they are ${what}`, () => assert.equal(parseFromSettingsPage(message), undefined));
  }

  it('never throw and never hold what was not sent, whatever is put into them', () => {
    const random = seededRandom(7);
    const values: readonly unknown[] = [
      undefined,
      null,
      true,
      0,
      -1,
      1e308,
      Number.NaN,
      '',
      HTML,
      HUGE,
      [],
      [[]],
      {},
      { id: HTML, strength: 1 },
      Symbol('x'),
      () => 1,
      new Uint8Array(3),
      new Map(),
      Object.create(null),
      'auto',
      'user',
      'react',
    ];
    const keys = [
      'kind',
      'scope',
      'action',
      'id',
      'to',
      'strength',
      'strengths',
      'isOn',
      'name',
      'value',
      'a',
      'b',
      'uris',
      'files',
    ];
    for (let i = 0; i < 20_000; i++) {
      const pick = (k: number, n: number) => Math.floor(random.uniform(i, k) * n);
      const base: Record<string, unknown> = { ...MESSAGES[pick(0, MESSAGES.length)] };
      for (let change = 1; change <= 3; change++)
        base[keys[pick(change, keys.length)]] = values[pick(10 + change, values.length)];
      const parsed = parseFromSettingsPage(base);
      if (parsed === undefined) continue;
      for (const [key, value] of Object.entries(parsed))
        if (value !== undefined) assert.deepEqual(value, base[key], `${key} of ${parsed.kind} is not what was sent`);
      assert.ok(JSON.stringify(parsed).length < 200_000, 'something huge came through');
    }
  });
});
