// Which rule decides: rows of rules, a file's language and the globs that match it.
import assert from 'node:assert/strict';
import { decide, modulesWithout, rulesOf, rulesWithout, withRuleModules } from '../../src/host/modules/moduleSettings';

const RULES = [
  { glob: 'tests/**', modules: [{ id: 'tests' }] },
  { language: 'typescriptreact', glob: 'src/**', modules: [{ id: 'react', strength: 0.5 }] },
  'no rule',
  { language: 'typescriptreact', modules: [{ id: 'tsx' }] },
  { glob: 'generated/**', modules: [] },
  { language: 'python', modules: [{ id: 'a' }, { id: 'b' }] },
];

describe('rules for modules', () => {
  const rows: readonly (readonly [language: string, matching: readonly string[], expected: string])[] = [
    ['typescript', [], 'modules: usual'],
    ['typescript', ['tests/**'], 'rule 0: tests'],
    ['typescriptreact', ['tests/**', 'src/**'], 'rule 0: tests'],
    ['typescriptreact', ['src/**'], 'rule 1: react'],
    ['typescriptreact', [], 'rule 3: tsx'],
    ['typescript', ['src/**'], 'modules: usual'],
    ['typescript', ['generated/**'], 'rule 4: '],
    ['python', ['src/**'], 'rule 5: a+b'],
    ['Python', [], 'modules: usual'],
  ];
  for (const [language, matching, expected] of rows) {
    it(`in ${language} where ${matching.join(' and ') || 'no glob'} matches come to ${expected}`, () => {
      const settings = { modules: [{ id: 'usual' }], moduleRules: rulesOf(RULES) };
      const { modules, rule } = decide(settings, language, glob => matching.includes(glob));
      assert.equal(
        `${rule === undefined ? 'modules' : `rule ${rule.index}`}: ${modules.map(m => m.id).join('+')}`,
        expected,
      );
    });
  }

  it('ask for no glob that cannot matter', () => {
    const asked: string[] = [];
    decide({ modules: [], moduleRules: rulesOf(RULES) }, 'typescript', glob => {
      asked.push(glob);
      return glob === 'generated/**';
    });
    assert.deepEqual(asked, ['tests/**', 'generated/**']);
  });

  it('are rewritten one at a time; what is not understood stays', () => {
    const written = [{ glob: 'a', modules: ['x'], comment: 'why' }, 'no rule', { glob: 'b', modules: [] }];
    assert.deepEqual(withRuleModules(written, 0, [{ id: 'y', strength: 1 }]), [
      { glob: 'a', modules: [{ id: 'y', strength: 1 }], comment: 'why' },
      'no rule',
      { glob: 'b', modules: [] },
    ]);
    assert.deepEqual(withRuleModules(undefined, 0, []), []);
  });

  it('and lists lose a module that is deleted, and nothing else', () => {
    assert.deepEqual(modulesWithout(['x', { id: 'x', strength: 1 }, { id: 'y' }, 7], 'x'), [{ id: 'y' }, 7]);
    assert.deepEqual(rulesWithout([{ glob: 'a', modules: ['x', { id: 'y' }], comment: 'c' }, 'x'], 'x'), [
      { glob: 'a', modules: [{ id: 'y' }], comment: 'c' },
      'x',
    ]);
    for (const value of [undefined, 'x', { id: 'x' }]) {
      assert.equal(modulesWithout(value, 'x'), value);
      assert.equal(rulesWithout(value, 'x'), value);
    }
  });
});
