/**
 * Typed calls over any duplex byte stream: one side serves methods, the other calls them, with streamed progress,
 * cancellation and errors that keep their meaning. Knows nothing of processes, so a socket serves as well as a pipe.
 */
import type { Duplex } from 'node:stream';
import { AbortError, EngineGone, isAbortError, messageOf, UserError } from '../core/errors';
import { say } from '../core/sentence';
import { encodeFrame, FrameError, FrameReader, MAX_FRAME_BYTES } from './frames';
import type { WireError } from './messages';

/** The shape of a method map such as `EngineMethods`. */
export type Methods<M> = { [K in keyof M]: { params: unknown; result: unknown; progress: unknown } };

/** One asynchronous function per method. `signal` aborts when the caller cancels or the connection closes. */
export type Handlers<M extends Methods<M>> = {
  readonly [K in keyof M]: (
    params: M[K]['params'],
    onProgress: (progress: M[K]['progress']) => void,
    signal: AbortSignal,
  ) => Promise<M[K]['result']>;
};

export interface RpcLimits {
  readonly maxFrameBytes?: number;
}

type ToServer =
  | { readonly kind: 'request'; readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly kind: 'cancel'; readonly id: number };

type ToClient =
  | { readonly kind: 'progress'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: WireError };

/** Codes of failures that are not a `UserError`. */
const ABORTED = 'aborted';
const INTERNAL = 'internal';

/**
 * Answers the calls that arrive on `stream` until it closes. Malformed input closes the stream;
 * a handler that throws answers with an error and never takes the connection down.
 */
export function serve<M extends Methods<M>>(stream: Duplex, handlers: Handlers<M>, limits: RpcLimits = {}): void {
  const running = new Map<number, AbortController>();

  const answer = async (request: Extract<ToServer, { kind: 'request' }>) => {
    const { id, method } = request;
    const controller = new AbortController();
    running.set(id, controller);
    try {
      if (!Object.hasOwn(handlers, method)) throw new Error(`There is no method "${method}".`);
      const handler = handlers[method as keyof M];
      const onProgress = (value: unknown) => {
        if (running.has(id) && !controller.signal.aborted) channel.send({ kind: 'progress', id, value });
      };
      channel.send({
        kind: 'result',
        id,
        value: (await handler(request.params, onProgress, controller.signal)) ?? null,
      });
    } catch (error) {
      channel.send({ kind: 'error', id, error: toWire(error) });
    } finally {
      running.delete(id);
    }
  };

  const channel = openChannel<ToClient>(stream, limits, {
    onMessage(message) {
      const parsed = parseToServer(message);
      if (parsed.kind === 'cancel') running.get(parsed.id)?.abort();
      else if (running.has(parsed.id)) throw new FrameError(`Call ${parsed.id} is already running.`);
      else void answer(parsed);
    },
    onClose() {
      for (const controller of running.values()) controller.abort();
    },
  });
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: (progress: unknown) => void;
}

/** The calling side. When the stream closes, everything pending rejects with `EngineGone`. */
export class RpcClient<M extends Methods<M>> {
  readonly #pending = new Map<number, Pending>();
  readonly #channel: Channel<ToServer>;
  #lastId = 0;
  #isClosed = false;

