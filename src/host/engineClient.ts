/**
 * Calls the engine, starting its process when it is first needed, stopping it when it has been idle for long and
 * starting another after a crash. Requests are self-contained, so none of this needs a replay.
 */
import path from 'node:path';
import { EngineGone, messageOf } from '../core/errors';
import { say } from '../core/sentence';
import type { EngineLimits, EngineMethods } from '../protocol/messages';
import { RpcClient } from '../protocol/rpc';
import { type EngineProcess, startEngine } from './engineProcess';
import { Watchdog, type WatchLimits } from './watchdog';

/** `idle`: not needed yet. `starting`: until it has answered what it was started for, which may take models. `stopped`: was idle for long, or disposed. `failed`: crashed and not started again yet. */
export type EngineState = 'idle' | 'starting' | 'ready' | 'stopped' | 'failed';

export interface EngineClientOptions {
  /** dist/engine.js. */
  readonly script: string;
  /** The shipped models; beside dist/ when absent. */
  readonly modelsDir?: string;
  readonly execPath?: string;
  readonly limits?: EngineLimits;
  /** The process stops after this time without a call. */
  readonly idleMs?: number;
  /** When an engine that says nothing is taken to hang. */
  readonly watch?: WatchLimits;
  /** Lines that the engine prints (`debug`) and how it ended (`warn` where nobody asked it to); never code. */
  readonly onLog?: (line: string, level: 'warn' | 'debug') => void;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

const IDLE_MS = 10 * 60_000;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 30_000;

type Methods = EngineMethods;

/** A new engine answers these as the one that ended would have: whoever was typing should not notice. */
const ASKED_AGAIN: ReadonlySet<keyof Methods> = new Set(['complete', 'warm']);

interface Connection {
  readonly process: EngineProcess;
  readonly rpc: RpcClient<Methods>;
  readonly watchdog: Watchdog;
  /** It has answered. */
  isUp: boolean;
}

export class EngineClient {
  #state: EngineState = 'idle';
  #connection: Connection | undefined;
  /** Engines that were told to end. */
  readonly #dismissed = new WeakSet<EngineProcess>();
  #limits: EngineLimits | undefined;
  #nRunning = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  /** Crashes since the last answer. */
  #nCrashes = 0;
  #notBeforeMs = 0;
  #isDisposed = false;
  readonly #listeners = new Set<(state: EngineState) => void>();

