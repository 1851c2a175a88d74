import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { withTable } from '../../scripts/settingsTable.mjs';

describe('README', () => {
  it('describes the settings that package.json has (node scripts/settingsTable.mjs writes the table)', () => {
    const readme = readFileSync('README.md', 'utf8');
    assert.equal(withTable(readme, JSON.parse(readFileSync('package.json', 'utf8'))), readme);
  });
});
