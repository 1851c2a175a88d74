/** A completion to try with the new model, and what is to become of it. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { ImportStage, TrialView } from '../../protocol/pages/importProposal';
import { number } from '../numbers';
import { t } from '../page';
import type { ImportPage } from './importPage';

type Imported = Extract<ImportStage, { kind: 'imported' }>;

export function trialView(page: ImportPage, { facts, trial }: Imported): TemplateResult {
  const isWaiting = trial.text === undefined && trial.problem === undefined;
  return html`
    <p>${facts.join(' ')}</p>
    <div class="field">
      <label for="sample">${t('Complete this text')}</label>
      <p class="muted" id="sample-about">${t('Change it as you like; it is completed where the cursor is.')}</p>
      <textarea
        id="sample"
        rows="11"
        maxlength="20000"
        spellcheck="false"
        autocomplete="off"
        aria-describedby="sample-about"
        .defaultValue=${trial.before + trial.after}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) page.tryText();
        }}
      ></textarea>
    </div>
    <div class="actions">
      <button class="secondary" id="try" aria-keyshortcuts="Control+Enter" @click=${() => page.tryText()}>
        ${t('Complete')}
      </button>
      <span class="muted">${isWaiting ? t('Waiting for the model…') : timeText(trial)}</span>
    </div>
    ${resultView(trial)}
    <h3 id="decide">${t('What is to become of it?')}</h3>
    <div class="actions" role="group" aria-labelledby="decide">${page.isAsking ? asking(page) : decisions(page)}</div>
  `;
}

/** The whole text, with what the model wrote in it. */
function resultView({ before, after, text, problem }: TrialView): TemplateResult {
  if (problem !== undefined)
    return html`<p class="note error" id="trial-problem">
      <span class="codicon codicon-error" aria-hidden="true"></span> ${problem}
    </p>`;
  return html`<div id="result" role="region" aria-live="polite" aria-label=${t('What it wrote')}>
    ${text === '' ? html`<p class="muted">${t('It suggests nothing here.')}</p>` : nothing}
    <pre><code>${before}<ins>${text ?? ''}</ins>${after}</code></pre>
  </div>`;
}

function timeText({ text, elapsedMs }: TrialView): string {
  return text === undefined || elapsedMs === undefined ? '' : t('After {0} ms', number(elapsedMs));
}

function decisions(page: ImportPage): TemplateResult {
  return html`
    <button id="use" @click=${() => page.post({ kind: 'use' })}>${t('Use It')}</button>
    <button class="secondary" id="keep" @click=${() => page.post({ kind: 'keep' })}>${t('Keep for Later')}</button>
    <button class="secondary" id="delete" @click=${() => page.ask(true)}>${t('Delete…')}</button>
  `;
}

function asking(page: ImportPage): TemplateResult {
  return html`<span>${t('Delete what was imported?')}</span>
    <button id="delete-yes" @click=${() => page.post({ kind: 'delete' })}>${t('Delete')}</button>
    <button class="secondary" id="delete-no" @click=${() => page.ask(false)}>${t('Keep')}</button>`;
}
