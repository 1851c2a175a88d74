/** Measurements that are stopped and go on, and files that are of something else. */
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { measured, readResults, resultsAgainst } from '../../src/cli/unseen/resultFile';

const header = { kind: 'lines', models: 'abc' };
const inputs = ['a', 'b', 'c', 'd'].map(id => ({ id }));

describe('result file', () => {
  let dir = '';
  let file = '';
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'results-'));
    file = path.join(dir, 'new', 'results.jsonl');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  /** Measures until `stopAt`, which fails. @returns what was asked */
  async function run(stopAt?: string, asked: string[] = []): Promise<string[]> {
    const results = measured(inputs, header, file, async ({ id }) => {
      if (id === stopAt) throw new Error('stopped');
      asked.push(id);
      return { id, value: id.toUpperCase() };
    });
    if (stopAt !== undefined) await assert.rejects(results, /stopped/);
    else assert.deepEqual((await results).map(one => one.value).join(''), 'ABCD');
    return asked;
  }

  it('goes on where it was stopped', async () => {
    assert.deepEqual(await run('c'), ['a', 'b']);
    assert.deepEqual(await run(), ['c', 'd']);
    assert.deepEqual(await run(), []);
  });

  it('measures again what was being written when the process was killed', async () => {
    await run('c');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, -5));
    assert.deepEqual(await run(), ['b', 'c', 'd']);
    assert.equal((await readResults(file))?.items.size, 4);
  });

  it('is not added to by another measurement', async () => {
    await run();
    const other = measured(inputs, { ...header, models: 'xyz' }, file, async ({ id }) => ({ id }));
    await assert.rejects(other, /its models is abc, not xyz/);
    assert.equal((await readResults(file))?.items.size, 4);
  });

  it('keeps nothing where no file is named', async () => {
    const results = await measured(inputs, header, undefined, async ({ id }) => ({ id }));
    assert.equal(results.length, 4);
  });

  it('is refused where it is none, is not there, or is of other places', async () => {
    await run();
    await resultsAgainst(file, { ...header, models: 'xyz' }, ['kind']);
    await assert.rejects(resultsAgainst(file, { ...header, kind: 'nats' }, ['kind']), /its kind is lines, not nats/);
    await assert.rejects(resultsAgainst(`${file}.no`, header, ['kind']), /There are no results at/);
    await appendFile(file, 'no JSON\n');
    await assert.rejects(readResults(file), /is no file of results/);
  });
});
