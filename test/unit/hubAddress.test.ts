/** What people type to name a model, and what of it is none. */
import assert from 'node:assert/strict';
import { UserError } from '../../src/core/errors';
import { isEncrypted, parseEndpoint, parseHubAddress } from '../../src/host/proposals/hubAddress';
import { authorization, fileUrl } from '../../src/host/proposals/hubConnection';

const HUB = 'https://huggingface.co';
const MIRROR = 'https://models.example.com/api/hf';

describe('the address of a model', () => {
  const named: readonly (readonly [string, string, string | undefined, string?])[] = [
    ['owner/name', 'owner/name', undefined],
    ['  Owner/Na.me-1_2 ', 'Owner/Na.me-1_2', undefined],
    ['owner/name@', 'owner/name', undefined],
    ['owner/name@v1.0', 'owner/name', 'v1.0'],
    ['owner/name@refs/pr/1', 'owner/name', 'refs/pr/1'],
    ['https://huggingface.co/owner/name', 'owner/name', undefined],
    ['https://huggingface.co/owner/name/', 'owner/name', undefined],
    ['huggingface.co/owner/name', 'owner/name', undefined],
    ['hf.co/owner/name@main', 'owner/name', 'main'],
    ['https://huggingface.co/owner/name/tree/main', 'owner/name', 'main'],
    ['https://huggingface.co/owner/name/tree/refs%2Fpr%2F1', 'owner/name', 'refs/pr/1'],
    ['https://huggingface.co/owner/name/blob/v1/onnx/model.onnx', 'owner/name', 'v1'],
    ['https://huggingface.co/owner/name/resolve/v1/onnx/model.onnx?download=true', 'owner/name', 'v1'],
    ['https://huggingface.co/owner/name', 'owner/name', undefined, MIRROR],
    ['https://models.example.com/api/hf/owner/name/tree/v1', 'owner/name', 'v1', MIRROR],
  ];
  for (const [text, repo, revision, endpoint = HUB] of named) {
    it(`is read from ${text} at ${endpoint}`, () => {
      assert.deepEqual(parseHubAddress(text, endpoint), { repo, ...(revision !== undefined && { revision }) });
    });
  }

  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /names no model/],
    ['name', /names no model/],
    ['owner/', /names no model/],
    ['../name', /names no model/],
    ['owner/..', /names no model/],
    ['owner/name/more', /names no model/],
    ['owner/name@../x', /names no model/],
    ['owner/name@a b', /names no model/],
    ['owner/<script>', /names no model/],
    ['owner/na me', /names no model/],
    [`owner/${'x'.repeat(500)}`, /names no model/],
    ['https://huggingface.co/owner/%', /names no model/],
    ['https://evil.example/owner/name', /evil\.example is not the hub that is used here, huggingface\.co/],
    ['https://huggingface.co.evil.example/owner/name', /is not the hub that is used here/],
  ];
  for (const [text, reason] of refused) {
    it(`is not ${JSON.stringify(text.slice(0, 60))}`, () => {
      assert.throws(
        () => parseHubAddress(text, HUB),
        (error: unknown) => error instanceof UserError && reason.test(error.message),
      );
    });
  }
});

describe('the endpoint of a hub', () => {
  it('loses the slash at its end and keeps its path', () => {
    assert.equal(parseEndpoint('https://huggingface.co/'), HUB);
    assert.equal(parseEndpoint(`${MIRROR}/`), MIRROR);
    assert.equal(parseEndpoint(' http://127.0.0.1:8080 '), 'http://127.0.0.1:8080');
  });

  for (const text of ['', 'huggingface.co', 'ftp://a.b', 'file:///etc', 'https://a.b?x=1', 'https://me:secret@a.b']) {
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseEndpoint(text), /residual\.hub\.endpoint/);
    });
  }

  it('gets the token, nobody else does, and never in the clear', () => {
    const connection = (endpoint: string) => ({ endpoint, token: 'hf_x', fetch });
    const isSent = (endpoint: string, url: string) => 'authorization' in authorization(connection(endpoint), url);
    assert.ok(isSent(HUB, `${HUB}/api/models/a/b`));
    assert.ok(isSent('http://127.0.0.1:1234', 'http://127.0.0.1:1234/x'));
    assert.ok(!isSent('http://mirror.example', 'http://mirror.example/x'));
    assert.ok(!isSent(HUB, 'https://cdn.example/x'));
    assert.ok(!isSent(HUB, 'https://huggingface.co.evil.example/x'));
    assert.deepEqual(authorization({ endpoint: HUB, fetch }, `${HUB}/x`), {});
    assert.ok(isEncrypted(HUB) && !isEncrypted('http://mirror.example'));
  });

  it('is asked for files by names that stay names', () => {
    assert.equal(
      fileUrl(MIRROR, 'o/n', 'refs/pr/1', 'onnx/a b#?.onnx'),
      `${MIRROR}/o/n/resolve/refs%2Fpr%2F1/onnx/a%20b%23%3F.onnx`,
    );
  });
});
