/** Ordinary settings of completing, each with what it does, where its value comes from, and its control. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { repeat } from 'lit-html/directives/repeat.js';
import type { LearnedName, NumberName, SettingName } from '../../protocol/pages/settings';
import type { LanguageRow, PanelState, SettingView } from '../../protocol/pages/settingsState';
import { t } from '../page';
import { learningControl } from './learning';
import { icon, iconButton, section, sourceOf } from './parts';
import type { SettingsPage } from './settingsPage';
import { number } from './text';

interface Range {
  readonly min: number;
  readonly max: number;
  readonly step: number | 'any';
}

/** As the settings' own schemas have them. */
const RANGES: Record<NumberName, Range> = {
  debounce: { min: 0, max: 5000, step: 1 },
  contextTokens: { min: 64, max: 32_768, step: 1 },
  showGate: { min: 0, max: 1, step: 'any' },
  threads: { min: 0, max: 64, step: 1 },
  memoryMiB: { min: 64, max: 1_048_576, step: 1 },
};

export function optionsSection(page: SettingsPage, { options, learning, contextInTime }: PanelState): TemplateResult {
  const openSettings = () => page.post({ kind: 'do', action: 'openSettings' });
  return section(
    'options',
    t('Completing'),
    html`<button class="link" @click=${openSettings}>${t('Open in Settings')}</button>`,
    html`<div class="settings">
      ${row(page, 'enable', t('Complete code as you type'), t('Off is off for everything, also for what is prepared in advance.'), options.enable, enableSwitch(page, options.enable))}
      ${row(page, 'languages', t('Languages'), t('Where completions come. A language without a row follows “All others”.'), options.languages, languageList(page, options.languages))}
      ${row(page, 'debounce', t('Wait after a key'), t('Learned: from how fast you type and how fast this machine answers.'), options.debounce, learnedControl(page, 'debounce', t('Wait after a key'), options.debounce, 75, t('ms')))}
      ${row(page, 'contextTokens', t('Context'), contextText(contextInTime), options.contextTokens, learnedControl(page, 'contextTokens', t('Context'), options.contextTokens, contextInTime ?? 768, t('tokens')))}
      ${row(page, 'showGate', t('Show from'), t('Completions whose first line is less probable are held back. 0 shows all; 0.05 is the default.'), options.showGate, numberBox(page, 'showGate', t('Show from'), options.showGate, t('probability')))}
      ${row(page, 'threads', t('Processor threads'), t('Of the engine. 0 chooses by the machine.'), options.threads, numberBox(page, 'threads', t('Processor threads'), options.threads, t('threads')))}
      ${row(page, 'memoryMiB', t('Memory for models'), t('Loaded models may take this much; those used longest ago are unloaded first.'), options.memoryMiB, numberBox(page, 'memoryMiB', t('Memory for models'), options.memoryMiB, t('MiB')))}
      ${row(page, 'learnFromFeedback', t('Record what becomes of suggestions'), t('So that a module can learn from it: what was shown, what stands there later, and the code around it. Kept in this workspace’s own storage, on this machine.'), options.learnFromFeedback, learningControl(page, options.learnFromFeedback, learning))}
    </div>`,
  );
}

function row(
  page: SettingsPage,
  name: SettingName,
  title: string,
  description: string,
  view: SettingView<unknown>,
  control: unknown,
): TemplateResult {
  return html`<div class="setting ${view.isSetHere ? 'is-set' : ''}" data-setting=${name}>
    <div class="setting-head">
      <h3>${title}</h3>
      ${sourceOf(page, name, title, view)}
    </div>
    <p class="muted" id="about-${name}">${description}</p>
    ${control}
  </div>`;
}

function enableSwitch(page: SettingsPage, { value }: SettingView<boolean>): TemplateResult {
  return html`<label class="check">
    <input
      type="checkbox"
      id="enable"
      .checked=${live(value)}
      aria-describedby="about-enable"
      @change=${(event: Event) => page.post({ kind: 'setEnable', isOn: (event.target as HTMLInputElement).checked })}
    />
    ${value ? t('On') : t('Off')}
  </label>`;
}

