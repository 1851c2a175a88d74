/** Downloads that are cut, damaged, refused, stopped and gone on with: nothing is lost and nothing wrong is kept. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isAbortError, UserError } from '../../src/core/errors';
import { type DownloadPlan, planOf } from '../../src/host/proposals/downloadPlan';
import { readHubModel } from '../../src/host/proposals/hub';
import { type DownloadsParts, ProposalDownloads } from '../../src/host/proposals/proposalDownload';
import { layoutOf } from '../../src/host/proposals/proposalLayout';
import { assertTranslatable } from '../unit/support/translatable';
import { never } from './support/fixtures';
import { HubServer, type Misbehaviour, sha256 } from './support/hubServer';

const REPO = 'some/model';
const WEIGHTS = 'onnx/model.onnx';
const CONTENT = randomBytes(300_000);
const FILES = {
  'config.json': Buffer.from('{"model_type":"llama"}'),
  'tokenizer.json': Buffer.from('{"version":"1.0"}'),
  'README.md': Buffer.from('# Model'),
  [WEIGHTS]: CONTENT,
};

describe('a download', () => {
  let hub: HubServer;
  let root: string;
  let plan: DownloadPlan;
  let pausesMs: number[];
  let seenBytes: number[];

  beforeEach(async () => {
    root = mkdtempSync(path.join(os.tmpdir(), 'residual-download-'));
    hub = await HubServer.start();
    hub.add(REPO, FILES);
    pausesMs = [];
    seenBytes = [];
    const { endpoint } = hub;
    const { revision, licence, files } = await readHubModel({ repo: REPO }, { endpoint, fetch }, never);
    const { common, variants } = layoutOf(files, REPO);
    plan = planOf({ endpoint, repo: REPO, revision }, { id: 'model-fp32', licence }, common, variants[0]);
    hub.requests.length = 0;
  });
  afterEach(async () => {
    await hub.stop();
    rmSync(root, { recursive: true, force: true });
  });

  const downloads = (parts: Partial<DownloadsParts> = {}) =>
    new ProposalDownloads(root, { sleep: async ms => void pausesMs.push(ms), ...parts });
  const run = (parts: Partial<DownloadsParts> = {}, signal = never, token?: string) => {
    const connection = { endpoint: plan.endpoint, token, fetch };
    return downloads(parts).run(plan, connection, bytes => void seenBytes.push(bytes), signal);
  };
  const at = (name: string) => path.join(root, 'downloads/model-fp32', name);
  const partOf = (name: string) => statSync(`${at(name)}.part`).size;
  const assertWhole = () => {
    for (const { name } of plan.files)
      assert.ok(readFileSync(at(name)).equals(FILES[name as keyof typeof FILES]), `${name} is another`);
    assert.deepEqual(readdirSync(at('onnx')), ['model.onnx']);
    assert.deepEqual(readdirSync(path.join(root, 'downloads')), ['model-fp32']);
  };
  const refusal = (code: string, message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assertTranslatable(error.sentence);
    return true;
  };
  const behave = (misbehaviour: Misbehaviour) => void Object.assign(hub.misbehaviour, misbehaviour);

  it('brings what a model needs, with its checksums, and counts its bytes', async () => {
    const hashes = await run();
    assertWhole();
    assert.deepEqual(Object.keys(hashes).sort(), ['config.json', WEIGHTS, 'tokenizer.json']);
    for (const [name, hash] of Object.entries(hashes)) assert.equal(hash, sha256(FILES[name as keyof typeof FILES]));
    assert.equal(
      seenBytes.at(-1),
      plan.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    );
    assert.deepEqual(
      [...seenBytes].sort((a, b) => a - b),
      seenBytes,
    );
    assert.ok(!hub.requests.some(({ path: name }) => name.includes('README')));
  });

  it('goes on behind what has come when the connection is cut, again and again', async () => {
    behave({ cutAfter: [10, 5, 100_000, 1, 50_000] });
    await run();
    assertWhole();
    // What was under way when the connection broke may be lost, what was written is not.
    const starts = hub.ranges.map(range => Number(/^bytes=(\d+)-$/.exec(range ?? 'bytes=0-')?.[1]));
    assert.equal(starts.length, 4);
    assert.ok(starts[1] > 0 && starts[1] <= 100_000, starts.join());
    assert.deepEqual(
      [...starts].sort((a, b) => a - b),
      starts,
    );
    const resumed = hub.requests.filter(({ on, headers }) => on === 'storage' && headers.range !== undefined);
    assert.ok(resumed.every(({ headers }) => headers['if-range'] === `"${sha256(CONTENT)}"`));
  });

  it('goes on after a restart of everything', async () => {
    behave({ cutAfter: [120_000, 0, 0, 0, 0] });
    await assert.rejects(run(), refusal('hub-unreachable', /cannot be reached/));
    const held = partOf(WEIGHTS);
    assert.ok(held > 0 && held <= 120_000, `${held}`);
    const [unfinished] = await downloads().unfinished();
    assert.deepEqual(unfinished.plan, plan);
    assert.equal(unfinished.doneBytes, unfinished.totalBytes - CONTENT.length + held);
    hub.requests.length = 0;
    behave({ cutAfter: [] });
    await run();
    assertWhole();
    assert.deepEqual(hub.ranges, [`bytes=${held}-`]);
    // What was whole is not asked for again.
    assert.equal(hub.requests.filter(({ on }) => on === 'hub').length, 1);
  });

  it('begins anew where the server ignores ranges, has lost the range, or has other content', async () => {
    for (const misbehaviour of [{ ignoresRanges: true }, { etag: '"another"' }]) {
      behave({ cutAfter: [50_000] });
      let isCut = false;
      await run({
        sleep: async () => {
          if (!isCut) behave(misbehaviour);
          isCut = true;
        },
      });
      assertWhole();
      rmSync(path.join(root, 'downloads'), { recursive: true });
      hub.misbehaviour = {};
    }
  });

  it('does not mix two contents when nobody can tell them apart', async () => {
    behave({ etag: '' });
    writeHalf(randomBytes(CONTENT.length));
    await run();
    assertWhole();
  });

  /** As another server's first half would lie there. */
  function writeHalf(content: Buffer): void {
    mkdirSync(at('onnx'), { recursive: true });
    writeFileSync(at('download.json'), JSON.stringify(plan));
    writeFileSync(`${at(WEIGHTS)}.part`, content.subarray(0, 150_000));
  }

  it('refuses content with another checksum, and keeps nothing of it', async () => {
    behave({ damages: true });
    await assert.rejects(run(), refusal('hub-wrong-hash', /another checksum than the hub lists/));
    assert.deepEqual(filesBelow(root), ['downloads/model-fp32/download.json']);
  });

  it('refuses damaged weights behind good small files, and keeps those alone', async () => {
    behave({ refuse: ({ on }) => (on === 'storage' ? void behave({ damages: true }) : undefined) });
    await assert.rejects(run(), refusal('hub-wrong-hash', /onnx\/model\.onnx from 127/));
    assert.ok(!filesBelow(root).some(name => name.includes('onnx')), filesBelow(root).join());
  });

  it('refuses a page in the place of content, and more than was listed', async () => {
    behave({ page: '<html>Log in</html>' });
    await assert.rejects(run(), refusal('hub-wrong-size', /another size than the hub lists/));
    hub.misbehaviour = { hidesLength: true };
    hub.add(REPO, { ...FILES, 'config.json': Buffer.from('{"model_type":"llama", "more": "than listed"}') });
    await assert.rejects(run(), refusal('hub-wrong-size', /config\.json has another size/));
    assert.ok(!existsSync(`${at('config.json')}.part`));
  });

  it('is whole also when nobody says how long it is', async () => {
    behave({ hidesLength: true });
    await run();
    assertWhole();
  });

  it('keeps what has come when the disk is full, and goes on when there is room', async () => {
    const full: DownloadsParts['openFile'] = async (file, flags) => withRoomFor(80_000, await open(file, flags));
    await assert.rejects(run({ openFile: full }), refusal('disk-full', /The disk is full: .*model\.onnx\.part/));
    assert.equal(partOf(WEIGHTS), 80_000);
    assert.deepEqual(pausesMs, []);
    await run();
    assertWhole();
  });

  it('does not begin where there is no room for it', async () => {
    await assert.rejects(
      run({ freeBytes: async () => 65_000_000 }),
      refusal('disk-full', /68 MB are needed .* 65 MB are free/),
    );
    assert.deepEqual(hub.requests, []);
  });

  const refusals: readonly (readonly [number, string, RegExp])[] = [
    [401, 'hub-unauthorized', /without a token/],
    [403, 'hub-forbidden', /accept conditions/],
    [404, 'hub-not-found', /has no model/],
  ];
  for (const [status, code, message] of refusals) {
    it(`ends at once at status ${status}`, async () => {
      behave({ refuse: () => status });
      await assert.rejects(run(), refusal(code, message));
      assert.deepEqual(pausesMs, []);
    });
  }

  it('waits as long as a busy server asks, and no longer than is sensible', async () => {
    let nRefused = 0;
    behave({ retryAfterS: 7, refuse: () => (nRefused++ < 2 ? 429 : undefined) });
    await run();
    assertWhole();
    assert.deepEqual(pausesMs, [7000, 7000]);
    rmSync(path.join(root, 'downloads'), { recursive: true });
    pausesMs = [];
    behave({ retryAfterS: 3600, refuse: () => 429 });
    await assert.rejects(run(), refusal('hub-busy', /wants 3600 s of quiet/));
    assert.deepEqual(pausesMs, []);
  });

  it('gives up a server that fails again and again, after longer and longer pauses', async () => {
    behave({ refuse: () => 503 });
    await assert.rejects(run(), refusal('hub-failed', /status 503/));
    assert.deepEqual(pausesMs, [1000, 2000, 4000, 8000]);
  });

  it('takes a silent connection to be cut', async () => {
    behave({ refuse: ({ on }) => (on === 'storage' ? void behave({ hangAfter: 40_000 }) : undefined) });
    await run({
      stallMs: 100,
      sleep: async ms => {
        pausesMs.push(ms);
        hub.misbehaviour = {};
      },
    });
    assertWhole();
    assert.match(String(hub.ranges[1]), /^bytes=[1-9]\d*-$/);
  });

  it('stops in mid-file when it is cancelled, and goes on there', async () => {
    behave({ refuse: ({ on }) => (on === 'storage' ? void behave({ hangAfter: 70_000 }) : undefined) });
    const controller = new AbortController();
    const running = downloads().run(
      plan,
      { endpoint: plan.endpoint, fetch },
      bytes => {
        if (bytes > 60_000) controller.abort();
      },
      controller.signal,
    );
    await assert.rejects(running, isAbortError);
    const held = partOf(WEIGHTS);
    assert.ok(held > 50_000 && held <= 70_000, `${held}`);
    hub.misbehaviour = {};
    hub.requests.length = 0;
    await run();
    assertWhole();
    assert.deepEqual(hub.ranges, [`bytes=${held}-`]);
  });

  it('stops while it waits to try again', async () => {
    const controller = new AbortController();
    behave({ refuse: () => 503 });
    const sleep = async () => controller.abort();
    await assert.rejects(run({ sleep }, controller.signal), isAbortError);
  });

  it('gives its token to the hub, and to no storage that it redirects to', async () => {
    await run({}, never, 'secret');
    const given = (on: string) => hub.requests.filter(one => one.on === on).map(one => one.headers.authorization);
    assert.ok(given('hub').every(header => header === 'Bearer secret'));
    // Asked more than once where the machine is too busy to answer in time.
    assert.notEqual(given('storage').length, 0);
    assert.ok(given('storage').every(header => header === undefined));
  });

  it('is one at a time, and takes over from a process that is gone', async () => {
    behave({ hangAfter: 3 });
    const controller = new AbortController();
    const first = run({}, controller.signal);
    await until(() => existsSync(path.join(root, 'downloads/model-fp32.lock')));
    await assert.rejects(run(), refusal('locked', /in another window/));
    await assert.rejects(downloads().discard(plan.id), refusal('locked', /in another window/));
    assert.deepEqual(await downloads().unfinished(), []);
    controller.abort();
    await assert.rejects(first, isAbortError);
    hub.misbehaviour = {};
    writeFileSync(path.join(root, 'downloads/model-fp32.lock'), '999999999');
    await run();
    assertWhole();
  });

  it('of another state of the model begins anew', async () => {
    await run();
    const other = { ...FILES, 'config.json': Buffer.from('{"model_type":"qwen2"}') };
    hub.add(REPO, other);
    const { endpoint } = hub;
    const { revision, licence, files } = await readHubModel({ repo: REPO }, { endpoint, fetch }, never);
    const { common, variants } = layoutOf(files, REPO);
    plan = planOf({ endpoint, repo: REPO, revision }, { id: 'model-fp32', licence }, common, variants[0]);
    await run();
    assert.equal(readFileSync(at('config.json'), 'utf8'), '{"model_type":"qwen2"}');
  });

  it('makes good a file that was spoilt while it lay there', async () => {
    await run();
    truncateSync(at(WEIGHTS), 1000);
    await run();
    assertWhole();
  });

  it('can be thrown away', async () => {
    behave({ cutAfter: [0, 0, 0, 0, 0] });
    await assert.rejects(run());
    assert.equal((await downloads().unfinished()).length, 1);
    await downloads().discard(plan.id);
    assert.deepEqual(await downloads().unfinished(), []);
    assert.deepEqual(readdirSync(path.join(root, 'downloads')), []);
  });
});

/** A file on a disk that has room for so much of it. */
function withRoomFor(roomBytes: number, handle: FileHandle): FileHandle {
  let left = roomBytes;
  const write = async (piece: Uint8Array, offset: number, length: number) => {
    if (left === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const written = await handle.write(piece, offset, Math.min(left, length));
    left -= written.bytesWritten;
    return written;
  };
  return { write, close: () => handle.close() } as unknown as FileHandle;
}

function filesBelow(dir: string): string[] {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  return names.filter(name => statSync(path.join(dir, name)).isFile());
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setImmediate(resolve));
}
