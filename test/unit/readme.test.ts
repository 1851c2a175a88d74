import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { englishManifest } from '../../scripts/manifest.mjs';
import { withTable } from '../../scripts/settingsTable.mjs';

describe('README', () => {
  it('describes the settings that package.json has (node scripts/settingsTable.mjs writes the table)', () => {
    const readme = readFileSync('README.md', 'utf8');
    assert.equal(withTable(readme, englishManifest()), readme);
  });
});