function languageList(page: SettingsPage, { value }: SettingView<readonly LanguageRow[]>): TemplateResult {
  return html`<ul class="languages">
      ${repeat(
        value,
        ({ id }) => id,
        language => html`<li data-language=${language.id}>${languageRow(page, language)}</li>`,
      )}
    </ul>
    <button class="link" @click=${() => page.post({ kind: 'do', action: 'addLanguage' })}>
      ${icon('add')} ${t('Another language…')}
    </button>`;
}

function languageRow(page: SettingsPage, { id, name, isOn, isSetHere }: LanguageRow): TemplateResult {
  const shown = id === '*' ? t('All others') : name;
  return html`<label class="check">
      <input
        type="checkbox"
        id="language-${id}"
        .checked=${live(isOn)}
        @change=${(event: Event) =>
          page.post({ kind: 'setLanguage', id, isOn: (event.target as HTMLInputElement).checked })}
      />
      ${shown}
    </label>
    ${
      isSetHere
        ? iconButton('discard', t('Take {0} out of these settings', shown), () =>
            page.post({ kind: 'setLanguage', id, isOn: undefined }),
          )
        : nothing
    }`;
}

function contextText(inTime: number | undefined): string {
  const what = t('Text around the cursor that the models see at most. More is slower.');
  return inTime === undefined
    ? what
    : `${what} ${t('Learned: what comes within 1.2 s at a new place, here {0} tokens; 512 once they were read in a pause.', number(inTime))}`;
}

/** What is learned, or a number of the person's own, which begins with `first`. */
function learnedControl(
  page: SettingsPage,
  name: LearnedName,
  title: string,
  view: SettingView<number | 'auto'>,
  first: number,
  unit: string,
): TemplateResult {
  const isAuto = view.value === 'auto' && !page.typed.has(name);
  const auto = () => {
    page.typed.delete(name);
    page.post({ kind: 'setNumber', name, value: 'auto' });
  };
  const fixed = () => page.post({ kind: 'setNumber', name, value: first });
  return html`<div class="choices" role="radiogroup" aria-label=${title} aria-describedby="about-${name}">
    <label class="check">
      <input type="radio" name=${name} id="${name}-auto" .checked=${live(isAuto)} @change=${auto} /> ${t('Learned')}
    </label>
    <label class="check">
      <input type="radio" name=${name} id="${name}-fixed" .checked=${live(!isAuto)} @change=${fixed} /> ${t('Always')}
    </label>
    ${
      isAuto
        ? nothing
        : numberBox(
            page,
            name,
            `${title} (${unit})`,
            { ...view, value: view.value === 'auto' ? first : view.value },
            unit,
          )
    }
  </div>`;
}

/** What is typed is stored when the field is left or Enter is pressed, and only when it is in range. */
function numberBox(
  page: SettingsPage,
  name: NumberName,
  label: string,
  { value, isLocked }: SettingView<number>,
  unit: string,
): TemplateResult {
  const { min, max, step } = RANGES[name];
  const typed = page.typed.get(name);
  const isWrong = typed !== undefined && !isAllowed(typed, RANGES[name]);
  const onInput = (event: Event) => {
    page.typed.set(name, (event.target as HTMLInputElement).value);
    page.redraw();
  };
  const onChange = (event: Event) => {
    const text = (event.target as HTMLInputElement).value;
    if (!isAllowed(text, RANGES[name])) return;
    page.typed.delete(name);
    if (Number(text) !== value) page.post({ kind: 'setNumber', name, value: Number(text) });
  };
  const onBlur = () => {
    if (page.typed.delete(name)) page.redraw();
  };
  return html`<div class="number">
      <input
        type="number"
        id="number-${name}"
        min=${min}
        max=${max}
        step=${step}
        .value=${live(typed ?? String(value))}
        ?disabled=${isLocked}
        aria-label=${label}
        aria-describedby="about-${name}"
        aria-invalid=${isWrong}
        @input=${onInput}
        @change=${onChange}
        @blur=${onBlur}
      />
      <span class="muted">${unit}</span>
    </div>
    ${
      isWrong
        ? html`<p class="problem" role="alert">${icon('error')} ${
            step === 1
              ? t('A whole number from {0} to {1}.', number(min), number(max))
              : t('A number from {0} to {1}.', number(min), number(max))
          }</p>`
        : nothing
    }`;
}

function isAllowed(text: string, { min, max, step }: Range): boolean {
  const value = Number(text);
  return text.trim() !== '' && value >= min && value <= max && (step === 'any' || Number.isInteger(value));
}
