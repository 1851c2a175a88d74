/** The engine as the command-line tools use it: the same child process as the editor's, and the models that ship. */
import path from 'node:path';
import { EngineClient } from '../host/engineClient';
import { type Choice, type ModuleSetting, resolveChoice } from '../host/modules/moduleChoice';
import { Registry } from '../host/modules/registry';
import type { CompleteRequest, CompleteResult, EngineStatus } from '../protocol/messages';

/** dist/cli is two folders below the project. */
const PROJECT = path.resolve(__dirname, '../..');
export const ENGINE_SCRIPT = path.join(PROJECT, 'dist/engine.js');
export const TRAINER_SCRIPT = path.join(PROJECT, 'dist/trainer.js');
export const MODELS_DIR = process.env.RESIDUAL_MODELS ?? path.join(PROJECT, 'models');

export interface CliEngine {
  choose(proposal: string, modules: readonly ModuleSetting[]): Promise<Choice>;
  moduleIds(): Promise<string[]>;
  warm(choice: Choice): Promise<number>;
  complete(request: CompleteRequest): Promise<CompleteResult>;
  status(): Promise<EngineStatus>;
  /** Any other method. */
  readonly client: EngineClient;
  dispose(): void;
}

export function startEngine(onLog: (line: string) => void): CliEngine {
  const registry = new Registry(() => [{ dir: MODELS_DIR, origin: 'shipped' }]);
  const client = new EngineClient({ script: ENGINE_SCRIPT, modelsDir: MODELS_DIR, onLog });
  const { signal } = new AbortController();
  return {
    async choose(proposal, modules) {
      return resolveChoice(proposal, modules, await registry.proposals(), await registry.modules());
    },
    async moduleIds() {
      return (await registry.modules()).map(m => m.id);
    },
    async warm({ proposal, modules }) {
      return (await client.call('warm', { proposal, modules }, signal)).loadMs;
    },
    complete: request => client.call('complete', request, signal),
    status: () => client.call('status', null, signal),
    client,
    dispose: () => client.dispose(),
  };
}
