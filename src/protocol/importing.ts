/**
 * What crosses the border between whoever wants a model imported (the extension host, a terminal) and the importer: which
 * models other programs have on this machine, what importing one would mean, how fast this machine is, and the import.
 */
import type { Sentence } from '../core/sentence';

/** Programs that keep models on a machine. */
export const TOOLS = ['ollama', 'lmstudio', 'llamacpp', 'huggingface', 'jan', 'gpt4all'] as const;
export type Tool = (typeof TOOLS)[number];

/** Where programs look for their folders: the importer's own process has no environment to speak of. */
export interface MachineView {
  readonly platform: string;
  /** Of the person. */
  readonly home: string;
  /** Environment variables by name; those of `MACHINE_VARIABLES` are read. */
  readonly variables: Readonly<Record<string, string>>;
}

export const MACHINE_VARIABLES = [
  'OLLAMA_MODELS',
  'LLAMA_CACHE',
  'HF_HUB_CACHE',
  'HF_HOME',
  'XDG_CACHE_HOME',
  'XDG_DATA_HOME',
  'APPDATA',
  'LOCALAPPDATA',
] as const;

/** `gguf` and `safetensors` are imported, `onnx` is used as it is. */
export type FoundForm = 'gguf' | 'safetensors' | 'onnx';

/** A model of another program, as far as its files say. All texts are whatever somebody wrote into a file. */
export interface FoundModel {
  readonly tool: Tool;
  readonly form: FoundForm;
  /** As its program calls it: `qwen2.5-coder:1.5b`. */
  readonly name: string;
  /** Absolute path of the file, of the first one of several, or of the folder. */
  readonly source: string;
  /** All of its files. */
  readonly sizeBytes: number;
  /** `qwen2`, as its files say; absent when they do not. */
  readonly architecture?: string;
  readonly nParameters?: number;
  /** `Q4_K_M`, `bfloat16`. */
  readonly quantisation?: string;
  readonly licence?: string;
  /** Of the file, where its program names it by that. */
  readonly sha256?: string;
  /** Why it cannot be imported. */
  readonly obstacle?: Sentence;
}

/** A folder that was looked into, whether or not there was anything. */
export interface LookedInto {
  readonly tool: Tool;
  readonly dir: string;
  readonly state: 'read' | 'absent' | 'unreadable';
}

export interface FoundModels {
  readonly models: readonly FoundModel[];
  readonly lookedInto: readonly LookedInto[];
}

export type ImportFormat = 'int8' | 'int4';

export interface ImportPlan {
  readonly title: string;
  readonly licence?: string;
  readonly family: string;
  readonly nParameters: number;
  readonly sourceBytes: number;
  readonly formats: readonly {
    readonly format: ImportFormat;
    readonly sizeBytes: number;
    readonly memoryBytes: number;
  }[];
  readonly contextLength: number;
  /** Whether its vocabulary has the tokens that mark a middle. */
  readonly fim: boolean;
  /** Whether it brings a template to converse in. */
  readonly chat: boolean;
}

export interface ImportSpec {
  /** A GGUF file, the first of a split one, or a folder with safetensors. */
  readonly source: string;
  /** Absolute path of a folder that must not exist. */
  readonly out: string;
  readonly id: string;
  readonly title?: string;
  readonly format: ImportFormat;
}

/** `checking`: that the file is still the one that its program stored. */
export type ImportPhase = 'checking' | 'reading' | 'quantising' | 'writing';

export interface ImportProgress {
  readonly phase: ImportPhase;
  readonly done: number;
  readonly total: number;
}

/** What matrix products of a model's shape cost here, in one form of weights. */
export interface MachineSpeed {
  readonly format: ImportFormat;
  /** Bytes of weights read a second while one token is evaluated. */
  readonly stepBytesPerS: number;
  /** Weights multiplied a second while many tokens are evaluated at once. */
  readonly prefillProductsPerS: number;
}

/** Requests to the importer. It works on one at a time; whoever no longer wants an answer ends the process. */
export interface ImporterMethods {
  find: { params: MachineView; result: FoundModels; progress: FoundModel };
  plan: { params: { readonly source: string }; result: ImportPlan; progress: never };
  measure: { params: { readonly threads: number }; result: readonly MachineSpeed[]; progress: never };
  import: {
    params: { readonly spec: ImportSpec; readonly sha256?: string };
    result: null;
    progress: ImportProgress;
  };
}
