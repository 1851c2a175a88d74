/**
 * What a Hugging Face hub, or a mirror of one, says of a model: licence, commit, files with sizes and checksums. The only
 * file that knows the hub's library, and imported only once a person has agreed to the connection.
 */
import { HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { throwIfAborted, UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import type { HubAddress } from './hubAddress';
import { authorization, type HubConnection, type HubFile } from './hubConnection';
import { explained, HttpRefusal, retryAfterMs } from './hubErrors';

export interface HubModel {
  readonly repo: string;
  /** The commit, so that all files are of one state; what was asked for where the server names none. */
  readonly revision: string;
  readonly licence: string | undefined;
  readonly files: readonly HubFile[];
}

const TIMEOUT_MS = 30_000;
/** A listing beyond these is no model's. */
const MOST_FILES = 20_000;
const MOST_ANSWER_BYTES = 16 * 1024 * 1024;

/** @throws UserError that says what the hub refused and what to do; AbortError */
export async function readHubModel(
  { repo, revision = 'main' }: HubAddress,
  connection: HubConnection,
  signal: AbortSignal,
): Promise<HubModel> {
  const { endpoint } = connection;
  const fetch = apiFetch(connection, signal);
  try {
    const info = await modelInfo({
      name: repo,
      revision,
      hubUrl: endpoint,
      fetch,
      additionalFields: ['sha', 'tags', 'cardData'],
    });
    const commit = typeof info.sha === 'string' && /^[0-9a-f]{40,64}$/.test(info.sha) ? info.sha : revision;
    const files: HubFile[] = [];
    const listing = { repo, revision: encodeURIComponent(commit), recursive: true, hubUrl: endpoint, fetch };
    for await (const entry of listFiles(listing)) {
      if (files.length >= MOST_FILES) throw new UserError('hub-failed', say`"${repo}" has too many files for a model.`);
      if (entry.type === 'file') files.push(fileOf(entry));
    }
    return { repo, revision: commit, licence: licenceOf(info.cardData, info.tags), files };
  } catch (error) {
    throwIfAborted(signal);
    const reason = error instanceof HubApiError ? new HttpRefusal(error.statusCode, waits.get(fetch)) : error;
    throw explained(reason, { endpoint, repo, hasToken: connection.token !== undefined });
  }
}

/** What a server asked to wait, by the fetch that it answered: the library's error does not tell. */
const waits = new WeakMap<typeof fetch, number>();

function apiFetch(connection: HubConnection, signal: AbortSignal): typeof fetch {
  const self: typeof fetch = async (input, init) => {
    const url = onEndpoint(connection.endpoint, String(input));
    const response = await connection.fetch(url, {
      ...init,
      headers: { ...(init?.headers as Record<string, string>), ...authorization(connection, url) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const waitMs = retryAfterMs(response.headers, Date.now());
    if (waitMs !== undefined) waits.set(self, waitMs);
    return limited(response);
  };
  return self;
}

/** A mirror's list of files may go on at the original: it is asked for at the endpoint, the only place agreed to. */
function onEndpoint(endpoint: string, address: string): string {
  const url = new URL(address, `${endpoint}/`);
  const { origin, pathname } = new URL(endpoint);
  const isBelow = pathname !== '/' && url.pathname.startsWith(`${pathname}/`);
  return `${isBelow ? origin : endpoint}${url.pathname}${url.search}`;
}

async function limited(response: Response): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.length;
    if (sizeBytes > MOST_ANSWER_BYTES)
      throw new UserError('hub-failed', say`The hub answers with more than a listing.`);
    chunks.push(chunk);
  }
  const { status, headers } = response;
  if (response.ok && !/json/.test(headers.get('content-type') ?? '')) throw new HttpRefusal(status, undefined);
  return new Response(sizeBytes === 0 ? null : Buffer.concat(chunks), { status, headers });
}

function fileOf(entry: { path: string; size: number; oid?: string; lfs?: { oid: string; size: number } }): HubFile {
  const { path: name, lfs } = entry;
  const sizeBytes = lfs?.size ?? entry.size;
  if (typeof name !== 'string' || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    throw new UserError('hub-failed', say`The hub lists a file without a name or a size. Check residual.hub.endpoint.`);
  }
  const sha256 = /^(?:sha256:)?([0-9a-f]{64})$/.exec(lfs?.oid ?? '')?.[1];
  const gitSha1 = lfs === undefined ? /^[0-9a-f]{40}$/.exec(entry.oid ?? '')?.[0] : undefined;
  return { name, sizeBytes, ...(sha256 !== undefined && { sha256 }), ...(gitSha1 !== undefined && { gitSha1 }) };
}

function licenceOf(card: unknown, tags: unknown): string | undefined {
  const { license, license_name } = (typeof card === 'object' && card !== null ? card : {}) as Record<string, unknown>;
  const named = typeof license_name === 'string' && license === 'other' ? license_name : license;
  if (typeof named === 'string' && named !== '') return named.slice(0, 100);
  const tag = Array.isArray(tags) ? tags.find(one => typeof one === 'string' && one.startsWith('license:')) : undefined;
  return (tag as string | undefined)?.slice('license:'.length, 100);
}