  constructor(stream: Duplex, onClose: () => void = () => {}, limits: RpcLimits = {}) {
    this.#channel = openChannel<ToServer>(stream, limits, {
      onMessage: message => this.#receive(parseToClient(message)),
      onClose: () => {
        this.#isClosed = true;
        for (const pending of this.#pending.values()) pending.reject(closedError());
        this.#pending.clear();
        onClose();
      },
    });
  }

  /**
   * Calls `method`. An abort rejects at once and tells the other side; its late answer is dropped.
   * @throws UserError as thrown by the handler; AbortError; EngineGone; Error for a defect on the other side.
   */
  call<K extends keyof M & string>(
    method: K,
    params: M[K]['params'],
    onProgress: (progress: M[K]['progress']) => void,
    signal: AbortSignal,
  ): Promise<M[K]['result']> {
    return this.#ask(method, params, onProgress, signal, (id, reject) => {
      this.#pending.delete(id);
      reject(new AbortError());
    });
  }

  /**
   * As `call`, but an abort only tells the other side: what that one answers once it has put everything away settles the
   * call. For work that must not be left half done.
   */
  callToEnd<K extends keyof M & string>(
    method: K,
    params: M[K]['params'],
    onProgress: (progress: M[K]['progress']) => void,
    signal: AbortSignal,
  ): Promise<M[K]['result']> {
    return this.#ask(method, params, onProgress, signal, () => {});
  }

  #ask(
    method: string,
    params: unknown,
    onProgress: (progress: never) => void,
    signal: AbortSignal,
    afterAbort: (id: number, reject: (error: Error) => void) => void,
  ): Promise<unknown> {
    return new Promise<unknown>((resolve, reject) => {
      if (signal.aborted) return reject(new AbortError());
      if (this.#isClosed) return reject(closedError());
      const id = ++this.#lastId;
      const onAbort = () => {
        this.#channel.send({ kind: 'cancel', id });
        afterAbort(id, reject);
      };
      const settled = <T>(settle: (value: T) => void) => {
        return (value: T) => {
          signal.removeEventListener('abort', onAbort);
          settle(value);
        };
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#pending.set(id, {
        resolve: settled(resolve),
        reject: settled(reject),
        onProgress: onProgress as (progress: unknown) => void,
      });
      try {
        this.#channel.send({ kind: 'request', id, method, params });
      } catch (error) {
        this.#take(id)?.reject(error as Error);
      }
    });
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #receive(message: ToClient): void {
    switch (message.kind) {
      case 'progress':
        this.#pending.get(message.id)?.onProgress(message.value);
        return;
      case 'result':
        this.#take(message.id)?.resolve(message.value);
        return;
      case 'error':
        this.#take(message.id)?.reject(fromWire(message.error));
        return;
    }
  }
}

interface Channel<Out> {
  send(message: Out): void;
}

function openChannel<Out>(
  stream: Duplex,
  { maxFrameBytes = MAX_FRAME_BYTES }: RpcLimits,
  on: { onMessage(message: unknown): void; onClose(): void },
): Channel<Out> {
  const reader = new FrameReader(maxFrameBytes);
  stream.on('data', (chunk: Uint8Array) => {
    try {
      for (const message of reader.push(chunk)) on.onMessage(message);
    } catch (error) {
      // Past a bad frame the stream has no meaning: there is no place to resume reading at.
      if (!(error instanceof FrameError)) throw error;
      stream.destroy();
    }
  });
  // A reset or a broken pipe is followed by 'close', which is where pending calls are settled.
  stream.on('error', () => {});
  // A half-closed peer can never answer again.
  stream.on('end', () => stream.destroy());
  stream.on('close', () => on.onClose());
  return {
    send(message) {
      if (!stream.destroyed) stream.write(encodeFrame(message, maxFrameBytes));
    },
  };
}

function closedError(): EngineGone {
  return new EngineGone(say`The engine closed its connection.`);
}

function toWire(error: unknown): WireError {
  if (error instanceof UserError) return { code: error.code, message: error.message, sentence: error.sentence };
  if (isAbortError(error)) return { code: ABORTED, message: messageOf(error) };
  return { code: INTERNAL, message: messageOf(error) };
}

function fromWire({ code, message, sentence }: WireError): Error {
  if (code === ABORTED) return new AbortError();
  if (code === INTERNAL) return new Error(message);
  return new UserError(code, sentence ?? message);
}

function parseToServer(message: unknown): ToServer {
  const { kind, id, method } = fields(message);
  if (kind === 'cancel' && typeof id === 'number') return message as ToServer;
  if (kind === 'request' && typeof id === 'number' && typeof method === 'string') return message as ToServer;
  throw new FrameError('A message to the engine has an unknown shape.');
}

function parseToClient(message: unknown): ToClient {
  const { kind, id, error } = fields(message);
  if ((kind === 'progress' || kind === 'result') && typeof id === 'number') return message as ToClient;
  const { code, message: text } = kind === 'error' ? fields(error) : {};
  if (typeof id === 'number' && typeof code === 'string' && typeof text === 'string') return message as ToClient;
  throw new FrameError('A message from the engine has an unknown shape.');
}

function fields(message: unknown): Readonly<Record<string, unknown>> {
  if (typeof message !== 'object' || message === null) throw new FrameError('A message is not an object.');
  return message as Record<string, unknown>;
}
