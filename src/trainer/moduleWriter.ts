/** Writes what was trained as an ordinary module folder, which appears complete or not at all. */
import { createHash } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type EvaluationRow, parseModuleManifest } from '../core/manifest';
import type { RuleName } from '../core/rules';
import type { TrainingSpec } from '../protocol/training';
import { type Base, WEIGHTS_FILE, weightsFile } from './base';
import { writeJobFile } from './jobFiles';

export const MODULE_FOLDER = 'module';

export interface Trained {
  readonly flat: Float32Array;
  readonly rule: RuleName;
  readonly strength: number;
  readonly temperature: number;
  readonly evaluation: readonly EvaluationRow[];
  /** What the manifest says of the training beyond what the specification says. */
  readonly record: Readonly<Record<string, number>> & { readonly tokens: number };
}

/** @returns the folder. */
export async function writeModule(dir: string, spec: TrainingSpec, base: Base, trained: Trained): Promise<string> {
  const weights = weightsFile(base, trained.flat);
  const { objective, seed, learningRate, replayShare } = spec;
  const manifest = {
    formatVersion: 1,
    version: '1.0.0',
    ...spec.module,
    kind: 'neural',
    tokenizerSha256: base.manifest.tokenizerSha256,
    architecture: base.architecture,
    files: { [WEIGHTS_FILE]: createHash('sha256').update(weights).digest('hex') },
    ...(base.manifest.contextLength === undefined ? {} : { contextLength: base.manifest.contextLength }),
    rule: trained.rule,
    temperature: trained.temperature,
    strength: { default: trained.strength, [spec.proposal.id]: trained.strength },
    q0: { id: base.manifest.id, sha256: base.weightsSha256 },
    training: {
      objective,
      alpha: objective === 'ram' ? spec.alpha : 0,
      base: base.manifest.id,
      seed,
      ...(objective === 'joint' || objective === 'preference' ? { beta: spec.beta } : {}),
      learningRate,
      replayShare,
      ...trained.record,
    },
    evaluation: trained.evaluation,
  };
  // What is written must be what is read.
  parseModuleManifest(manifest);
  const temporary = path.join(dir, `.${MODULE_FOLDER}`);
  const folder = path.join(dir, MODULE_FOLDER);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary);
  await writeJobFile(temporary, WEIGHTS_FILE, weights);
  await writeJobFile(temporary, 'module.json', `${JSON.stringify(manifest, null, 2)}\n`);
  await rm(folder, { recursive: true, force: true });
  await rename(temporary, folder);
  return folder;
}
