/** What the settings panel shows of settings, models and the engine. */
import assert from 'node:assert/strict';
import type { FoundModule, FoundProposal } from '../../src/host/modules/registry';
import { type Inspected, type PanelInput, panelState } from '../../src/host/panelState';
import type { PanelState, ScopeTab, SettingView } from '../../src/protocol/pages/settingsState';

const HASH = 'a'.repeat(64);

const SCOPES: readonly ScopeTab[] = [
  { id: 'user', kind: 'user', name: '' },
  { id: 'workspace', kind: 'workspace', name: 'both' },
  { id: 'folder:file:///one', kind: 'folder', name: 'one' },
];

const DEFAULTS: Readonly<Record<string, unknown>> = {
  enable: true,
  modules: [],
  proposal: 'auto',
  languages: { '*': true, plaintext: false },
  exclude: {},
  debounce: 'auto',
  contextTokens: 'auto',
  showGate: 0.05,
  threads: 0,
  memoryMiB: 1024,
};

function proposal(id: string, over: Partial<FoundProposal> = {}): FoundProposal {
  return {
    id,
    dir: `/models/${id}`,
    origin: 'shipped',
    sizeBytes: 6_000_000,
    manifest: {
      formatVersion: 1,
      id,
      title: `Title of ${id}`,
      licence: 'Apache-2.0',
      graphForm: 'delta',
      dtype: 'int8',
      contextLength: 1024,
      files: {},
    },
    ...over,
  };
}

function module(id: string, over: Partial<NonNullable<FoundModule['manifest']>> = {}): FoundModule {
  return {
    id,
    dir: `/modules/${id}`,
    origin: 'shipped',
    sizeBytes: 4_000_000,
    manifest: {
      formatVersion: 1,
      id,
      version: '1.0.0',
      title: `Title of ${id}`,
      description: 'd',
      domain: 'tests',
      licence: 'Apache-2.0',
      kind: 'neural',
      tokenizerSha256: HASH,
      files: {},
      rule: 'geometric',
      temperature: 1,
      strength: { default: 0.3, p: 0.4 },
      evaluation: [],
      ...over,
    },
  };
}

/** @param said by scope and setting, as a settings file would have it. */
function stateOf(
  said: { [K in 'user' | 'workspace' | 'folder']?: Readonly<Record<string, unknown>> } = {},
  over: Partial<PanelInput> = {},
): PanelState {
  const inspect = (name: string): Inspected => ({
    default: DEFAULTS[name],
    user: said.user?.[name],
    workspace: said.workspace?.[name],
    folder: said.folder?.[name],
  });
  return panelState({
    scopes: SCOPES,
    scope: 'workspace',
    inspect,
    isTrusted: true,
    engine: { state: 'idle' },
    pauses: [],
    notices: [],
    proposals: [proposal('p')],
    modules: [module('a'), module('b')],
    isMeasuring: false,
    speedOf: () => undefined,
    contextInTime: () => 256,
    learning: { kind: 'no-workspace' },
    instant: { kind: 'offered' },
    openLanguages: [],
    languageName: id => id.toUpperCase(),
    translate: template => template,
    ...over,
  });
}

