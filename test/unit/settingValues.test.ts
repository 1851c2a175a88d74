import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readEngineLimits, readSettings, type Settings } from '../../src/host/settingValues';
import type { EngineLimits } from '../../src/protocol/messages';

const { properties } = JSON.parse(readFileSync('package.json', 'utf8')).contributes.configuration;
const defaultOf = (name: string): unknown => properties[`residual.${name}`].default;

/** What a settings file with these values under `residual.` comes to. */
function read(written: Record<string, unknown>): Settings & EngineLimits {
  const source = { value: (name: string) => (name in written ? written[name] : defaultOf(name)), default: defaultOf };
  return { ...readSettings(source), ...readEngineLimits(source) };
}

describe('settings', () => {
  const untouched = read({});

  it('are what package.json says when nothing is written', () => {
    for (const [name, value] of Object.entries(untouched)) assert.deepEqual(value, defaultOf(name), name);
  });

  const rows: readonly (readonly [keyof (Settings & EngineLimits), unknown, unknown])[] = [
    ['modules', 'python', []],
    ['modules', { id: 'python' }, []],
    ['modules', null, []],
    ['modules', ['python', 3, null, {}, { id: 7 }, [], { id: 'x' }], [{ id: 'python' }, { id: 'x' }]],
    ['modules', [{ id: 'x', strength: -1 }], [{ id: 'x', strength: 0 }]],
    ['modules', [{ id: 'x', strength: 1e9 }], [{ id: 'x', strength: 4 }]],
    ['modules', [{ id: 'x', strength: '0.5' }], [{ id: 'x' }]],
    ['chat.modules', ['a', { id: 'b', strength: 9 }, 3], [{ id: 'a' }, { id: 'b', strength: 4 }]],
    ['moduleRules', 'tests/**', []],
    ['moduleRules', { glob: '*.ts', modules: [] }, []],
    ['moduleRules', [null, 7, 'x', [], {}, { glob: '*.ts' }, { modules: [] }], []],
    ['moduleRules', [{ glob: 7, modules: [] }], []],
    ['moduleRules', [{ glob: '', modules: [] }], []],
    ['moduleRules', [{ glob: '*.ts', language: null, modules: [] }], []],
    ['moduleRules', [{ glob: '*.ts', modules: 'x' }], []],
    ['moduleRules', [{ glob: '*.ts', modules: [{ id: 7 }] }], []],
    ['moduleRules', [{ glob: '*.ts', modules: [] }], [{ index: 0, glob: '*.ts', modules: [] }]],
    [
      'moduleRules',
      ['x', { language: 'python', modules: ['a', 7, { id: 'b', strength: 9 }], comment: 'c' }],
      [{ index: 1, language: 'python', modules: [{ id: 'a' }, { id: 'b', strength: 4 }] }],
    ],
    ['enable', 'false', true],
    ['enable', 0, true],
    ['enable', null, true],
    ['proposal', ['a'], 'auto'],
    ['proposal', '', 'auto'],
    ['contextTokens', 1e300, 32_768],
    ['contextTokens', -5, 64],
    ['contextTokens', 100.5, 101],
    ['contextTokens', '512', 'auto'],
    ['contextTokens', Number.NaN, 'auto'],
    ['debounce', -1, 0],
    ['debounce', 1e9, 5000],
    ['debounce', 'soon', 'auto'],
    ['debounce', null, 'auto'],
    ['showGate', 2, 1],
    ['showGate', [], 0.05],
    ['chat.contextTokens', 1, 256],
    ['chat.contextTokens', 1e300, 131_072],
    ['chat.contextTokens', 'all', 4096],
    ['chat.maxTokens', 0, 16],
    ['chat.maxTokens', 99.6, 100],
    ['chat.maxTokens', null, 1024],
    ['threads', -2, 0],
    ['threads', 'all', 0],
    ['memoryMiB', 0, 64],
    ['memoryMiB', {}, 1024],
    ['languages', 'python', defaultOf('languages')],
    ['languages', { python: 'off', markdown: 'yes', '*': false }, { markdown: false, '*': false }],
    ['exclude', '**/*.ts', defaultOf('exclude')],
    ['exclude', ['**/*.ts'], defaultOf('exclude')],
    ['exclude', { '.env': 'false', '*.ts': true, '*.js': 1 }, { '.env': true, '*.ts': true }],
  ];
  for (const [name, written, expected] of rows) {
    it(`residual.${name} written as ${JSON.stringify(written)} comes to ${JSON.stringify(expected).slice(0, 60)}`, () => {
      const { [name]: value, ...others } = read({ [name]: written });
      assert.deepEqual(value, expected);
      const { [name]: _, ...rest } = untouched;
      assert.deepEqual(others, rest);
    });
  }
});
