/** The protocol over a pair of streams in memory: framing, answers, progress, cancellation and every way to end. */
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { AbortError, EngineGone, UserError } from '../../src/core/errors';
import { encodeFrame, FrameError, FrameReader } from '../../src/protocol/frames';
import { type Handlers, RpcClient, serve } from '../../src/protocol/rpc';

interface TestMethods {
  echo: { params: unknown; result: unknown; progress: never };
  count: { params: number; result: string; progress: number };
  fail: { params: { readonly code?: string; readonly message: string }; result: never; progress: never };
  wait: { params: null; result: null; progress: 'started' };
}

const never = new AbortController().signal;
const ignore = () => {};

/** Two ends of a wire; `chunkBytes` cuts what is written into pieces of that size. */
function wire(chunkBytes = Number.POSITIVE_INFINITY): [Duplex, Duplex] {
  const end = (): Duplex & { other?: Duplex } =>
    new Duplex({
      read() {},
      write(this: Duplex & { other?: Duplex }, chunk: Buffer, _encoding, done) {
        for (let at = 0; at < chunk.length; at += chunkBytes) this.other?.push(chunk.subarray(at, at + chunkBytes));
        done();
      },
      destroy(this: Duplex & { other?: Duplex }, error, done) {
        this.other?.push(null);
        done(error);
      },
    });
  const [a, b] = [end(), end()];
  a.other = b;
  b.other = a;
  return [a, b];
}

interface Waiting {
  readonly signal: AbortSignal;
  finish(): void;
}

function connect({ chunkBytes, maxFrameBytes }: { chunkBytes?: number; maxFrameBytes?: number } = {}) {
  const [near, far] = wire(chunkBytes);
  const waiting: Waiting[] = [];
  const handlers: Handlers<TestMethods> = {
    echo: async params => params,
    async count(n, onProgress) {
      for (let i = 1; i <= n; i++) {
        onProgress(i);
        await Promise.resolve();
      }
      return `counted ${n}`;
    },
    async fail({ code, message }) {
      throw code === undefined ? new Error(message) : new UserError(code, message);
    },
    wait: (_params, onProgress, signal) =>
      new Promise((resolve, reject) => {
        waiting.push({ signal, finish: () => resolve(null) });
        signal.addEventListener('abort', () => reject(new AbortError()));
        onProgress('started');
      }),
  };
  const limits = maxFrameBytes === undefined ? {} : { maxFrameBytes };
  serve<TestMethods>(far, handlers, limits);
  let nCloses = 0;
  const client = new RpcClient<TestMethods>(near, () => nCloses++, limits);
  return { client, near, far, waiting, nCloses: () => nCloses };
}

/** Calls `wait` and resolves once the other side runs it. */
function startWaiting(client: RpcClient<TestMethods>, signal: AbortSignal) {
  let result: Promise<null> = Promise.resolve(null);
  const started = new Promise<void>(resolve => {
    result = client.call('wait', null, () => resolve(), signal);
    result.catch(ignore);
  });
  return { started, result };
}

describe('frames', () => {
  const messages = [{ a: 1 }, 'é🙂', [], null, { long: 'x'.repeat(1000) }];
  const bytes = Buffer.concat(messages.map(message => encodeFrame(message)));

  for (const size of [1, 3, 4, 5, 7, 64, bytes.length]) {
    it(`survive being cut into pieces of ${size} bytes`, () => {
      const reader = new FrameReader();
      const read: unknown[] = [];
      for (let at = 0; at < bytes.length; at += size) read.push(...reader.push(bytes.subarray(at, at + size)));
      assert.deepEqual(read, messages);
    });
  }

  it('refuse a length beyond the limit before its bytes arrive', () => {
    assert.throws(() => new FrameReader(100).push(Buffer.from([0, 0, 0, 101])), FrameError);
    assert.throws(() => new FrameReader().push(Buffer.from([0xff, 0xff, 0xff, 0xff])), FrameError);
  });

  it('refuse what is not JSON', () => {
    assert.throws(() => new FrameReader().push(Buffer.from([0, 0, 0, 1, 0x7b])), FrameError);
  });

  it('refuse to write a message beyond the limit', () => {
    assert.throws(() => encodeFrame('x'.repeat(100), 50), FrameError);
  });
});

