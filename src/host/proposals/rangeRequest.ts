/**
 * One request for a file's content from some byte on: what the server answers, checked before any of it is believed, and
 * given up when it falls silent.
 */
import { UserError } from '../../core/errors';
import { say } from '../../core/sentence';
import { authorization, type HubConnection, type HubFile } from './hubConnection';
import { CutConnection, HttpRefusal, retryAfterMs } from './hubErrors';

export interface Answer {
  readonly body: AsyncIterable<Uint8Array>;
  /** Where its content begins: 0 when the server does not go on where it was asked to. */
  readonly startBytes: number;
  readonly etag: string | undefined;
}

/** Content that goes on behind what is here already. */
export interface Range {
  readonly startBytes: number;
  /** The strong etag that what is here came with. */
  readonly etag: string | undefined;
}

/** @throws UserError when the content is of another size; HttpRefusal; CutConnection; network errors */
export async function requestContent(
  url: string,
  wanted: HubFile,
  { startBytes, etag }: Range,
  connection: HubConnection,
  stallMs: number,
  signal: AbortSignal,
): Promise<Answer> {
  const stall = new Stall(stallMs);
  try {
    const response = await connection.fetch(url, {
      headers: {
        ...authorization(connection, url),
        // Ranges are of the content as it is.
        'accept-encoding': 'identity',
        ...(startBytes > 0 && { range: `bytes=${startBytes}-` }),
        ...(startBytes > 0 && etag !== undefined && { 'if-range': etag }),
      },
      signal: AbortSignal.any([signal, stall.signal]),
    });
    if (!response.ok || response.body === null) {
      throw new HttpRefusal(response.status, retryAfterMs(response.headers, Date.now()));
    }
    const answer = { startBytes: startOf(response, startBytes), etag: strongEtag(response) };
    checkLength(response, wanted, answer.startBytes);
    return { ...answer, body: stall.watch(response.body) };
  } catch (error) {
    stall.end();
    throw error;
  }
}

/** A server that ignores ranges begins at the start; one that answers with another range is not believed. */
function startOf(response: Response, askedBytes: number): number {
  if (response.status !== 206) return 0;
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (Number(start) !== askedBytes) throw new CutConnection('The server answered with another range.');
  return askedBytes;
}

/** Before a page of a proxy or a login is taken for content. */
function checkLength({ headers }: Response, { name, sizeBytes }: HubFile, startBytes: number): void {
  const length = headers.get('content-length');
  if (length === null || (headers.get('content-encoding') ?? 'identity') !== 'identity') return;
  if (Number(length) !== sizeBytes - startBytes) throw wrongSize(name);
}

/** A weak one does not promise the same bytes. */
function strongEtag(response: Response): string | undefined {
  const etag = response.headers.get('etag');
  return etag?.startsWith('"') ? etag : undefined;
}

/** Ends a connection that has gone silent. */
class Stall {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout;

  constructor(private readonly ms: number) {
    this.#timer = this.#start();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  async *watch(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    try {
      for await (const piece of body) {
        // Writing to a slow disk is no silence of the server's.
        this.end();
        yield piece;
        this.#timer = this.#start();
      }
    } finally {
      this.end();
    }
  }

  #start(): NodeJS.Timeout {
    const seconds = Math.round(this.ms / 1000);
    const reason = new CutConnection(`The connection was silent for ${seconds} s.`);
    return setTimeout(() => this.#controller.abort(reason), this.ms);
  }
}

export function wrongSize(name: string): UserError {
  return new UserError(
    'hub-wrong-size',
    say`What comes for ${name} has another size than the hub lists, so it is not that file. Try again later, or check residual.hub.endpoint and the network.`,
  );
}
