// Which modules are compared in which file of an edit: as rules choose, or one for all.
import assert from 'node:assert/strict';
import type { EditPlace } from '../../src/core/edits/editPlaces';
import { UserError } from '../../src/core/errors';
import type { CompletionEngine } from '../../src/host/completer';
import { comparedModules, modulesAnywhere } from '../../src/host/edits/comparedModules';
import { replay } from '../../src/host/edits/replayEdits';
import type { Choice, ModuleSetting } from '../../src/host/modules/moduleChoice';
import { decide, type ModuleRule } from '../../src/host/modules/moduleSettings';
import { Quiet } from '../../src/host/quiet';

const signal = new AbortController().signal;
const nameOf = ({ id, strength = 1 }: ModuleSetting) => `${id}:${strength}`;
const placeIn = (file: string): EditPlace => ({
  ...{ commit: undefined, file, line: 1, head: '', truth: 'x', prefix: `// ${file}\n`, suffix: '' },
});
const choiceOf = (modules: readonly ModuleSetting[]): Choice => ({
  proposal: { id: 'p', dir: '/p' },
  modules: modules.map(({ id, strength = 1 }) => ({ id, dir: `/${id}`, strength })),
  titles: modules.map(({ id }) => id),
});

describe('modules compared on edits', () => {
  const rules: ModuleRule[] = [
    { index: 0, glob: 'tests', modules: [{ id: 'tests', strength: 0.5 }] },
    { index: 2, language: 'md', modules: [] },
  ];
  const places = ['src/a.ts', 'src/b.ts', 'tests/a.ts', 'src/a.ts', 'doc/a.md'].map(placeIn);

  async function compare(
    chosen: string,
    settings: { readonly modules?: readonly ModuleSetting[]; readonly moduleRules?: readonly ModuleRule[] },
    at = places,
  ) {
    const { modules = [], moduleRules = [] } = settings;
    const loaded: string[] = [];
    const load = async (wanted: readonly ModuleSetting[]) => {
      loaded.push(wanted.map(nameOf).join('+'));
      return choiceOf(wanted);
    };
    const decideIn = (file: string) =>
      decide({ modules, moduleRules }, file.split('.')[1], glob => file.startsWith(`${glob}/`));
    const found = await comparedModules(at, chosen, { modules, moduleRules, decide: decideIn, load });
    return { ...found, loaded };
  }
  const rows = async (...asked: Parameters<typeof compare>) =>
    (await compare(...asked)).compared.map(
      ({ rule, choice, nPlaces }) => `${rule?.index ?? '-'} ${choice.modules.map(nameOf).join('+')} ${nPlaces}`,
    );

  it('are those that complete in each file, each choice loaded once', async () => {
    const settings = { modules: [{ id: 'react' }], moduleRules: rules };
    assert.deepEqual(await rows('', settings), ['- react:1 3', '0 tests:0.5 1', '2  1']);
    const { alignedAt, loaded, nRuledOtherwise } = await compare('', settings);
    const at = (file: string) => alignedAt(file).modules.map(nameOf).join();
    assert.deepEqual(['src/b.ts', 'tests/a.ts', 'doc/a.md'].map(at), ['react:1', 'tests:0.5', '']);
    assert.deepEqual(loaded, ['react:1', 'tests:0.5', '']);
    assert.equal(nRuledOtherwise, 0);
  });

  it('are those of the setting where there are no rules', async () => {
    assert.deepEqual(await rows('', { modules: [{ id: 'react' }, { id: 'instant' }] }), ['- react:1+instant:1 5']);
  });

  it('are the one that is chosen for all, as strong as where it is in use, and it is known where rules differ', async () => {
    const settings = { modules: [{ id: 'react' }], moduleRules: rules };
    assert.deepEqual(await rows('tests', settings), ['- tests:0.5 5']);
    assert.equal((await compare('tests', settings)).nRuledOtherwise, 1, 'the rule without modules');
    assert.equal((await compare('react', settings)).nRuledOtherwise, 2);
    assert.equal((await compare('react', { modules: [{ id: 'tests' }] })).nRuledOtherwise, 0);
  });

  it('are refused where nothing completes but the proposal, with what to do', async () => {
    const onlyText = [placeIn('doc/a.md')];
    await assert.rejects(compare('', { modules: [{ id: 'react' }], moduleRules: rules }, onlyText), error => {
      assert.ok(error instanceof UserError && error.code === 'edits-no-modules');
      assert.match(error.message, /residual\.moduleRules.*Choose a module to compare, or other edits/);
      return true;
    });
    await assert.rejects(compare('', {}), { code: 'edits-no-modules' });
  });

  it('that the settings name anywhere are named once', () => {
    const again = { index: 3, language: 'ts', modules: [{ id: 'react', strength: 2 }] };
    const all = modulesAnywhere({ modules: [{ id: 'react' }], moduleRules: [...rules, again] });
    assert.deepEqual(all.map(nameOf), ['react:1', 'tests:0.5']);
  });

  it('write each place in its turn, and where they are none it is written once', async () => {
    const { alignedAt } = await compare('', { modules: [{ id: 'react' }], moduleRules: rules });
    const asked: string[] = [];
    const clock = { now: () => 0, sleep: async () => {} };
    const engine: CompletionEngine = {
      complete: async ({ modules, text }) => {
        asked.push(`${text.prefix.slice(3, -1)} ${modules.map(({ id }) => id).join()}`.trim());
        const timesMs = { load: 0, prefill: 0, decode: 0 };
        return { completions: [], rule: 'geometric', nCached: 0, nPrefilled: 0, timesMs };
      },
    };
    const line = { engine, quiet: new Quiet(clock, 0), contextTokens: 256, clock };
    const timed: boolean[][] = [];
    for await (const { alone, aligned } of replay(places, { alone: choiceOf([]), alignedAt }, line, signal))
      timed.push([alone, aligned].map(({ elapsedMs }) => elapsedMs !== undefined));
    assert.deepEqual(asked, [
      ...['src/a.ts', 'src/a.ts react', 'src/b.ts react', 'src/b.ts', 'tests/a.ts', 'tests/a.ts tests'],
      ...['src/a.ts react', 'src/a.ts', 'doc/a.md'],
    ]);
    assert.deepEqual(timed[4], [true, false]);
  });
});
