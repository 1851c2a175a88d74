/**
 * A server on the loopback interface that speaks the hub's HTTP API as far as it is used: model info, the tree with pages,
 * resolve with redirects to a storage of another origin, ranges and etags; and that misbehaves as a test wants.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

export const COMMIT = 'c0ffee'.padEnd(40, '0');

export interface HubRequest {
  /** Of the hub itself, or of the storage that it redirects to. */
  readonly on: 'hub' | 'storage';
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
}

export interface Misbehaviour {
  /** A status instead of an answer, by request. */
  refuse?: ((request: HubRequest) => number | undefined) | undefined;
  retryAfterS?: number;
  /** Content ends after so many bytes, once for each number, where there are more. */
  cutAfter?: number[];
  /** Content stops after so many bytes, and the connection stays. */
  hangAfter?: number | undefined;
  ignoresRanges?: boolean;
  /** Other bytes than listed, of the same length. */
  damages?: boolean;
  /** Says no length, as a proxy that passes pieces on. */
  hidesLength?: boolean;
  etag?: string;
  /** Sent instead of every content. */
  page?: string | undefined;
  /** Where the next page of the tree is said to be. */
  nextPage?: (href: string) => string;
  /** The tree, before it is cut in pages. */
  tree?: (entries: object[]) => object[];
}

export interface HubOptions {
  /** Without it everything is refused as unknown. */
  readonly token?: string;
  readonly pageSize?: number;
  /** Where the API begins, as behind a mirror's path. */
  readonly prefix?: string;
}

type Files = ReadonlyMap<string, Buffer>;

export class HubServer {
  readonly requests: HubRequest[] = [];
  misbehaviour: Misbehaviour = {};
  readonly #models = new Map<string, Files>();
  readonly #hub = http.createServer((request, response) => this.#onHub(request, response));
  readonly #storage = http.createServer((request, response) => this.#onStorage(request, response));

  private constructor(private readonly options: HubOptions) {}

  static async start(options: HubOptions = {}): Promise<HubServer> {
    const server = new HubServer(options);
    await Promise.all([server.#hub, server.#storage].map(listen));
    return server;
  }

  get endpoint(): string {
    return `${originOf(this.#hub)}${this.options.prefix ?? ''}`;
  }

  /** Requests for content, as method-less paths with the range that was asked for. */
  get ranges(): (string | undefined)[] {
    return this.requests.filter(({ on }) => on === 'storage').map(({ headers }) => headers.range);
  }

  /** @param files by name, or a folder in the Hugging Face layout */
  add(repo: string, files: Readonly<Record<string, Buffer>> | string): void {
    const entries = typeof files === 'string' ? readFolder(files) : Object.entries(files);
    this.#models.set(repo, new Map(entries));
  }

  async stop(): Promise<void> {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    }
  }

  #onHub(request: http.IncomingMessage, response: http.ServerResponse): void {
    const seen = this.#record('hub', request);
    const { token, prefix = '' } = this.options;
    const isKnown = token === undefined || request.headers.authorization === `Bearer ${token}`;
    const refusal = this.misbehaviour.refuse?.(seen) ?? (isKnown ? undefined : 401);
    const url = new URL(seen.path, originOf(this.#hub));
    const at = url.pathname.slice(prefix.length);
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(at);
    const resolve = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(at);
    const repo = (api ?? resolve)?.[1] ?? '';
    const files = url.pathname.startsWith(prefix) ? this.#models.get(repo) : undefined;
    const revision = decodeURIComponent(api?.[3] ?? resolve?.[2] ?? '');
    if (refusal !== undefined) this.#refuse(response, refusal, 'Refused');
    else if (files === undefined) this.#refuse(response, 404, 'RepoNotFound');
    else if (!['main', 'v1', COMMIT].includes(revision)) this.#refuse(response, 404, 'RevisionNotFound');
    else if (api?.[2] === 'revision') sendJson(response, infoOf(repo));
    else if (api) this.#sendTree(response, url, files);
    else this.#sendFile(request, response, decodeURIComponent(resolve?.[3] ?? ''), files);
  }

  #sendFile(request: http.IncomingMessage, response: http.ServerResponse, name: string, files: Files): void {
    const content = files.get(name);
    if (content === undefined) this.#refuse(response, 404, 'EntryNotFound');
    else if (!isLarge(name)) this.#sendContent(request, response, content, `"${gitSha1(content)}"`);
    else {
      response.writeHead(302, {
        location: `${originOf(this.#storage)}/${sha256(content)}?signature=some`,
        'x-linked-etag': `"${sha256(content)}"`,
        'x-linked-size': content.length,
        'x-repo-commit': COMMIT,
      });
      response.end();
    }
  }

  #onStorage(request: http.IncomingMessage, response: http.ServerResponse): void {
    const seen = this.#record('storage', request);
    const hash = seen.path.slice(1, 65);
    const contents = [...this.#models.values()].flatMap(files => [...files.values()]);
    const content = contents.find(one => sha256(one) === hash);
    const refusal = this.misbehaviour.refuse?.(seen) ?? (content === undefined ? 404 : undefined);
    if (refusal !== undefined || content === undefined) this.#refuse(response, refusal ?? 404);
    else this.#sendContent(request, response, content, `"${hash}"`);
  }

  #record(on: HubRequest['on'], { url = '', headers }: http.IncomingMessage): HubRequest {
    const seen = { on, path: url, headers };
    this.requests.push(seen);
    return seen;
  }