describe('state of the settings panel', () => {
  const provenance = ({ value, source, isSetHere, overriddenIn }: SettingView<unknown>) =>
    [value, source, isSetHere ? 'here' : '', overriddenIn ?? ''].join(' ').trimEnd();

  const rows: readonly [string, string, Parameters<typeof stateOf>[0], string][] = [
    ['nobody says anything', 'workspace', {}, 'auto default'],
    ['the scope says it', 'workspace', { workspace: { contextTokens: 512 } }, '512 workspace here'],
    ['a wider scope says it', 'workspace', { user: { contextTokens: 256 } }, '256 user'],
    ['a narrower scope says otherwise', 'user', { workspace: { contextTokens: 512 } }, 'auto default  workspace'],
    [
      'every scope says something',
      'workspace',
      { user: { contextTokens: 256 }, workspace: { contextTokens: 512 }, folder: { contextTokens: 128 } },
      '512 workspace here folder',
    ],
    ['the folder says it', 'folder:file:///one', { folder: { contextTokens: 128 } }, '128 folder here'],
    ['nonsense is said', 'workspace', { workspace: { contextTokens: 'many' } }, 'auto workspace here'],
  ];
  for (const [what, scope, said, expected] of rows) {
    it(`says what holds and where it comes from when ${what}`, () => {
      assert.equal(provenance(stateOf(said, { scope }).options.contextTokens), expected);
    });
  }

  it('says how much context comes in time with the proposal in use', () => {
    const contextInTime = (dir: string) => (dir === proposal('p').dir ? 192 : 768);
    assert.equal(stateOf({}, { contextInTime }).contextInTime, 192);
    assert.equal(stateOf({}, { contextInTime, proposals: [] }).contextInTime, undefined);
  });

  it('lets what belongs to the machine be changed for the user alone', () => {
    const locked = (scope: string) => {
      const { threads, memoryMiB, showGate } = stateOf({}, { scope }).options;
      return [threads, memoryMiB, showGate].map(({ isLocked }) => isLocked);
    };
    assert.deepEqual(locked('user'), [false, false, false]);
    assert.deepEqual(locked('workspace'), [true, true, false]);
  });

  it('merges languages over all scopes and gives each language in sight a row', () => {
    const state = stateOf(
      { user: { languages: { python: false } }, workspace: { languages: { css: false } } },
      { openLanguages: ['typescript', 'css'] },
    );
    assert.deepEqual(
      state.options.languages.value.map(({ id, isOn, source, isSetHere }) => [id, isOn, source, isSetHere]),
      [
        ['*', true, 'default', false],
        ['css', false, 'workspace', true],
        ['plaintext', false, 'default', false],
        ['python', false, 'user', false],
        ['typescript', true, 'default', false],
      ],
    );
  });

  it('lists the modules in use in their order, with their own strengths or the calibrated ones', () => {
    const { modules } = stateOf({ workspace: { modules: [{ id: 'b', strength: 0.1 }, { id: 'a' }] } });
    assert.deepEqual(
      modules.value.map(({ id, title, strength, isCalibrated }) => [id, title, strength, isCalibrated]),
      [
        ['b', 'Title of b', 0.1, false],
        ['a', 'Title of a', 0.4, true],
      ],
    );
    assert.deepEqual(
      modules.value.map(({ weight }) => weight),
      [0.1, 0.4],
    );
  });

  it('scales geometric weights as the decoder does, and no others', () => {
    const state = stateOf(
      {
        workspace: {
          modules: [
            { id: 'a', strength: 0.9 },
            { id: 'b', strength: 0.6 },
            { id: 'c', strength: 2 },
          ],
        },
      },
      { modules: [module('a'), module('b'), module('c', { rule: 'product' })] },
    );
    assert.deepEqual(
      state.modules.value.map(({ weight }) => weight && Math.round(100 * weight)),
      [60, 40, undefined],
    );
    assert.deepEqual(
      state.modules.value.map(({ card }) => card?.mostStrength),
      [1, 1, 4],
    );
  });

  it('says of a module in use why it is of no use', () => {
    const broken: FoundModule = { id: 'x', dir: '/x', origin: 'team', sizeBytes: 1, problem: 'it is broken' };
    const state = stateOf(
      { workspace: { modules: [{ id: 'gone' }, { id: 'instant' }, { id: 'x' }, { id: 'a' }] } },
      { modules: [module('a'), broken] },
    );
    assert.deepEqual(
      state.modules.value.map(({ problem }) => problem),
      ['not-found', 'not-built', 'broken', undefined],
    );
    assert.equal(state.library.find(({ id }) => id === 'x')?.problem, 'it is broken');
  });

  it('warns when a rule that decides alone stands beside another module of some strength', () => {
    const modules = [module('a'), module('m', { rule: 'mask' })];
    const sole = (list: readonly object[]) => stateOf({ workspace: { modules: list } }, { modules }).soleRule;
    assert.equal(sole([{ id: 'm' }]), undefined);
    assert.equal(sole([{ id: 'm' }, { id: 'a' }]), 'mask');
    assert.equal(sole([{ id: 'm' }, { id: 'a', strength: 0 }]), undefined);
  });

  it('says which way a measured metric is better, those of this proposal first', () => {
    const row = (metric: string, proposalId: string, alone: number, aligned: number) => ({
      metric,
      proposalId,
      proposal: alone,
      aligned,
      n: 10,
      dataset: 'held out',
    });
    const evaluation = [
      row('top-1', 'other', 0.5, 0.6),
      row('nats/token', 'p', 2.7, 2.6),
      row('top-1', 'p', 0.5, 0.4),
      row('top-1', 'p', 0.5, 0.5),
    ];
    const [card] = stateOf({}, { modules: [module('a', { evaluation })] }).library;
    assert.deepEqual(
      card.gains.map(({ metric, verdict, isThisProposal }) => `${metric} ${verdict} ${isThisProposal}`),
      ['nats/token better true', 'top-1 worse true', 'top-1 same true', 'top-1 better false'],
    );
  });

  it('shows titles and descriptions as they are, however long or hostile', () => {
    const title = `<img src=x onerror=alert(1)>${'ü'.repeat(5000)}`;
    const state = stateOf({ workspace: { modules: [{ id: 'a' }] } }, { modules: [module('a', { title })] });
    assert.equal(state.library[0].title, title);
    assert.equal(state.modules.value[0].title, title);
    assert.equal(stateOf({}, { modules: [module('a', { title: '   ' })] }).library[0].title, 'a');
  });

  it('says of the proposal in use what the engine has loaded and how fast it is', () => {
    const speeds: [string, readonly string[]][] = [];
    const state = stateOf(
      { workspace: { modules: [{ id: 'a' }, { id: 'b', strength: 0 }] } },
      {
        proposals: [proposal('other', { origin: 'personal' }), proposal('p')],
        engine: {
          state: 'ready',
          status: { loaded: [{ id: 'p', kind: 'proposal', sizeBytes: 9 }], rssBytes: 77, uptimeMs: 1 },
        },
        speedOf: (dir, ids) => {
          speeds.push([dir, ids]);
          return dir.endsWith('/p') ? { nAnswers: ids.length, decodeMsPerToken: 3 } : undefined;
        },
      },
    );
    const [other, inUse] = state.proposals;
    assert.equal(state.engine.rssBytes, 77);
    assert.deepEqual([other.isInUse, other.loadedBytes, other.speedAlone], [false, undefined, undefined]);
    assert.deepEqual([inUse.isInUse, inUse.loadedBytes], [true, 9]);
    // A module of strength 0 is left out, and so it is of what was measured.
    assert.deepEqual([inUse.speedAlone?.nAnswers, inUse.speedAligned?.nAnswers], [0, 1]);
    assert.deepEqual(speeds.at(-1), ['/models/p', ['a']]);
  });

  it('has no proposal in use where the setting names one that is not there', () => {
    const state = stateOf({ workspace: { proposal: 'gone' } });
    assert.deepEqual(
      state.proposals.map(({ isInUse }) => isInUse),
      [false],
    );
    assert.equal(state.proposal.value, 'gone');
  });

  it('lets a person change the files of their own modules alone, and of those that were learned from feedback here', () => {
    const origins = ['shipped', 'personal', 'team', 'workspace'] as const;
    const modules = [
      ...origins.map(origin => ({ ...module(origin), origin })),
      { ...module('instant'), origin: 'workspace' as const },
    ];
    assert.deepEqual(
      stateOf({}, { modules }).library.map(({ isOwn }) => isOwn),
      [false, true, false, true, false],
    );
  });
});
