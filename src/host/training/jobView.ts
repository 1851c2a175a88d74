/** A job as the page draws it, from its record and what is known of the work on it. */
import type { Sentence } from '../../core/sentence';
import type { CurvePoint, JobStage, JobView, PastJob } from '../../protocol/pages/training';
import type { TrainingProgress } from '../../protocol/training';
import type { JobRecord } from './jobStore';

/** What is known of a job beyond its record. */
export interface JobState {
  readonly curve: readonly CurvePoint[];
  readonly progress: TrainingProgress | undefined;
  readonly reading: { readonly nFiles: number; readonly nDone: number } | undefined;
  readonly isPausing: boolean;
  /** Why reading the code failed, which is not kept, or why a finished module did not come to its place. */
  readonly problem: Sentence | undefined;
}

export interface Surroundings {
  /** In the window's language. */
  readonly speak: (sentence: Sentence) => string;
  readonly hasModule: (id: string) => boolean;
  readonly isUsed: (id: string) => boolean;
}

export function viewOf(record: JobRecord, state: JobState, around: Surroundings): JobView {
  return {
    id: record.id,
    moduleId: record.spec.module.id,
    form: record.form,
    day: dayOf(record.createdAtMs),
    stage: stageOf(record, state, around),
    curve: state.curve,
  };
}

function stageOf({ stage, spec }: JobRecord, state: JobState, around: Surroundings): JobStage {
  const { speak, hasModule, isUsed } = around;
  const progress = state.progress && { progress: state.progress };
  switch (stage.kind) {
    case 'checking':
      if (state.problem !== undefined) return { kind: 'failed', problem: speak(state.problem), canResume: false };
      return { kind: 'checking', ...(state.reading ?? { nFiles: 0, nDone: 0 }) };
    case 'checked':
      return stage;
    case 'training':
      return { ...stage, isPausing: state.isPausing, ...progress };
    case 'paused':
      return { ...stage, ...progress };
    case 'failed':
      return { ...stage, problem: speak(stage.problem), canResume: true };
    case 'finished': {
      const { outcome, dryRun, place } = stage;
      if (place === 'moving') {
        const { problem } = state;
        if (problem !== undefined) return { kind: 'failed', dryRun, problem: speak(problem), canResume: true };
        return { kind: 'training', dryRun, isPausing: false, ...progress };
      }
      const { id } = spec.module;
      return {
        kind: 'finished',
        dryRun,
        report: {
          state: outcome.state,
          strength: outcome.strength,
          evaluation: outcome.evaluation,
          nTokens: outcome.nTokens,
          seconds: outcome.seconds,
          place: place === 'aside' ? 'aside' : hasModule(id) ? 'modules' : 'gone',
          isUsed: place !== 'aside' && hasModule(id) && isUsed(id),
        },
      };
    }
  }
}

/** @returns undefined for a job that nothing is told of: one whose code was only looked at. */
export function pastOf({ id, form, createdAtMs, stage, spec }: JobRecord, around: Surroundings): PastJob | undefined {
  if (stage.kind === 'checked' || (stage.kind === 'checking' && stage.then === 'stop')) return undefined;
  const isThere = stage.kind === 'finished' && stage.place !== 'aside' && around.hasModule(spec.module.id);
  return { id, title: form.title, day: dayOf(createdAtMs), state: stateOf(stage), hasModule: isThere };
}

function stateOf(stage: JobRecord['stage']): PastJob['state'] {
  switch (stage.kind) {
    case 'finished':
      return stage.outcome.state;
    case 'failed':
    case 'paused':
      return stage.kind;
    case 'checking':
    case 'checked':
    case 'training':
      return 'training';
  }
}

/** `2025-03-31`, as the person's calendar has it. */
function dayOf(ms: number): string {
  const date = new Date(ms);
  return new Date(ms - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}
