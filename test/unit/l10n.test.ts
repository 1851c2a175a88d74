// Every string that a person sees exists in every language that is offered.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { compare, LANGUAGES, sourceStrings } from '../../scripts/l10n.mjs';
import { keysOfManifest } from '../../scripts/manifest.mjs';

const json = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;

describe('languages', () => {
  const strings = sourceStrings();
  it('are collected from surfaces, pages and errors', () => {
    for (const string of [
      'Switch Alignment Module',
      'There is no alignment module "{0}". Found: {1}. Change the setting {2}.',
    ])
      assert.ok(strings.includes(string), string);
  });
  for (const language of LANGUAGES) {
    it(`have every string in ${language}, with its values, and none that is gone`, () =>
      assert.deepEqual(compare(strings, json(`l10n/bundle.l10n.${language}.json`)), {
        missing: [],
        stale: [],
        placeholders: [],
      }));
    it(`have every title and description in ${language}`, () =>
      assert.deepEqual(
        Object.keys(json(`package.nls.${language}.json`)).sort(),
        Object.keys(json('package.nls.json')).sort(),
      ));
  }
  it('know every key that package.json names, and no other', () =>
    assert.deepEqual([...new Set(keysOfManifest())].sort(), Object.keys(json('package.nls.json')).sort()));
  it('find a string without a translation, one that is gone, and a lost value', () =>
    assert.deepEqual(compare(['a {0}', 'b'], { 'a {0}': 'ä', c: 'z' }), {
      missing: ['b'],
      stale: ['c'],
      placeholders: ['a {0}'],
    }));
});
