/** A strength: slider, number and the calibrated value, which is marked on the slider and one click away. */
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { ref } from 'lit-html/directives/ref.js';
import type { ActiveModule } from '../../protocol/pages/settingsState';
import { t } from '../page';
import type { SettingsPage } from './settingsPage';
import { fixed } from './text';

const STEP = 0.05;

export function strengthSlider(page: SettingsPage, { id, title, strength, isCalibrated, card }: ActiveModule) {
  if (card === undefined) return nothing;
  const shown = page.strengths.get(id) ?? strength;
  const most = Math.max(card.mostStrength, shown);
  const isAtMark = page.strengths.has(id) ? shown === card.calibrated : isCalibrated;
  const key = `strength-${id}`;
  const onInput = (event: Event) => {
    const { value, validity } = event.target as HTMLInputElement;
    if (value !== '' && validity.valid) page.draftStrength(id, Number(value));
  };
  const onChange = () => page.commitStrength(id);
  return html`<div class="strength">
    <label for=${key}>${t('Strength')}</label>
    <div class="slider">
      <input
        type="range"
        id=${key}
        min="0"
        max=${most}
        step=${STEP}
        .value=${live(String(shown))}
        aria-label=${t('Strength of {0}', title)}
        aria-valuetext=${valueText(shown, card.calibrated)}
        @input=${onInput}
        @change=${onChange}
        ${ref(element => (element as HTMLElement | undefined)?.style.setProperty('--fill', `${(100 * shown) / most}%`))}
      />
      ${mark(card.calibrated / most)}
    </div>
    <input
      type="number"
      min="0"
      max="4"
      step="any"
      .value=${live(String(Math.round(100 * shown) / 100))}
      aria-label=${t('Strength of {0} as a number', title)}
      @input=${onInput}
      @change=${onChange}
    />
    <button
      class="link calibrate"
      title=${t('The strength that was measured to be best with this proposal')}
      ?disabled=${isAtMark}
      @click=${() => page.calibrate(id)}
    >
      ${isAtMark ? t('calibrated') : t('calibrated: {0}', fixed(card.calibrated))}
    </button>
  </div>`;
}

/** A line where the calibrated value is. Drawn, because the page's policy allows no inline style. */
function mark(share: number): TemplateResult {
  const x = String(100 * Math.min(1, share));
  return html`<svg class="mark" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
    <line x1=${x} x2=${x} y1="0" y2="10" vector-effect="non-scaling-stroke"></line>
  </svg>`;
}

function valueText(value: number, calibrated: number): string {
  if (value === 0) return t('{0}, the proposal alone', fixed(value));
  return value === calibrated ? t('{0}, calibrated', fixed(value)) : fixed(value);
}
