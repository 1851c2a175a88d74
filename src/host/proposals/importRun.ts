/**
 * One import from the choice of a source to a proposal that was tried: what stage it is in, and what may happen next. Shows
 * nothing and asks nobody; whoever shows it listens.
 */
import { isAbortError, UserError } from '../../core/errors';
import type { CompletionText } from '../../core/fim';
import { say } from '../../core/sentence';
import type { ImportFormat, ImportPlan, MachineSpeed } from '../../protocol/importing';
import type { InspectResult } from '../../protocol/inspection';
import type { WithImporter } from './importer';
import { type ImportModelParts, type ImportStep, importModel } from './importModel';
import { freeId } from './proposalStore';

export interface ImportSource {
  /** As people call it. */
  readonly name: string;
  /** Absolute path of a GGUF, of the first file of a split one, or of a folder with safetensors. */
  readonly source: string;
  readonly sizeBytes: number;
  /** What its program or hub says, which counts more than the file does. */
  readonly licence?: string;
  readonly sha256?: string;
  /** Removes what was there for the import alone; called once it is a proposal, or nobody wants it to be one. */
  readonly discard?: () => Promise<void>;
}

export interface Imported {
  readonly id: string;
  readonly title: string;
  readonly report: InspectResult;
}

export type ImportRunStage =
  | { readonly kind: 'looking'; readonly isMeasuring: boolean }
  | { readonly kind: 'planned'; readonly plan: ImportPlan; readonly speeds: readonly MachineSpeed[] }
  | { readonly kind: 'working'; readonly title: string; readonly step: ImportStep }
  | { readonly kind: 'imported'; readonly imported: Imported; readonly trial: Trial }
  | { readonly kind: 'ended'; readonly title: string; readonly how: 'used' | 'kept' | 'deleted' }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface Trial {
  readonly before: string;
  readonly after: string;
  readonly text?: string;
  readonly error?: unknown;
  readonly elapsedMs?: number;
}

export interface ImportRunParts extends ImportModelParts {
  readonly withImporter: WithImporter;
  /** Of one pass, as completions have. */
  readonly nThreads: () => number;
  /** Ids that proposals have already. */
  readonly taken: () => Promise<readonly string[]>;
  /** What the new proposal writes there, without a module. */
  readonly complete: (proposal: Imported, text: CompletionText, signal: AbortSignal) => Promise<string>;
  readonly now: () => number;
  readonly onChange: () => void;
}

/** What is completed first. */
export const SAMPLE = {
  path: 'src/words.ts',
  before: `/** The longest word of a text; the first one of several. */
export function longestWord(text: string): string {
  const words = text.split(/\\s+/);
  let longest = '';
  for (const word of words) {
    `,
  after: `
  }
  return longest;
}
`,
} as const;

export class ImportRun {
  #stage: ImportRunStage = { kind: 'looking', isMeasuring: false };
  #running = new AbortController();
  /** Settles when the last piece of work has. */
  #work: Promise<void> = Promise.resolve();

  constructor(
    readonly source: ImportSource,
    private readonly parts: ImportRunParts,
  ) {}

  get stage(): ImportRunStage {
    return this.#stage;
  }

  /** Whether something would be lost if it ended now. */
  get isWorking(): boolean {
    return this.#stage.kind === 'working';
  }

  /** Reads what the files say and measures the machine. */
  look(): Promise<void> {
    const { withImporter, nThreads } = this.parts;
    return this.#do(async signal => {
      this.#to({ kind: 'looking', isMeasuring: false });
      await withImporter(async importer => {
        const plan = await importer.call('plan', { source: this.source.source });
        if (signal.aborted) return;
        this.#to({ kind: 'looking', isMeasuring: true });
        // Without a figure the plan is still one.
        const speeds = await importer.call('measure', { threads: nThreads() }).catch(error => {
          if (isAbortError(error)) throw error;
          return [];
        });
        this.#to({ kind: 'planned', plan, speeds });
      }, signal);
    });
  }

  /** @param plan of the stage before, whose formats it has one of */
  import(format: ImportFormat): Promise<void> {
    if (this.#stage.kind !== 'planned') return Promise.resolve();
    const { plan } = this.#stage;
    const sizeBytes = plan.formats.find(one => one.format === format)?.sizeBytes;
    if (sizeBytes === undefined) return Promise.resolve();
    const title = `${plan.title} (${format})`;
    return this.#do(async signal => {
      this.#to({ kind: 'working', title, step: { phase: 'reading', done: 0, total: 0 } });
      const id = freeId(`${plan.title}-${format}`, await this.parts.taken());
      const { source, sha256, licence = plan.licence } = this.source;
      const wanted = { source, id, title, licence, format, sizeBytes, ...(sha256 !== undefined && { sha256 }) };
      const onStep = (step: ImportStep) => {
        if (!signal.aborted) this.#to({ kind: 'working', title, step });
      };
      const report = await importModel(this.parts, wanted, onStep, signal);
      const imported = { id, title, report };
      this.#to({ kind: 'imported', imported, trial: SAMPLE });
      await this.#discard();
    });
  }

  /** Completes a text with what was imported. */
  try(before: string, after: string): Promise<void> {
    if (this.#stage.kind !== 'imported') return Promise.resolve();
    const { imported } = this.#stage;
    const show = (trial: Trial) => {
      // It may have been decided about meanwhile.
      if (this.#stage.kind === 'imported') this.#to({ kind: 'imported', imported, trial });
    };
    return this.#do(async signal => {
      show({ before, after });
      const startedMs = this.parts.now();
      const lineEnd = after.indexOf('\n');
      const lineRest = lineEnd < 0 ? after : after.slice(0, lineEnd);
      const suffix = lineEnd < 0 ? '' : after.slice(lineEnd);
      const asked = { path: SAMPLE.path, prefix: before, lineRest, suffix: suffix.slice(1), neighbours: [] };
      try {
        const text = await this.parts.complete(imported, asked, signal);
        show({ before, after, text, elapsedMs: this.parts.now() - startedMs });
      } catch (error) {
        if (!isAbortError(error)) show({ before, after, error });
      }
    });
  }

  /** Ends what is going on; nothing of it is left. */
  async cancel(): Promise<void> {
    this.#running.abort();
    await this.#work;
    if (this.isWorking) await this.look();
  }

  /** What became of it. */
  end(how: 'used' | 'kept' | 'deleted'): void {
    if (this.#stage.kind !== 'imported') return;
    this.#running.abort();
    this.#to({ kind: 'ended', title: this.#stage.imported.title, how });
  }

  /** Ends it for good: the window closes, or another source was chosen. */
  async close(): Promise<void> {
    this.#running.abort();
    await this.#work;
  }

  /** One piece of work after the other; a new one ends the one before. */
  #do(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#running.abort();
    const controller = new AbortController();
    this.#running = controller;
    const before = this.#work;
    this.#work = before.then(async () => {
      if (controller.signal.aborted) return;
      try {
        await work(controller.signal);
      } catch (error) {
        if (!controller.signal.aborted && !isAbortError(error)) this.#to({ kind: 'failed', error });
      }
    });
    return this.#work;
  }

  async #discard(): Promise<void> {
    // What cannot be removed is listed where it can be.
    await this.source.discard?.().catch(() => {});
  }

  #to(stage: ImportRunStage): void {
    this.#stage = stage;
    this.parts.onChange();
  }
}

/** @throws UserError */
export function busy(name: string): UserError {
  return new UserError(
    'import-busy',
    say`${name} is being imported. Wait until it is done, or cancel it, before another one is.`,
  );
}
