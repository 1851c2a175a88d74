/** What is compared on which edits. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { EditSource, EditsQuestion, EditsState } from '../../protocol/pages/edits';
import { t } from '../page';
import type { EditsPage } from './editsPage';
import { list } from './text';

const MOST_COMMITS = 500;
const MOST_PLACES = 2000;

export function formView(page: EditsPage, state: EditsState): TemplateResult | typeof nothing {
  const { draft } = page;
  if (draft === undefined) return nothing;
  const isRunning = state.run.kind === 'running';
  const submit = (event: Event) => {
    event.preventDefault();
    if (!isRunning && isWhole(draft, state)) page.run(draft);
  };
  return html`<form @submit=${submit}>
    ${sourceView(page, draft, isRunning)}
    ${
      state.inUse.length + state.modules.length === 0
        ? html`<p class="note">${t('No module is found that could be compared. Import one or train one first.')}</p>`
        : nothing
    }
    <div class="choices">
      ${state.folders.length > 1 ? folderView(page, draft, state, isRunning) : nothing}
      ${moduleView(page, draft, state, isRunning)}
      <label
        >${t('Places at most')}
        <input
          id="places"
          type="number"
          min="1"
          max=${MOST_PLACES}
          required
          ?disabled=${isRunning}
          .value=${String(draft.nPlaces)}
          @change=${(event: Event) => page.change({ nPlaces: numberOf(event, draft.nPlaces) })}
        />
      </label>
      ${
        isRunning
          ? html`<button type="button" class="secondary" id="cancel" @click=${() => page.post({ kind: 'cancel' })}>
              ${t('Cancel')}
            </button>`
          : html`<button id="run" ?disabled=${!isWhole(draft, state)}>${t('Compare')}</button>`
      }
    </div>
    ${state.hasRules ? html`<p class="muted" id="rules">${rulesText(draft)}</p>` : nothing}
  </form>`;
}

/** Where modules are chosen by file, what is compared in which is not to be guessed. */
function rulesText({ module }: EditsQuestion): string {
  return module === ''
    ? t(
        'Each file is compared with what completes there: by the first rule of residual.moduleRules that matches, else by residual.modules.',
      )
    : t(
        'This module is compared in every file, also where residual.moduleRules chooses others. Choose what is in use to follow the rules.',
      );
}

function sourceView(page: EditsPage, draft: EditsQuestion, isDisabled: boolean): TemplateResult {
  const { n, range } = page.typed;
  const choice = (source: EditSource, label: unknown) => html`<label class="source">
    <input
      type="radio"
      name="source"
      id="source-${source.kind}"
      ?disabled=${isDisabled}
      .checked=${draft.source.kind === source.kind}
      @change=${() => page.change({ source })}
    />
    ${label}
  </label>`;
  return html`<fieldset>
    <legend>${t('Which edits')}</legend>
    <div class="row">${choice({ kind: 'working' }, t('What is not committed yet'))}</div>
    <div class="row">
      ${choice({ kind: 'last', n }, t('The last commits:'))}
      <input
        id="n"
        type="number"
        min="1"
        max=${MOST_COMMITS}
        aria-label=${t('Number of commits')}
        ?disabled=${isDisabled || draft.source.kind !== 'last'}
        .value=${String(n)}
        @change=${(event: Event) => page.setTyped({ n: numberOf(event, n) })}
      />
    </div>
    <div class="row">
      ${choice({ kind: 'range', range }, t('Commits by name:'))}
      <input
        id="range"
        type="text"
        spellcheck="false"
        maxlength="200"
        placeholder="main..HEAD"
        aria-label=${t('A range such as main..HEAD, or one commit')}
        ?disabled=${isDisabled || draft.source.kind !== 'range'}
        .value=${range}
        @input=${(event: Event) => page.setTyped({ range: (event.target as HTMLInputElement).value })}
      />
    </div>
  </fieldset>`;
}

function folderView(page: EditsPage, draft: EditsQuestion, state: EditsState, isDisabled: boolean): TemplateResult {
  return html`<label
    >${t('Folder')}
    <select
      id="folder"
      ?disabled=${isDisabled}
      @change=${(event: Event) => page.change({ folder: (event.target as HTMLSelectElement).value })}
    >
      ${state.folders.map(name => html`<option value=${name} ?selected=${name === draft.folder}>${name}</option>`)}
    </select>
  </label>`;
}

function moduleView(page: EditsPage, draft: EditsQuestion, state: EditsState, isDisabled: boolean): TemplateResult {
  const names = list(state.inUse);
  const title = state.hasRules ? t('In use, by file: {0}', names) : t('In use: {0}', names);
  const inUse = state.inUse.length === 0 ? [] : [{ id: '', title }];
  return html`<label
    >${t('Module, against the proposal alone')}
    <select
      id="module"
      aria-describedby=${state.hasRules ? 'rules' : nothing}
      ?disabled=${isDisabled}
      @change=${(event: Event) => page.change({ module: (event.target as HTMLSelectElement).value })}
    >
      ${[...inUse, ...state.modules].map(
        ({ id, title }) => html`<option value=${id} ?selected=${id === draft.module}>${title}</option>`,
      )}
    </select>
  </label>`;
}

/** The extension checks again. */
function isWhole({ source, module }: EditsQuestion, state: EditsState): boolean {
  if (module === '' && state.inUse.length === 0) return false;
  return source.kind !== 'range' || source.range.trim() !== '';
}

function numberOf(event: Event, before: number): number {
  const { valueAsNumber, min, max } = event.target as HTMLInputElement;
  return Number.isFinite(valueAsNumber)
    ? Math.min(Number(max), Math.max(Number(min), Math.round(valueAsNumber)))
    : before;
}