  #refuse(response: http.ServerResponse, status: number, code = ''): void {
    const { retryAfterS } = this.misbehaviour;
    if (status === 429 && retryAfterS !== undefined) response.setHeader('retry-after', retryAfterS);
    response.writeHead(status, { 'content-type': 'application/json', 'x-error-code': code });
    response.end(JSON.stringify({ error: `Refused with ${status}.` }));
  }

  #sendTree(response: http.ServerResponse, url: URL, files: Files): void {
    const entries = [...files].map(([name, content]) => entryOf(name, content));
    const folders = [...new Set([...files.keys()].flatMap(name => name.match(/^.+(?=\/)/)?.[0] ?? []))];
    const listed = [...entries, ...folders.map(name => ({ type: 'directory', path: name, size: 0, oid: '' }))];
    const all = this.misbehaviour.tree?.(listed) ?? listed;
    const pageSize = this.options.pageSize ?? all.length;
    const start = Number(url.searchParams.get('cursor') ?? 0);
    const end = start + pageSize;
    if (end < all.length) {
      url.searchParams.set('cursor', String(end));
      const { nextPage = href => href } = this.misbehaviour;
      const next = nextPage(url.href);
      response.setHeader('link', `<${next}>; rel="next"`);
    }
    sendJson(response, all.slice(start, end));
  }

  #sendContent(request: http.IncomingMessage, response: http.ServerResponse, whole: Buffer, right: string): void {
    const { ignoresRanges, damages, cutAfter, hangAfter, hidesLength, page, etag = right } = this.misbehaviour;
    const { range, 'if-range': ifRange } = request.headers;
    const asked = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const isRange = range !== undefined && !ignoresRanges && (ifRange === undefined || ifRange === etag);
    const start = isRange ? asked : 0;
    if (page !== undefined) {
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': Buffer.byteLength(page) });
      response.end(page);
    } else if (isRange && asked >= whole.length) {
      this.#refuse(response, 416);
    } else {
      const content = Buffer.from(whole.subarray(start));
      if (damages && content.length > 0) content[content.length - 1] ^= 1;
      response.writeHead(isRange ? 206 : 200, {
        ...(etag !== '' && { etag }),
        ...(isRange && { 'content-range': `bytes ${start}-${whole.length - 1}/${whole.length}` }),
        ...(!hidesLength && { 'content-length': content.length }),
      });
      const cut = cutAfter !== undefined && cutAfter[0] < content.length ? cutAfter.shift() : undefined;
      if (cut !== undefined) response.write(content.subarray(0, cut), () => response.destroy());
      else if (hangAfter !== undefined) response.write(content.subarray(0, hangAfter));
      else response.end(content);
    }
  }
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function gitSha1(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

/** As the hub's own attributes decide. */
function isLarge(name: string): boolean {
  return /\.(onnx|safetensors|bin)$|_data(_\d+)?$/.test(name);
}

function entryOf(name: string, content: Buffer): object {
  const plain = { type: 'file', path: name, size: content.length, oid: gitSha1(content) };
  if (!isLarge(name)) return plain;
  const lfs = { oid: sha256(content), size: content.length, pointerSize: 134 };
  return { ...plain, oid: gitSha1(Buffer.from('pointer')), lfs, xetHash: sha256(Buffer.from('xet')) };
}

function infoOf(repo: string): object {
  return {
    _id: '1',
    id: repo,
    sha: COMMIT,
    private: false,
    gated: false,
    downloads: 1,
    likes: 0,
    lastModified: '2025-01-01T00:00:00.000Z',
    pipeline_tag: 'text-generation',
    tags: ['onnx', 'license:apache-2.0'],
    cardData: { license: 'apache-2.0' },
  };
}

function readFolder(dir: string): [string, Buffer][] {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map(name => name.split(path.sep).join('/'));
  return names
    .filter(name => statSync(path.join(dir, name)).isFile())
    .map(name => [name, readFileSync(path.join(dir, name))]);
}

function sendJson(response: http.ServerResponse, json: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(json));
}

function listen(server: http.Server): Promise<void> {
  return new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
}

function originOf(server: http.Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
