/** Messages of the training page are untrusted: they come through as they were sent, or not at all. */
import assert from 'node:assert/strict';
import { seededRandom } from '../../src/core/random';
import { defaultForm } from '../../src/host/training/trainingSpec';
import {
  FORM_LIMITS,
  type FormNumber,
  type FromTrainingPage,
  isFolderPath,
  JOB_ACTIONS,
  parseFromTrainingPage,
  TRAINING_ACTIONS,
  type TrainingForm,
} from '../../src/protocol/pages/training';
import { OBJECTIVES } from '../../src/protocol/training';
import { hostileValues } from './support/hostileValues';

const FORM = defaultForm('Our <b>style</b> $(x) [a](command:b)', 'generic', 8);
const train = (over: Partial<Record<keyof TrainingForm, unknown>>) => ({ kind: 'train', form: { ...FORM, ...over } });

const MESSAGES: readonly FromTrainingPage[] = [
  ...TRAINING_ACTIONS.map(kind => ({ kind })),
  ...JOB_ACTIONS.map(action => ({ kind: 'job', action, id: '20260506-070809-abcd' }) as const),
  { kind: 'check', form: FORM },
  ...OBJECTIVES.map(objective => ({ kind: 'train', form: { ...FORM, objective } }) as const),
  { kind: 'train', form: { ...FORM, code: { kind: 'folder', path: 'src/server' } } },
  { kind: 'train', form: { ...FORM, code: { kind: 'glob', glob: 'src/**/*.ts' } } },
];

describe('messages of the training page', () => {
  for (const message of MESSAGES)
    it(`are understood: ${JSON.stringify(message).slice(0, 60)}`, () =>
      assert.deepEqual(parseFromTrainingPage(message), message));

  it('come through with what they know alone', () =>
    assert.deepEqual(parseFromTrainingPage({ kind: 'train', form: { ...FORM, dir: '/etc' }, dir: '/etc' }), {
      kind: 'train',
      form: FORM,
    }));

  const refused: readonly [string, unknown][] = [
    ['an unknown kind', { kind: 'run' }],
    ['an inherited kind', { kind: 'constructor' }],
    ['an unknown action', { kind: 'job', action: 'eval', id: 'a' }],
    ['an action without a job', { kind: 'job', action: 'delete' }],
    ['a huge id', { kind: 'job', action: 'show', id: 'x'.repeat(1000) }],
    ['no form', { kind: 'train' }],
    ['an unknown objective', train({ objective: 'dpo' })],
    ['a title of nothing', train({ title: '  ' })],
    ['a title of two lines', train({ title: 'a\nb' })],
    ['a title that is too long', train({ title: 'x'.repeat(101) })],
    ['a folder elsewhere', train({ code: { kind: 'folder', path: '../other' } })],
    ['a folder at the root', train({ code: { kind: 'folder', path: '/etc' } })],
    ['a folder on another drive', train({ code: { kind: 'folder', path: 'c:\\x' } })],
    ['a folder that hides its way out', train({ code: { kind: 'folder', path: 'src\\..\\..\\x' } })],
    ['an empty pattern', train({ code: { kind: 'glob', glob: ' ' } })],
    ['no code', train({ code: undefined })],
    ['half a thread', train({ threads: 1.5 })],
    ...(Object.keys(FORM_LIMITS) as FormNumber[]).flatMap((name): [string, unknown][] => [
      [`${name} below its limit`, train({ [name]: FORM_LIMITS[name].least - 1 })],
      [`${name} above its limit`, train({ [name]: FORM_LIMITS[name].most + 1 })],
      [`${name} that is no number`, train({ [name]: Number.NaN })],
      [`${name} as text`, train({ [name]: '1' })],
    ]),
  ];
  for (const [what, message] of refused)
    it(`are dropped when they have ${what}`, () => assert.equal(parseFromTrainingPage(message), undefined));

  it('never throw and never hold what was not sent, whatever is put into them', () => {
    const random = seededRandom(7);
    const keys = ['kind', 'form', 'action', 'id'];
    const inForm = Object.keys(FORM);
    let nUnderstood = 0;
    for (let i = 0; i < 5000; i++) {
      const pick = <T>(k: number, from: readonly T[]): T => from[Math.floor(random.uniform(i, k) * from.length)];
      const message: Record<string, unknown> = structuredClone({ ...pick(0, MESSAGES) });
      message[pick(1, keys)] = pick(2, hostileValues);
      if (typeof message.form === 'object' && message.form !== null)
        (message.form as Record<string, unknown>)[pick(3, inForm)] = pick(4, hostileValues);
      const parsed = parseFromTrainingPage(message);
      if (parsed === undefined) continue;
      nUnderstood++;
      if ('form' in parsed) {
        const sent = message.form as Record<string, unknown>;
        for (const [name, value] of Object.entries(parsed.form))
          assert.deepEqual(value, typeof value === 'string' ? String(sent[name]).trim() : sent[name], name);
      }
      assert.ok(JSON.stringify(parsed).length < 5000, 'something huge came through');
    }
    assert.ok(nUnderstood > 500, `${nUnderstood} were understood`);
  });
});

describe('folders of a workspace', () => {
  for (const [path, isOne] of [
    ['src', true],
    ['.', true],
    ['src/..hidden/a', true],
    ['', false],
    ['..', false],
    ['a/../..', false],
    ['\\\\server\\share', false],
    ['C:/x', false],
    ['a\0b', false],
  ] as const)
    it(`${JSON.stringify(path)} ${isOne ? 'is' : 'is not'} one`, () => assert.equal(isFolderPath(path), isOne));
});
