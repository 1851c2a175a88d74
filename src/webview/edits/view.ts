/** The page as a whole: what to compare on, how far it is, and what came of it. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { ComparedPlaces, EditsResult, EditsState } from '../../protocol/pages/edits';
import { number, strengthText } from '../numbers';
import { t } from '../page';
import { differencesView } from './differences';
import type { EditsPage } from './editsPage';
import { figuresView } from './figures';
import { formView } from './form';
import { list } from './text';

export function pageView(page: EditsPage): TemplateResult {
  const { state } = page;
  const isBusy = state === undefined || state.run.kind === 'running';
  return html`
    <div class="page" aria-busy=${isBusy}>
      <h1>${t('On my edits')}</h1>
      <p class="muted">
        ${t('Replays lines that you wrote, read from git, and has them written again with a module and without. Nothing is written to your files, and nothing leaves this machine.')}
      </p>
      ${state === undefined ? nothing : stateView(page, state)}
    </div>
    <p class="said" role="status" aria-live="polite">${page.said}</p>
  `;
}

function stateView(page: EditsPage, state: EditsState): TemplateResult {
  if (state.unavailable !== undefined) return unavailableView(page, state.unavailable);
  return html`${formView(page, state)} ${runView(page, state)}`;
}

function unavailableView(page: EditsPage, reason: NonNullable<EditsState['unavailable']>): TemplateResult {
  const why = {
    untrusted: t(
      'This workspace is not trusted. Reading edits runs git in it, and a repository can name programs for git to run: trust the workspace first.',
    ),
    virtual: t('Edits are read from git on disk, and this workspace is virtual.'),
    'no-folder': t('Open a folder with a git repository first: edits are read from it.'),
  }[reason];
  return html`<p class="note" role="alert">${why}</p>
    ${
      reason === 'untrusted'
        ? html`<button class="secondary" id="trust" @click=${() => page.post({ kind: 'manageTrust' })}>
            ${t('Manage Workspace Trust')}
          </button>`
        : nothing
    }`;
}

function runView(page: EditsPage, { run }: EditsState): TemplateResult | typeof nothing {
  switch (run.kind) {
    case 'none':
      return nothing;
    case 'running': {
      const { step, nDone, n } = run;
      const text = {
        listing: t('Asking git what was changed…'),
        reading: t('Reading changes: {0} of {1} files', number(nDone), number(n)),
        loading: t('Loading the models…'),
        writing: t('{0} of {1} places. It gives way while you type.', number(nDone), number(n)),
      }[step];
      const isCounted = n > 0 && step !== 'loading';
      return html`<div class="progress">
        <progress max="1" value=${isCounted ? nDone / n : nothing} aria-label=${t('Comparing')}></progress>
        <p role="status">${text}</p>
      </div>`;
    }
    case 'failed':
      return html`<p class="error" role="alert">
        <span class="codicon codicon-error" aria-hidden="true"></span> ${run.problem}
      </p>`;
    case 'cancelled':
      return run.result === undefined
        ? html`<p class="note" role="status">${t('Cancelled before anything was written.')}</p>`
        : html`<p class="note" role="status">
              ${t('Cancelled: this is what was written until then.')}
            </p>
            ${resultView(page, run.result)}`;
    case 'done':
      return resultView(page, run.result);
  }
}

function resultView(page: EditsPage, result: EditsResult): TemplateResult {
  const { figures, mayHaveSeen } = result;
  return html`<div class="result">
    ${factsView(result)} ${comparedView(result)}
    ${
      mayHaveSeen.length === 0
        ? nothing
        : html`<p class="note">
            ${t(
              '{0} was made where this code is and may have seen these very lines, so that these figures flatter it. On what you write from now on they would be lower.',
              list(mayHaveSeen),
            )}
          </p>`
    }
    ${figuresView(figures)}
    <p class="muted">${howText(result)}</p>
    ${differencesView(page, figures)}
    <div class="actions">
      <button class="secondary" id="export" @click=${() => page.post({ kind: 'export' })}>${t('Export as JSON…')}</button>
    </div>
  </div>`;
}

/** Which modules at which places, where not all have the same, or rules would have chosen others. */
function comparedView({ compared, modules, nRuledOtherwise }: EditsResult): TemplateResult | typeof nothing {
  if (nRuledOtherwise > 0) {
    const text = t(
      '{0} was compared in every file. By residual.moduleRules, something else completes at {1} of these places.',
      list(modules.map(({ title }) => title)),
      number(nRuledOtherwise),
    );
    return html`<p class="note" id="otherwise">${text}</p>`;
  }
  if (compared.every(({ rule }) => rule === undefined)) return nothing;
  return html`<ul id="compared" class="muted" aria-label=${t('What was compared where')}>
    ${compared.map(one => html`<li>${comparedText(one)}</li>`)}
  </ul>`;
}

function comparedText({ rule, modules, nPlaces }: ComparedPlaces): string {
  const named = modules.map(({ title, strength }) => `${title} (${t('strength {0}', strengthText(strength))})`);
  const what = named.length === 0 ? t('the proposal alone') : list(named);
  return rule === undefined
    ? t('Where no rule matches: {0}. Places: {1}', what, number(nPlaces))
    : t('By rule {0}, {1}: {2}. Places: {3}', rule.number, rule.text, what, number(nPlaces));
}

function factsView({ source, nCommits, nFiles, nExcluded, nFound, proposal, modules, figures }: EditsResult) {
  const fact = (name: string, value: string) => html`<span><span class="muted">${name}</span> ${value}</span>`;
  const places = figures.n < nFound ? t('{0} of {1}', number(figures.n), number(nFound)) : number(figures.n);
  return html`<p class="facts" role="status">
    ${source.kind === 'working' ? html`<span>${t('What is not committed')}</span>` : fact(t('Commits'), number(nCommits))}
    ${fact(t('Changed files'), number(nFiles))} ${fact(t('Places'), places)}
    ${fact(t('Both wrote the same'), number(figures.nSame))} ${fact(t('Proposal'), proposal)}
    ${modules.map(({ title, strength }) => html`<span>${title} <span class="muted">${t('strength {0}', strengthText(strength))}</span></span>`)}
    ${nExcluded === 0 ? nothing : fact(t('Left out, because they are excluded'), number(nExcluded))}
  </p>`;
}

function howText({ figures: { groupedBy, nGroups } }: EditsResult): string {
  const sure =
    nGroups < 2
      ? t('Of one file alone, no interval can be told.')
      : groupedBy === 'commits'
        ? t('Intervals are 95 %, by resampling {0} commits.', number(nGroups))
        : t('Intervals are 95 %, by resampling {0} files.', number(nGroups));
  return [
    t(
      'Each line is written at its beginning and at one place further on: above it stands the new file, below it still the old one.',
    ),
    sure,
    t('Times are those of places where a side was asked first, on this machine as busy as it was.'),
  ].join(' ');
}
