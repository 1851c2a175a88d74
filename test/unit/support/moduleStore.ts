/** A person's storage in a temporary folder, with a proposal, a shipped module, and an engine that loads what it is told to. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UserError } from '../../../src/core/errors';
import { ModuleFiles, type SignerQuestions } from '../../../src/host/modules/moduleFiles';
import { ModuleFit } from '../../../src/host/modules/moduleVerification';
import { Registry } from '../../../src/host/modules/registry';

export const signal = new AbortController().signal;

export const TOKENIZER = '{"a tokenizer":true}';
export const WEIGHTS = 'the weights of a module';

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export function manifestOf(id: string, over: object = {}): Record<string, unknown> {
  return {
    formatVersion: 1,
    id,
    version: '1.0.0',
    title: `Title of ${id}`,
    description: 'd',
    domain: 'tests',
    licence: 'Apache-2.0',
    kind: 'neural',
    tokenizerSha256: sha256(TOKENIZER),
    architecture: { name: 'small', graphSha256: 'a'.repeat(64), dtype: 'int8' },
    files: { 'model.safetensors': sha256(WEIGHTS) },
    rule: 'geometric',
    temperature: 1,
    strength: { default: 0.3 },
    evaluation: [],
    ...over,
  };
}

export interface ModuleStore {
  readonly files: ModuleFiles;
  readonly registry: Registry;
  /** Modules that the engine was asked to load, by id and the name of the folder it found them in. */
  readonly loaded: { readonly id: string; readonly folder: string; readonly proposal: string }[];
  /** What the engine refuses to load, by id. */
  readonly broken: Map<string, Error>;
  /** A path in the storage. */
  at(...parts: string[]): string;
  /** A path outside of it, for archives. */
  outside(...parts: string[]): string;
  /** Writes a file below the temporary folder, its folders included. */
  write(file: string, content: string | Uint8Array): string;
  /** Writes a module folder and returns its path. */
  writeModule(dir: string, manifest: Record<string, unknown>, weights?: string): string;
  /** Every file and folder of the storage's modules, hidden ones included. */
  listing(): string[];
  json(...parts: string[]): Record<string, unknown>;
  close(): void;
}

export function openModuleStore(signers?: SignerQuestions): ModuleStore {
  const base = mkdtempSync(path.join(tmpdir(), 'residual-files-'));
  const root = path.join(base, 'storage');
  const write = (file: string, content: string | Uint8Array) => {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  };
  const writeModule = (dir: string, manifest: Record<string, unknown>, weights = WEIGHTS) => {
    write(path.join(dir, 'module.json'), JSON.stringify(manifest));
    write(path.join(dir, 'model.safetensors'), weights);
    return dir;
  };
  const writeProposal = (id: string, tokenizer: string) => {
    const dir = path.join(base, 'shipped/proposals', id);
    write(path.join(dir, 'config.json'), '{}');
    write(path.join(dir, 'tokenizer.json'), tokenizer);
  };
  writeProposal('p', TOKENIZER);
  writeProposal('q', '{"another tokenizer":true}');
  writeModule(path.join(base, 'shipped/modules/shipped'), manifestOf('shipped'));
  const registry = new Registry(() => [
    { dir: path.join(base, 'shipped'), origin: 'shipped' },
    { dir: root, origin: 'personal' },
    { dir: path.join(base, 'team'), origin: 'team' },
    { dir: path.join(base, 'workspace'), origin: 'workspace' },
  ]);
  const loaded: ModuleStore['loaded'] = [];
  const broken = new Map<string, Error>();
  const fit = new ModuleFit({
    registry,
    proposal: () => 'p',
    load: async (proposal, { id, dir }) => {
      loaded.push({ id, folder: path.basename(dir), proposal: proposal.id });
      if (!existsSync(path.join(dir, 'module.json'))) throw new UserError('model-file-missing', 'nothing to load');
      const reason = broken.get(id);
      if (reason !== undefined) throw reason;
    },
  });
  return {
    files: new ModuleFiles({
      root,
      workspaceRoot: path.join(base, 'workspace'),
      registry,
      fit,
      ...(signers && { signers }),
    }),
    registry,
    loaded,
    broken,
    at: (...parts) => path.join(root, ...parts),
    outside: (...parts) => path.join(base, ...parts),
    write: (file, content) => write(path.resolve(base, file), content),
    writeModule: (dir, manifest, weights) => writeModule(path.resolve(base, dir), manifest, weights),
    listing: () => {
      const modules = path.join(root, 'modules');
      return existsSync(modules) ? (readdirSync(modules, { recursive: true }) as string[]).sort() : [];
    },
    json: (...parts) => JSON.parse(readFileSync(path.join(root, ...parts), 'utf8')),
    close: () => rmSync(base, { recursive: true, force: true }),
  };
}
