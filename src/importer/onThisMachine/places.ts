/**
 * Where other programs keep models, by system: told from the home folder and the environment that are given, and from
 * nothing else, so that each system's rules can be tried on any. Reads no disk.
 */
import type { MachineView, Tool } from '../../protocol/importing';

/** The parts of `node:path` that are used; a test brings another system's. */
export interface PathRules {
  join(...parts: string[]): string;
  isAbsolute(path: string): boolean;
}

export interface Place {
  readonly tool: Tool;
  readonly dir: string;
}

/** Places that a pointer file may move. */
export interface LmStudioHomes {
  readonly pointerFile: string;
  /** Where it is without one. */
  readonly homes: readonly string[];
}

/** Of Ollama's Linux service, which has a home of its own; maybe not for everybody to read. */
const OLLAMA_SERVICE = '/usr/share/ollama/.ollama/models';

/** Sources: see each program's line. Without LM Studio, whose folder only its pointer file knows. */
export function placesOf(machine: MachineView, { join, isAbsolute }: PathRules): Place[] {
  const { platform, home } = machine;
  const variable = (name: string) => {
    const value = machine.variables[name]?.trim() ?? '';
    // A relative one is relative to wherever the other program was started.
    return isAbsolute(value) ? value : undefined;
  };
  const bySystem = (windows: string | undefined, mac: string, linux: string): string[] => {
    if (platform === 'win32') return windows === undefined ? [] : [windows];
    return [platform === 'darwin' ? mac : linux];
  };
  const below = (base: string | undefined, ...parts: string[]) =>
    base === undefined ? undefined : join(base, ...parts);
  const support = join(home, 'Library', 'Application Support');
  const local = variable('LOCALAPPDATA') ?? join(home, 'AppData', 'Local');
  const roaming = variable('APPDATA') ?? join(home, 'AppData', 'Roaming');
  const cache = variable('XDG_CACHE_HOME') ?? join(home, '.cache');
  const data = variable('XDG_DATA_HOME') ?? join(home, '.local', 'share');
  const dirs: Readonly<Record<Exclude<Tool, 'lmstudio'>, readonly string[]>> = {
    // ollama/ollama envconfig/config.go, docs/faq.md
    ollama: [
      variable('OLLAMA_MODELS') ?? join(home, '.ollama', 'models'),
      ...(platform === 'linux' ? [OLLAMA_SERVICE] : []),
    ],
    // ggml-org/llama.cpp common/common.cpp fs_get_cache_directory
    llamacpp: [
      ...(variable('LLAMA_CACHE') === undefined ? [] : [variable('LLAMA_CACHE') as string]),
      ...bySystem(below(local, 'llama.cpp'), join(home, 'Library', 'Caches', 'llama.cpp'), join(cache, 'llama.cpp')),
    ],
    // huggingface/huggingface_hub constants.py
    huggingface: [
      variable('HF_HUB_CACHE') ??
        below(variable('HF_HOME'), 'hub') ??
        join(variable('XDG_CACHE_HOME') ?? join(home, '.cache'), 'huggingface', 'hub'),
    ],
    // menloresearch/jan docs, data-folder
    jan: bySystem(join(roaming, 'Jan', 'data'), join(support, 'Jan', 'data'), join(data, 'Jan', 'data')),
    // nomic-ai/gpt4all gpt4all-chat/src/mysettings.cpp, and its Python package
    gpt4all: [
      ...bySystem(
        join(local, 'nomic.ai', 'GPT4All'),
        join(support, 'nomic.ai', 'GPT4All'),
        join(data, 'nomic.ai', 'GPT4All'),
      ),
      join(home, '.cache', 'gpt4all'),
    ],
  };
  return Object.entries(dirs).flatMap(([tool, each]) => [...new Set(each)].map(dir => ({ tool: tool as Tool, dir })));
}

/** lmstudio-ai/lmstudio.js findLMStudioHome; its own function writes the pointer, so it is not called. */
export function lmStudioHomes({ home }: MachineView, { join }: PathRules): LmStudioHomes {
  return {
    pointerFile: join(home, '.lmstudio-home-pointer'),
    homes: [join(home, '.cache', 'lm-studio'), join(home, '.lmstudio')],
  };
}
