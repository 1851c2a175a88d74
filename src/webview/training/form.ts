/** What a person says before anything is trained: what code, what to learn, how long; and the rest, folded away. */
import { html, nothing, type TemplateResult } from 'lit-html';
import {
  type CodeChoice,
  FORM_LIMITS,
  type FormNumber,
  type TrainingState,
  titleProblem,
  WHOLE_NUMBERS,
} from '../../protocol/pages/training';
import type { Objective } from '../../protocol/training';
import { t } from '../page';
import { decimal, numberName, objectiveName, objectiveText } from './text';
import type { TrainingPage } from './trainingPage';

export function formView(page: TrainingPage, state: TrainingState): TemplateResult {
  const wrong = page.draft.wrong(state);
  const isReady = wrong.length === 0;
  const isChecked = state.job?.stage.kind === 'checked' && page.draft.isAs(state.job.form, state);
  const submit = (event: Event) => {
    event.preventDefault();
    page.submit('check');
  };
  return html`<form id="form" novalidate @submit=${submit}>
    ${codeView(page, wrong)}
    <div class="field">
      <label for="objective">${t('What to learn')}</label>
      <select
        id="objective"
        aria-describedby="objective-about"
        @change=${(event: Event) => {
          page.draft.objective = (event.target as HTMLSelectElement).value as Objective;
          page.changed();
        }}
      >
        ${state.objectives.map(
          objective =>
            html`<option value=${objective} ?selected=${page.draft.objective === objective}>${objectiveName(objective)}</option>`,
        )}
      </select>
      <p class="muted about" id="objective-about">${objectiveText(page.draft.objective)}</p>
    </div>
    ${numberField(page, wrong, 'minutes')}
    <div class="field">
      <label for="title">${t('Title')}</label>
      ${textInput(page, 'title', wrong.includes('title'), 100)} ${wantedText(page, wrong, 'title')}
    </div>
    ${moreOptions(page, state, wrong)}
    <div class="actions">
      <button type="submit" class=${isChecked ? 'secondary' : ''} id="check" ?disabled=${!isReady}>
        ${t('Check First')}
      </button>
      <button type="button" class="secondary" id="train" ?disabled=${!isReady} @click=${() => page.submit('train')}>
        ${t('Train')}
      </button>
      <span class="muted">${t('For {0}. Completions go on meanwhile.', state.proposal)}</span>
    </div>
  </form>`;
}

type Wrong = readonly string[];

function codeView(page: TrainingPage, wrong: Wrong): TemplateResult {
  const { draft } = page;
  const radio = (kind: CodeChoice['kind'], label: string) =>
    html`<label class="radio"
      ><input
        type="radio"
        name="code"
        value=${kind}
        .checked=${draft.codeKind === kind}
        @change=${() => {
          draft.codeKind = kind;
          page.changed();
        }}
      />
      ${label}</label
    >`;
  return html`<fieldset>
    <legend>${t('What code')}</legend>
    ${radio('workspace', t('The whole workspace'))} ${radio('folder', t('A folder of it'))}
    ${
      draft.codeKind === 'folder'
        ? html`<div class="indented row">
            ${textInput(page, 'folder', wrong.includes('folder'), 1000, t('Folder'), 'src/server')}
            <button type="button" class="secondary" id="pick" @click=${() => page.post({ kind: 'pickFolder' })}>
              ${t('Choose…')}
            </button>
            ${wantedText(page, wrong, 'folder')}
          </div>`
        : nothing
    }
    ${radio('glob', t('Files that match a pattern'))}
    ${
      draft.codeKind === 'glob'
        ? html`<div class="indented">
            ${textInput(page, 'glob', wrong.includes('glob'), 1000, t('Pattern'), 'src/**/*.ts')}
            ${wantedText(page, wrong, 'glob')}
          </div>`
        : nothing
    }
    <p class="muted about">
      ${t('What git ignores and what residual.exclude names is left out, and so are secrets and files that say the same twice.')}
    </p>
  </fieldset>`;
}

type TextName = 'title' | 'folder' | 'glob';

