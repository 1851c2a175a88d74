/** The jobs before this one, newest first. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { PastJob, TrainingState } from '../../protocol/pages/training';
import { date } from '../numbers';
import { t } from '../page';
import { asked } from './job';
import { pastText } from './text';
import type { TrainingPage } from './trainingPage';

export function pastView(page: TrainingPage, { past }: TrainingState): TemplateResult | typeof nothing {
  if (past.length === 0) return nothing;
  return html`<section aria-labelledby="past-title">
    <h2 id="past-title">${t('Trained before')}</h2>
    <ul class="past">
      ${past.map(job => row(page, job))}
    </ul>
  </section>`;
}

function row(page: TrainingPage, job: PastJob): TemplateResult {
  const { id, title, day, state, hasModule } = job;
  const about = hasModule || state !== 'finished' ? pastText(state) : t('module deleted');
  return html`<li data-job=${id}>
    <span class="name">${title}</span>
    <span class="muted">${date(day)} · ${about}</span>
    <span class="row">
      <button
        class="secondary"
        aria-label=${t('Show {0}', title)}
        @click=${() => page.post({ kind: 'job', action: 'show', id })}
      >
        ${t('Show')}
      </button>
      ${
        state === 'training'
          ? nothing
          : asked(
              page,
              id,
              'delete',
              t('Forget…'),
              t('Forget this training? A module that was made stays.'),
              t('Forget'),
            )
      }
    </span>
  </li>`;
}
