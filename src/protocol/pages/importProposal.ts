/** What the page that imports a proposal and the extension say to each other: a plan, its progress, a completion to try. */
import type { ImportFormat, ImportPhase } from '../importing';

export interface ImportSourceView {
  readonly name: string;
  /** Path of the file or folder. */
  readonly place: string;
  readonly sizeBytes: number;
}

export interface FormatView {
  readonly format: ImportFormat;
  readonly sizeBytes: number;
  readonly memoryBytes: number;
  /** Estimated from a measurement; absent where it could not be made. */
  readonly speed?: { readonly tokensPerS: number; readonly firstTokenMs: number };
  /** What `residual.memoryMiB` is raised to; absent where it is enough. */
  readonly raisesMemoryTo?: number;
}

export interface ImportPlanView {
  readonly title: string;
  readonly licence: string | undefined;
  readonly family: string;
  readonly nParameters: number;
  readonly contextLength: number;
  readonly fim: boolean;
  readonly chat: boolean;
  /** At least one; the one to prefer first. */
  readonly formats: readonly FormatView[];
  readonly freeDiskBytes: number;
  readonly freeMemoryBytes: number;
  /** Left free on the disk beside what is written. */
  readonly marginBytes: number;
  /** Tokens of the prompt that the time to the first token is estimated for. */
  readonly promptTokens: number;
}

/** What the new model wrote; `text` is undefined until it has, and empty where it suggests nothing. */
export interface TrialView {
  readonly before: string;
  readonly after: string;
  readonly text: string | undefined;
  readonly problem?: string;
  readonly elapsedMs?: number;
}

export const IMPORT_ENDS = ['used', 'kept', 'deleted'] as const;

export type ImportStage =
  /** Its files are read, and this machine is measured. */
  | { readonly kind: 'looking'; readonly isMeasuring: boolean }
  | { readonly kind: 'planned'; readonly plan: ImportPlanView }
  | {
      readonly kind: 'working';
      readonly title: string;
      readonly phase: ImportPhase | 'trying';
      /** Of the phase, in [0, 1]; absent where nobody knows. */
      readonly share?: number;
    }
  /** `facts` are whole sentences. */
  | { readonly kind: 'imported'; readonly title: string; readonly facts: readonly string[]; readonly trial: TrialView }
  | { readonly kind: 'ended'; readonly title: string; readonly how: (typeof IMPORT_ENDS)[number] }
  | { readonly kind: 'failed'; readonly problem: string };

export interface ImportView {
  readonly source: ImportSourceView;
  readonly stage: ImportStage;
}

export type ToImportPage =
  /** No model was chosen, or the window was reloaded. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'state'; readonly view: ImportView }
  /** A sentence for the page's foot, and for screen readers. */
  | { readonly kind: 'said'; readonly text: string };

export type FromImportPage =
  | { readonly kind: 'ready' }
  /** Opens `Residual: Add a Proposal…`. */
  | { readonly kind: 'choose' }
  | { readonly kind: 'import'; readonly format: ImportFormat }
  | { readonly kind: 'cancel' }
  /** Looks at the same source anew. */
  | { readonly kind: 'again' }
  | { readonly kind: 'try'; readonly before: string; readonly after: string }
  | { readonly kind: 'use' }
  | { readonly kind: 'keep' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'showLog' };

const PLAIN = ['ready', 'choose', 'cancel', 'again', 'use', 'keep', 'delete', 'showLog'] as const;
/** Of a sample to complete; more is no sample. */
export const MOST_TRIAL_CHARS = 20_000;

/** @returns undefined for everything that is no message of the page; never throws. */
export function parseFromImportPage(message: unknown): FromImportPage | undefined {
  const { kind, format, before, after } =
    typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : {};
  const plain = PLAIN.find(known => known === kind);
  if (plain !== undefined) return { kind: plain };
  if (kind === 'import' && (format === 'int8' || format === 'int4')) return { kind, format };
  if (kind !== 'try' || typeof before !== 'string' || typeof after !== 'string') return undefined;
  return before.length + after.length <= MOST_TRIAL_CHARS ? { kind, before, after } : undefined;
}
