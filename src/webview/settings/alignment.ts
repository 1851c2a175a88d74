/** The modules in use here, in order and with their strengths, beside what they change at the cursor. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { ActiveModule, PanelState } from '../../protocol/pages/settingsState';
import { t } from '../page';
import { MODULE_DRAG } from './names';
import { icon, iconButton, section, sourceOf } from './parts';
import { previewView } from './preview';
import type { SettingsPage } from './settingsPage';
import { strengthSlider } from './slider';
import { fixed } from './text';

export function alignmentSection(page: SettingsPage, state: PanelState): TemplateResult {
  const { modules } = state;
  return section(
    'alignment',
    t('Alignment here'),
    sourceOf(page, 'modules', t('the modules'), modules),
    html`<div class="columns">
      <div>
        ${ruleRemark(page, state)} ${modules.value.length === 0 ? nothingActive(page) : activeList(page, modules.value)} ${remarks(state)}
      </div>
      ${previewView(page, state)}
    </div>`,
  );
}

function nothingActive(page: SettingsPage): TemplateResult {
  return html`<div class="empty">
    <p>
      <strong>${t('No module is in use.')}</strong> ${t(
        'Completions are those of the proposal alone. Choose a module below to align them.',
      )}
    </p>
    <button @click=${() => page.reveal('modules')}>${t('Choose a Module')}</button>
  </div>`;
}

function activeList(page: SettingsPage, modules: readonly ActiveModule[]): TemplateResult {
  const to = page.dragged?.to;
  const onDragOver = (event: DragEvent) => {
    if (page.dragged === undefined || !event.dataTransfer?.types.includes(MODULE_DRAG)) return;
    event.preventDefault();
    const rows = [...(event.currentTarget as HTMLElement).querySelectorAll('.active-module')];
    const below = rows.filter(row => {
      const { top, height } = row.getBoundingClientRect();
      return event.clientY > top + height / 2;
    }).length;
    if (below === page.dragged.to) return;
    page.dragged = { ...page.dragged, to: below };
    page.redraw();
  };
  const onDrop = (event: DragEvent) => {
    if (page.dragged === undefined) return;
    event.preventDefault();
    const { id, to: place } = page.dragged;
    const from = modules.findIndex(module => module.id === id);
    page.dragged = undefined;
    // Places are counted without the row that moves.
    page.post({ kind: 'moveModule', id, to: place > from ? place - 1 : place });
    page.redraw();
  };
  return html`<ol class="active" @dragover=${onDragOver} @drop=${onDrop}>
    ${repeat(
      modules,
      ({ id }) => id,
      (module, i) =>
        html`<li
          class="active-module ${to === i ? 'is-before' : ''} ${to === i + 1 && to === modules.length ? 'is-after' : ''}"
          data-module=${module.id}
        >
          ${activeModule(page, module, i, modules.length)}
        </li>`,
    )}
  </ol>`;
}

function activeModule(page: SettingsPage, module: ActiveModule, i: number, n: number): TemplateResult {
  const { id, title } = module;
  return html`<div class="active-head">
      ${n > 1 ? gripper(page, module, i, n) : nothing}
      <h3>${title}</h3>
      ${iconButton('close', t('Stop using {0}', title), () => page.post({ kind: 'module', action: 'drop', id }))}
    </div>
    ${module.problem === undefined ? strengthSlider(page, module) : problemText(page, module)}`;
}

/** Dragged by the mouse, moved by the arrow keys. */
function gripper(page: SettingsPage, { id, title }: ActiveModule, i: number, n: number): TemplateResult {
  const say = (place: number) => t('{0} of {1}', place, n);
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    page.move(id, title, i + step, n, say);
  };
  const onDragStart = (event: DragEvent) => {
    event.dataTransfer?.setData(MODULE_DRAG, id);
    const row = (event.target as HTMLElement).closest('.active-module');
    if (row) event.dataTransfer?.setDragImage(row, 8, 8);
    page.dragged = { id, to: i };
  };
  const onDragEnd = () => {
    page.dragged = undefined;
    page.redraw();
  };
  const label = t('Move {0} ({1}): drag, or arrow keys', title, say(i + 1));
  return html`<button
    class="icon gripper"
    id="gripper-${id}"
    draggable="true"
    title=${label}
    aria-label=${label}
    @keydown=${onKey}
    @dragstart=${onDragStart}
    @dragend=${onDragEnd}
  >
    ${icon('gripper')}
  </button>`;
}

function problemText(page: SettingsPage, { id, problem, card }: ActiveModule): TemplateResult {
  switch (problem) {
    case 'not-built':
      return html`<p class="problem">
        ${icon('warning')} ${t('It has not been built from this workspace yet.')}
        <button class="link" @click=${() => page.post({ kind: 'do', action: 'buildInstant' })}>${t('Build It')}</button>
      </p>`;
    case 'broken':
      return html`<p class="problem">${icon('error')} ${card?.problem}</p>`;
    default:
      return html`<p class="problem">
        ${icon('error')} ${t('There is no module "{0}" here. Import it, or stop using it.', id)}
      </p>`;
  }
}

/** What a person should know of how several modules go together. */
function remarks({ modules, soleRule }: PanelState): TemplateResult | typeof nothing {
  const weights = modules.value.flatMap(({ weight, title }) =>
    weight === undefined ? [] : [`${title} ${fixed(weight)}`],
  );
  const sum = modules.value.reduce((total, { weight, strength }) => total + (weight === undefined ? 0 : strength), 0);
  if (soleRule !== undefined)
    return html`<p class="problem">
      ${icon('warning')} ${t('The rule "{0}" decides alone: use its module without others.', soleRule)}
    </p>`;
  if (sum <= 1 || weights.length < 2) return nothing;
  return html`<p class="muted">
    ${icon('info')} ${t('Strengths above 1 together are scaled to 1: {0}.', weights.join(', '))}
  </p>`;
}

/** The list below is what no rule decides: that another choice completes in the open file is said before it. */
function ruleRemark(page: SettingsPage, { rule }: PanelState): TemplateResult | typeof nothing {
  if (rule === undefined) return nothing;
  const titles = rule.titles.join(' + ') || t('the proposal alone');
  return html`<p class="rule">
    ${icon('list-ordered')} ${t('For {0} the rule {1} ({2}) decides: {3}.', rule.file, rule.number, rule.text, titles)}
    <button class="link" @click=${() => page.post({ kind: 'do', action: 'openRules' })}>${t('Edit the Rules')}</button>
  </p>`;
}