  constructor(private readonly options: EngineClientOptions) {
    this.#limits = options.limits;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Process id of the running engine, for diagnostics. */
  get pid(): number | undefined {
    return this.#connection?.process.pid;
  }

  onDidChangeState(listener: (state: EngineState) => void): { dispose(): void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /**
   * Calls a method, starting the engine when it is not running.
   * @throws UserError; AbortError; EngineGone when the engine ends meanwhile or crashed too often to start again now.
   */
  call<K extends keyof Methods>(
    method: K,
    params: Methods[K]['params'],
    signal: AbortSignal,
  ): Promise<Methods[K]['result']> {
    return this.stream(method, params, () => {}, signal);
  }

  /**
   * As `call`, hearing the progress that the method streams. A completion whose engine ends is asked for once more, and
   * its progress then starts over.
   */
  async stream<K extends keyof Methods>(
    method: K,
    params: Methods[K]['params'],
    onProgress: (progress: Methods[K]['progress']) => void,
    signal: AbortSignal,
  ): Promise<Methods[K]['result']> {
    try {
      return await this.#ask(method, params, onProgress, signal);
    } catch (error) {
      if (!(error instanceof EngineGone) || !ASKED_AGAIN.has(method) || signal.aborted) throw error;
      return this.#ask(method, params, onProgress, signal);
    }
  }

  /** Holds from now on, also for engines started later. */
  setLimits(limits: EngineLimits): void {
    this.#limits = limits;
    if (this.#connection) this.#sendLimits(this.#connection.rpc);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#stop();
    this.#listeners.clear();
  }

  async #ask<K extends keyof Methods>(
    method: K,
    params: Methods[K]['params'],
    onProgress: (progress: Methods[K]['progress']) => void,
    signal: AbortSignal,
  ): Promise<Methods[K]['result']> {
    const { rpc, watchdog } = this.#connect();
    this.#nRunning++;
    clearTimeout(this.#idleTimer);
    watchdog.begin();
    try {
      const result = await rpc.call(method, params, onProgress, signal);
      this.#nCrashes = 0;
      return result;
    } finally {
      watchdog.end();
      this.#nRunning--;
      this.#showReady();
      this.#waitForIdle();
    }
  }

  #connect(): Connection {
    if (this.#connection) return this.#connection;
    if (this.#isDisposed) throw new EngineGone(say`The engine was shut down.`);
    const waitMs = this.#notBeforeMs - this.#now();
    if (waitMs > 0) {
      throw new EngineGone(
        say`The engine ended ${this.#nCrashes} times; it starts again in ${Math.ceil(waitMs / 1000)} s.`,
      );
    }
    this.#setState('starting');
    const {
      script,
      modelsDir = path.join(path.dirname(script), '..', 'models'),
      execPath = process.execPath,
    } = this.options;
    const engine = startEngine(
      { script, modelsDir, execPath },
      line => this.#log(line),
      reason => {
        this.#log(`The engine ended: ${reason}.`, this.#dismissed.has(engine) ? 'debug' : 'warn');
        this.#lose(engine);
      },
    );
    const rpc = new RpcClient<Methods>(engine.channel, () => this.#lose(engine));
    const connection = { process: engine, rpc, watchdog: this.#watch(engine, rpc), isUp: false };
    this.#connection = connection;
    this.#sendLimits(rpc);
    return connection;
  }

  #watch({ channel }: EngineProcess, rpc: RpcClient<Methods>): Watchdog {
    const watchdog = new Watchdog(silentMs => {
      this.#log(`The engine said nothing for ${Math.round(silentMs / 1000)} s and is ended.`, 'warn');
      channel.destroy();
    }, this.options.watch);
    channel.on('data', () => watchdog.heard());
    channel.on('close', () => watchdog.dispose());
    const { signal } = new AbortController();
    rpc.call('pulse', null, ({ blockedMs }) => watchdog.allow(blockedMs), signal).catch(() => {});
    return watchdog;
  }

  /** The first message. Later calls are queued behind it in the pipe. */
  #sendLimits(rpc: RpcClient<Methods>): void {
    const { signal } = new AbortController();
    const started = this.#limits
      ? rpc.call('limits', this.#limits, () => {}, signal)
      : rpc.call('status', null, () => {}, signal);
    started.then(
      () => {
        if (this.#connection?.rpc !== rpc) return;
        this.#connection.isUp = true;
        // What is asked for already may have models to load.
        if (this.#nRunning === 0) this.#showReady();
      },
      error => {
        if (!(error instanceof EngineGone)) this.#log(`The engine refused its limits: ${messageOf(error)}`);
      },
    );
  }

  #showReady(): void {
    if (this.#connection?.isUp) this.#setState('ready');
  }

  /** The process or its channel ended, whichever is noticed first, without being asked to. */
  #lose(engine: EngineProcess): void {
    if (this.#connection?.process !== engine) return;
    this.#connection = undefined;
    engine.kill();
    this.#nCrashes++;
    // The first restart is immediate: whoever was typing should not notice.
    const backoffMs = this.#nCrashes === 1 ? 0 : FIRST_BACKOFF_MS * 2 ** (this.#nCrashes - 2);
    this.#notBeforeMs = this.#now() + Math.min(backoffMs, LONGEST_BACKOFF_MS);
    this.#setState('failed');
  }

  #waitForIdle(): void {
    clearTimeout(this.#idleTimer);
    if (this.#nRunning > 0 || !this.#connection) return;
    this.#idleTimer = setTimeout(() => this.#stop(), this.options.idleMs ?? IDLE_MS);
    this.#idleTimer.unref();
  }

  #stop(): void {
    clearTimeout(this.#idleTimer);
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection) {
      this.#dismissed.add(connection.process);
      connection.process.kill();
      connection.process.channel.destroy();
    }
    this.#setState('stopped');
  }

  #setState(state: EngineState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }

  #log(line: string, level: 'warn' | 'debug' = 'debug'): void {
    this.options.onLog?.(line, level);
  }

  #now(): number {
    return this.options.now?.() ?? performance.now();
  }
}
