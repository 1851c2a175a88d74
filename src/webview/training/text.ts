/** Names and amounts of the training page as people read them. */
import type { FormNumber, JobStage, PastJob } from '../../protocol/pages/training';
import type { Objective, TrainingProgress } from '../../protocol/training';
import { t } from '../page';

const language = document.documentElement.lang || undefined;

/** With as many digits behind the point as are asked for, at most. */
export function decimal(value: number, digits: number): string {
  return new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value);
}

/** Always as many digits, so that a column of them can be compared. */
export function fixed(value: number, digits: number): string {
  return new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(
    value,
  );
}

export function duration(seconds: number): string {
  if (seconds < 60) return t('{0} s', Math.ceil(seconds));
  if (seconds < 3600) return t('{0} min', Math.ceil(seconds / 60));
  return t('{0} h {1} min', Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60));
}

export function objectiveName(objective: Objective): string {
  switch (objective) {
    case 'nll':
      return t('Write as this code does');
    case 'ram':
      return t('Write as this code does, and not as the proposal does');
    case 'ram-normalised':
      return t('The same, weighed by several samples');
    case 'joint':
      return t('Correct the proposal where it is unsure');
    case 'preference':
      return t('Prefer what was kept');
  }
}

/** What it does, and the word by which papers and manifests call it. */
export function objectiveText(objective: Objective): string {
  switch (objective) {
    case 'nll':
      return t('Raises the probability of the code that is there (nll). The fastest, and a good start.');
    case 'ram':
      return t('Also lowers that of what the proposal would write on its own (ram). Draws samples first.');
    case 'ram-normalised':
      return t('As before, with weights that estimate the true gradient (ram-normalised). Draws more samples.');
    case 'joint':
      return t('Trains on what the proposal itself considers at each place (joint). Slower.');
    case 'preference':
      return t('Trains on pairs of suggestions (preference).');
  }
}

export function numberName(name: FormNumber): string {
  switch (name) {
    case 'minutes':
      return t('How long, in minutes');
    case 'seed':
      return t('Seed');
    case 'learningRate':
      return t('Learning rate');
    case 'alpha':
      return t('Weight of samples (α)');
    case 'beta':
      return t('Exponent of the module (β)');
    case 'replayShare':
      return t('General code mixed in, in percent');
    case 'threads':
      return t('Threads');
    case 'memoryMiB':
      return t('Memory limit, in MiB');
  }
}

/** What is going on, as a heading. */
export function stageText(stage: JobStage): string {
  switch (stage.kind) {
    case 'checking':
      return t('Looking at the code');
    case 'checked':
      return t('What training would work on');
    case 'training':
      if (stage.isPausing) return t('Pausing');
      return stage.progress === undefined ? t('Starting') : phaseText(stage.progress.phase);
    case 'paused':
      return t('Paused');
    case 'failed':
      return stage.canResume ? t('Stopped') : t('This cannot be trained');
    case 'finished':
      return stage.report.state === 'no-gain' ? t('No gain') : t('Trained');
  }
}

export function phaseText(phase: TrainingProgress['phase']): string {
  switch (phase) {
    case 'sampling':
      return t('Drawing samples from the proposal');
    case 'training':
      return t('Training');
    case 'measuring':
      return t('Measuring on held-out files');
    case 'writing':
      return t('Writing the module');
  }
}

export function pastText(state: PastJob['state']): string {
  switch (state) {
    case 'finished':
      return t('trained');
    case 'no-gain':
      return t('no gain');
    case 'failed':
      return t('stopped');
    case 'paused':
      return t('paused');
    case 'training':
      return t('under way');
  }
}

/** What a measurement is called. What is not known goes by its own name. */
export function metricName(metric: string): string {
  switch (metric) {
    case 'nats/token':
      return t('Nats a token');
    case 'top-1':
      return t('Next token right');
    case 'exact match':
      return t('Whole line right');
    case 'preferred':
      return t('Kept one preferred');
    default:
      return metric;
  }
}
