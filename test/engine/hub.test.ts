/** What a hub says of a model, through its library, and what its refusals mean. */
import assert from 'node:assert/strict';
import { isAbortError, UserError } from '../../src/core/errors';
import { readHubModel } from '../../src/host/proposals/hub';
import { layoutOf } from '../../src/host/proposals/proposalLayout';
import { assertTranslatable } from '../unit/support/translatable';
import { FIXTURES, never } from './support/fixtures';
import { COMMIT, type HubOptions, HubServer } from './support/hubServer';

const REPO = 'tiny-models/llama';

describe('a hub', () => {
  let hub: HubServer;
  const start = async (options: HubOptions = {}) => {
    hub = await HubServer.start(options);
    hub.add(REPO, `${FIXTURES}/llama`);
  };
  const read = (address = { repo: REPO }, token?: string, signal = never) =>
    readHubModel(address, { endpoint: hub.endpoint, token, fetch }, signal);
  const refusal = (code: string, message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assertTranslatable(error.sentence);
    return true;
  };
  afterEach(() => hub.stop());

  it('tells licence, commit, and files with sizes and checksums, over several pages', async () => {
    await start({ pageSize: 2 });
    const model = await read();
    assert.equal(model.licence, 'apache-2.0');
    assert.equal(model.revision, COMMIT);
    const { common, variants } = layoutOf(model.files, REPO);
    assert.deepEqual(
      common.map(({ name }) => name),
      ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json'],
    );
    assert.deepEqual(
      variants.map(({ graphFile }) => graphFile),
      ['onnx/model.onnx'],
    );
    assert.match(variants[0].files[0].sha256 ?? '', /^[0-9a-f]{64}$/);
    assert.match(common[0].gitSha1 ?? '', /^[0-9a-f]{40}$/);
    assert.equal(hub.requests.filter(({ path }) => path.includes('/tree/')).length, 3);
  });

  it('may be a mirror behind a path, whose pages name the original', async () => {
    await start({ pageSize: 2, prefix: '/api/hf' });
    for (const original of ['https://hub.invalid', 'https://hub.invalid/api/hf']) {
      hub.misbehaviour.nextPage = href => href.replace(hub.endpoint, original);
      assert.equal((await read()).files.length, 5);
    }
  });

  it('is asked at the commit, so that a push in between mixes nothing', async () => {
    await start();
    await read({ repo: REPO, revision: 'v1' } as never);
    const [info, tree] = hub.requests.map(({ path }) => path);
    assert.match(info, /\/revision\/v1\?/);
    assert.match(tree, new RegExp(`/tree/${COMMIT}\\?`));
  });

  it('is asked with nothing but the name', async () => {
    await start();
    await read();
    for (const { headers } of hub.requests)
      assert.deepEqual(
        Object.keys(headers).filter(name => !EXPECTED_HEADERS.includes(name)),
        [],
      );
  });

  it('gets the token, whatever it looks like', async () => {
    await start({ token: 'secret' });
    assert.equal((await read({ repo: REPO }, 'secret')).files.length, 5);
    await assert.rejects(read({ repo: REPO }, 'other'), refusal('hub-unauthorized', /does not accept the token/));
    await assert.rejects(read(), refusal('hub-unauthorized', /shows no model .* without a token/));
  });

  const refusals: readonly (readonly [number, string, RegExp])[] = [
    [403, 'hub-forbidden', /accept conditions first: open http:.*\/tiny-models\/llama/],
    [404, 'hub-not-found', /has no model "tiny-models\/llama"/],
    [429, 'hub-busy', /wants 90 s of quiet/],
    [500, 'hub-failed', /status 500/],
    [503, 'hub-failed', /status 503/],
  ];
  for (const [status, code, message] of refusals) {
    it(`says what to do about status ${status}`, async () => {
      await start();
      hub.misbehaviour = { refuse: () => status, retryAfterS: 90 };
      await assert.rejects(read(), refusal(code, message));
    });
  }

  it('that has not that revision says so', async () => {
    await start();
    await assert.rejects(
      read({ repo: REPO, revision: 'no-such' } as never),
      refusal('hub-not-found', /not at that revision/),
    );
  });

  it('that is no hub is told from one', async () => {
    await start();
    const fetchPage: typeof fetch = async () => new Response('<html>Log in</html>', { status: 200 });
    const connection = { endpoint: hub.endpoint, fetch: fetchPage };
    await assert.rejects(readHubModel({ repo: REPO }, connection, never), refusal('hub-failed', /as a hub does/));
  });

  it('that cannot be reached is named with the reason', async () => {
    await start();
    const endpoint = 'http://127.0.0.1:9';
    await assert.rejects(
      readHubModel({ repo: REPO }, { endpoint, fetch }, never),
      refusal('hub-unreachable', /127\.0\.0\.1:9 cannot be reached \((ECONNREFUSED|bad port)\).*proxy/),
    );
  });

  it('with a listing that does not end is given up', async () => {
    await start();
    hub.misbehaviour.tree = entries => Array.from({ length: 20_001 }, (_, i) => ({ ...entries[0], path: `${i}` }));
    await assert.rejects(read(), refusal('hub-failed', /too many files/));
  });

  it('with entries that are none is refused', async () => {
    await start();
    hub.misbehaviour.tree = () => [{ type: 'file', path: 5, size: 'large' }];
    await assert.rejects(read(), refusal('hub-failed', /without a name or a size/));
  });

  it('is not waited for when a person cancels', async () => {
    await start();
    const controller = new AbortController();
    hub.misbehaviour.refuse = () => void controller.abort();
    await assert.rejects(read({ repo: REPO }, undefined, controller.signal), isAbortError);
  });
});

/** Of the connection, not of the person. */
const EXPECTED_HEADERS = [
  'host',
  'connection',
  'accept',
  'accept-language',
  'accept-encoding',
  'sec-fetch-mode',
  'user-agent',
];