describe('rpc', () => {
  it('answers, also when every byte arrives alone', async () => {
    const { client } = connect({ chunkBytes: 1 });
    assert.deepEqual(await client.call('echo', { text: 'é\n🙂', list: [1, null] }, ignore, never), {
      text: 'é\n🙂',
      list: [1, null],
    });
  });

  it('gives null where a method has no result', async () => {
    const { client } = connect();
    assert.equal(await client.call('echo', undefined, ignore, never), null);
  });

  it('keeps the answers and the progress of interleaved calls apart', async () => {
    const { client } = connect();
    const heard: number[][] = [[], []];
    const results = await Promise.all([
      client.call('count', 3, n => heard[0].push(n), never),
      client.call('count', 5, n => heard[1].push(n), never),
      client.call('echo', 'between', ignore, never),
    ]);
    assert.deepEqual(results, ['counted 3', 'counted 5', 'between']);
    assert.deepEqual(heard, [
      [1, 2, 3],
      [1, 2, 3, 4, 5],
    ]);
  });

  it('carries a UserError with its code, and other failures as plain errors', async () => {
    const { client } = connect();
    await assert.rejects(
      client.call('fail', { code: 'model-missing', message: 'No model.' }, ignore, never),
      (error: unknown) => error instanceof UserError && error.code === 'model-missing' && error.message === 'No model.',
    );
    await assert.rejects(
      client.call('fail', { message: 'a defect' }, ignore, never),
      (error: unknown) => error instanceof Error && !(error instanceof UserError) && error.message === 'a defect',
    );
  });

  it('says when there is no such method', async () => {
    const { client } = connect();
    await assert.rejects(client.call('constructor' as 'echo', null, ignore, never), /no method "constructor"/);
  });

  it('cancels one call: rejects at once, aborts the other side, leaves the others alone', async () => {
    const { client, waiting } = connect();
    const controller = new AbortController();
    const cancelled = startWaiting(client, controller.signal);
    const other = startWaiting(client, never);
    await Promise.all([cancelled.started, other.started]);
    controller.abort();
    await assert.rejects(cancelled.result, AbortError);
    await client.call('echo', 'the cancel arrived before this', ignore, never);
    assert.deepEqual(
      waiting.map(({ signal }) => signal.aborted),
      [true, false],
    );
    waiting[1].finish();
    assert.equal(await other.result, null);
  });

  it('sends nothing for a signal that has aborted already', async () => {
    const { client, waiting } = connect();
    await assert.rejects(client.call('wait', null, ignore, AbortSignal.abort()), AbortError);
    await client.call('echo', null, ignore, never);
    assert.equal(waiting.length, 0);
  });

  it('leaves no listener on a long-lived signal', async () => {
    const { client } = connect();
    const { signal } = new AbortController();
    let nListeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      nListeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      nListeners--;
      removeEventListener.apply(signal, args);
    };
    for (let i = 0; i < 20; i++) await client.call('echo', i, ignore, signal);
    assert.equal(nListeners, 0);
  });

  it('rejects everything pending, and every later call, when the stream closes', async () => {
    const { client, far, nCloses } = connect();
    const calls = [startWaiting(client, never), startWaiting(client, never)];
    await Promise.all(calls.map(({ started }) => started));
    far.destroy();
    for (const { result } of calls) await assert.rejects(result, EngineGone);
    await assert.rejects(client.call('echo', 1, ignore, never), EngineGone);
    assert.equal(nCloses(), 1);
  });

  it('aborts what runs when the caller goes away', async () => {
    const { client, near, waiting } = connect();
    await startWaiting(client, never).started;
    const aborted = new Promise(resolve => waiting[0].signal.addEventListener('abort', resolve));
    near.destroy();
    await aborted;
  });

  const malformed: readonly (readonly [string, Buffer])[] = [
    ['bytes that are no frame', Buffer.from('GET / HTTP/1.1\r\n')],
    ['a frame that is not JSON', Buffer.from([0, 0, 0, 2, 0x7b, 0x7b])],
    ['a message that is not an object', encodeFrame(7)],
    ['a request without a method', encodeFrame({ kind: 'request', id: 1 })],
    ['a message of an unknown kind', encodeFrame({ kind: 'hello', id: 1 })],
    ['an error without a code', encodeFrame({ kind: 'error', id: 1, error: null })],
  ];
  for (const [what, bytes] of malformed) {
    it(`closes the connection on ${what}, on either side`, async () => {
      const toServer = connect();
      const serverClosed = new Promise(resolve => toServer.far.on('close', resolve));
      toServer.near.write(bytes);
      await serverClosed;

      const toClient = connect();
      const { result } = startWaiting(toClient.client, never);
      toClient.far.write(bytes);
      await assert.rejects(result, EngineGone);
    });
  }

  it('rejects a call that is too long for a frame, and the connection lives on', async () => {
    const { client } = connect({ maxFrameBytes: 1000 });
    await assert.rejects(client.call('echo', 'x'.repeat(2000), ignore, never), FrameError);
    assert.equal(await client.call('echo', 'short', ignore, never), 'short');
  });

  it('answers with an error when a result is too long for a frame', async () => {
    const [near, far] = wire();
    serve<TestMethods>(far, { echo: async () => 'x'.repeat(2000) } as unknown as Handlers<TestMethods>, {
      maxFrameBytes: 1000,
    });
    const client = new RpcClient<TestMethods>(near);
    await assert.rejects(client.call('echo', null, ignore, never), /exceeds the limit/);
  });
});