function textInput(
  page: TrainingPage,
  name: TextName,
  isWrong: boolean,
  mostChars: number,
  label?: string,
  example?: string,
): TemplateResult {
  return html`<input
    type="text"
    id=${name}
    maxlength=${mostChars}
    aria-label=${label ?? nothing}
    placeholder=${example ?? nothing}
    aria-invalid=${isWrong && !isStillEmpty(page, name)}
    aria-describedby=${isWrong ? `${name}-about` : nothing}
    spellcheck="false"
    .value=${page.draft[name]}
    @input=${(event: Event) => {
      page.draft[name] = (event.target as HTMLInputElement).value;
      page.changed();
    }}
  />`;
}

/** Which code is not said yet: that is no mistake, but training has to wait for it. */
function isStillEmpty({ draft }: TrainingPage, name: TextName): boolean {
  return name !== 'title' && draft[name].trim() === '';
}

/** Why the buttons below do nothing yet. */
function wantedText(page: TrainingPage, wrong: Wrong, name: TextName): TemplateResult | typeof nothing {
  if (!wrong.includes(name)) return nothing;
  const text = {
    title:
      titleProblem(page.draft.title) === 'hidden'
        ? t('The title holds characters that nobody sees. Type it anew.')
        : t('A title of 1 to {0} characters', 100),
    folder: t('A folder inside the workspace, such as {0}', 'src/server'),
    glob: t('A pattern of paths in the workspace: * within a name, ** over folders'),
  }[name];
  return aboutInput(`${name}-about`, text, !isStillEmpty(page, name));
}

function aboutInput(id: string, text: string, isError: boolean): TemplateResult {
  return isError
    ? html`<p class="error about" id=${id}><span class="codicon codicon-error" aria-hidden="true"></span> ${text}</p>`
    : html`<p class="muted about" id=${id}>${text}</p>`;
}

function moreOptions(page: TrainingPage, state: TrainingState, wrong: Wrong): TemplateResult {
  const { objective } = page.draft;
  return html`<details
    id="more"
    ?open=${page.isMoreOpen}
    @toggle=${(event: Event) => page.toggleMore((event.target as HTMLDetailsElement).open)}
  >
    <summary>${t('More options')}</summary>
    <div class="options">
      <div class="field">
        <label for="base">${t('Start from')}</label>
        <select
          id="base"
          @change=${(event: Event) => {
            page.draft.base = (event.target as HTMLSelectElement).value;
            page.changed();
          }}
        >
          ${state.bases.map(
            ({ id, title }) => html`<option value=${id} ?selected=${page.draft.base === id}>${title}</option>`,
          )}
        </select>
      </div>
      ${numberField(page, wrong, 'replayShare')} ${numberField(page, wrong, 'learningRate')}
      ${objective === 'ram' ? numberField(page, wrong, 'alpha') : nothing}
      ${objective === 'joint' ? numberField(page, wrong, 'beta') : nothing} ${numberField(page, wrong, 'seed')}
      ${numberField(page, wrong, 'threads')} ${numberField(page, wrong, 'memoryMiB')}
    </div>
  </details>`;
}

export function numberField(page: TrainingPage, wrong: Wrong, name: FormNumber): TemplateResult {
  const isWrong = wrong.includes(name);
  return html`<div class="field">
    <label for=${name}>${numberName(name)}</label>
    <input
      type="text"
      inputmode=${WHOLE_NUMBERS.has(name) ? 'numeric' : 'decimal'}
      class="number"
      id=${name}
      aria-invalid=${isWrong}
      aria-describedby=${isWrong ? `${name}-about` : nothing}
      .value=${page.draft.numbers.get(name) ?? ''}
      @input=${(event: Event) => {
        page.draft.numbers.set(name, (event.target as HTMLInputElement).value);
        page.changed();
      }}
    />
    ${isWrong ? aboutInput(`${name}-about`, limitsText(name), true) : nothing}
  </div>`;
}

function limitsText(name: FormNumber): string {
  const factor = name === 'replayShare' ? 100 : 1;
  const { least, most } = FORM_LIMITS[name];
  const [from, to] = [decimal(least * factor, 6), decimal(most * factor, 6)];
  return WHOLE_NUMBERS.has(name)
    ? t('A whole number from {0} to {1}', from, to)
    : t('A number from {0} to {1}', from, to);
}
