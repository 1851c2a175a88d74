/** Files that came as bytes. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { putDropped } from '../../src/host/modules/droppedFiles';

const file = (name: string, text = name) => ({ name, bytes: new TextEncoder().encode(text) });

describe('dropped files', () => {
  it('are archives by themselves and one folder otherwise, gone when they are removed', async () => {
    const { sources, remove } = await putDropped([
      file('a.ram'),
      file('module.json', '{}'),
      file('B.RAM'),
      file('x.md'),
    ]);
    assert.deepEqual(
      sources.map(source => path.basename(source)),
      ['a.ram', 'B.RAM', 'module'],
    );
    assert.equal(readFileSync(sources[0], 'utf8'), 'a.ram');
    assert.deepEqual(readdirSync(sources[2]).sort(), ['module.json', 'x.md']);
    await remove();
    assert.ok(sources.every(source => !existsSync(source)));
  });

  it('stay in their folder whatever they are named', async () => {
    const { sources, remove } = await putDropped([file('../../evil.ram'), file('/etc/evil.md')]);
    const root = path.dirname(sources[0]);
    assert.deepEqual(sources, [path.join(root, 'evil.ram'), path.join(root, 'module')]);
    assert.deepEqual(readdirSync(sources[1]), ['evil.md']);
    await remove();
  });
});
