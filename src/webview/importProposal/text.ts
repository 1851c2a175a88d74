/** Names of stages, phases and forms as people read them. */
import type { ImportFormat } from '../../protocol/importing';
import type { IMPORT_ENDS, ImportStage } from '../../protocol/pages/importProposal';
import { number } from '../numbers';
import { t } from '../page';

const language = document.documentElement.lang || 'en';
const short = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
const twoDigits = new Intl.NumberFormat(language, { maximumSignificantDigits: 2 });

/** What is going on, as a heading. */
export function stageText(stage: ImportStage): string {
  switch (stage.kind) {
    case 'looking':
      return stage.isMeasuring ? t('Measuring this machine') : t('Reading what it is');
    case 'planned':
      return t('What will happen');
    case 'working':
      return phaseText(stage.phase);
    case 'imported':
      return t('{0} is ready', stage.title);
    case 'ended':
      return t('Done');
    case 'failed':
      return t('It could not be imported');
  }
}

function phaseText(phase: Extract<ImportStage, { kind: 'working' }>['phase']): string {
  switch (phase) {
    case 'checking':
      return t('Checking the file');
    case 'reading':
      return t('Reading the weights');
    case 'quantising':
      return t('Making the weights smaller');
    case 'writing':
      return t('Writing the proposal');
    case 'trying':
      return t('Trying it');
  }
}

export function formatText(format: ImportFormat): string {
  switch (format) {
    case 'int8':
      return t('Faster to the first token, and more exact');
    case 'int4':
      return t('Smaller on the disk and in memory');
  }
}

export function endText(how: (typeof IMPORT_ENDS)[number], title: string): string {
  switch (how) {
    case 'used':
      return t('Completions use {0} now.', title);
    case 'kept':
      return t(
        '{0} is among your proposals. Choose it in the settings panel or in the setting residual.proposal.',
        title,
      );
    case 'deleted':
      return t('{0} is deleted. What it was made from is where it was.', title);
  }
}

/** `0.494 B`, `135 M`: as models are named. */
export function parameters(n: number): string {
  return n >= 1e9 ? t('{0} billion', short.format(n / 1e9)) : t('{0} million', short.format(n / 1e6));
}

/** Two digits: an estimate has no more. */
export function about(x: number): string {
  return x >= 100 ? number(x) : twoDigits.format(x);
}
