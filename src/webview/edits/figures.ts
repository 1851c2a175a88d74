/** The figures of both sides and what lies between them, each with how sure it is. */
import { html, type TemplateResult } from 'lit-html';
import type { EditFigures, LineFigures, Measured } from '../../protocol/pages/edits';
import { number } from '../numbers';
import { t } from '../page';
import { boundText, percentNumber, pointsText, shareText } from './text';

export function figuresView(figures: EditFigures): TemplateResult {
  const { alone, aligned, gain } = figures;
  const names: readonly (readonly [keyof LineFigures, string, string])[] = [
    ['exactMatch', t('Exact match'), t('the rest of the line, to the letter')],
    ['editSimilarity', t('Edit similarity'), t('how much of it is right')],
    ['keystrokesSaved', t('Keystrokes saved'), t('keys and accepts against characters')],
  ];
  const times: readonly (readonly [string, number | undefined, number | undefined])[] = [
    [t('Time, half of them'), alone.p50Ms, aligned.p50Ms],
    [t('Time, nine in ten'), alone.p90Ms, aligned.p90Ms],
  ];
  // Roles, because a narrow page draws the rows as blocks, and a table that is none to the browser loses them.
  const cell = (name: string, value: unknown) =>
    html`<td role="cell"><span class="name" aria-hidden="true">${name}</span><span>${value}</span></td>`;
  return html`<table class="figures" role="table">
    <thead role="rowgroup">
      <tr role="row">
        <td role="cell"></td>
        ${[t('Proposal alone'), t('With the module'), t('Difference')].map(
          name => html`<th role="columnheader" scope="col">${name}</th>`,
        )}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${names.map(
        ([key, name, about]) =>
          html`<tr role="row" data-figure=${key}>
            <th role="rowheader" scope="row">${name} <span class="muted about">${about}</span></th>
            ${cell(t('Proposal alone'), measured(alone[key], shareText, percentNumber))}
            ${cell(t('With the module'), measured(aligned[key], shareText, percentNumber))}
            ${cell(t('Difference'), difference(gain[key]))}
          </tr>`,
      )}
      ${times.map(
        ([name, a, b]) =>
          html`<tr role="row">
            <th role="rowheader" scope="row">${name}</th>
            ${cell(t('Proposal alone'), milliseconds(a))} ${cell(t('With the module'), milliseconds(b))}
            ${cell(t('Difference'), a === undefined || b === undefined ? '–' : milliseconds(b - a))}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function measured({ value, interval }: Measured, text: (x: number) => string, bound: (x: number) => string) {
  return html`<span class="value">${text(value)}</span> ${intervalView(interval, bound)}`;
}

/** Certain is what the whole interval agrees on; a colour alone would not be seen by everybody. */
function difference({ value, interval }: Measured): TemplateResult {
  const [low, high] = interval ?? [0, 0];
  const verdict = low > 0 ? 'better' : high < 0 ? 'worse' : 'unsure';
  const said = { better: t('better'), worse: t('worse'), unsure: t('not certain') }[verdict];
  const icon =
    verdict === 'unsure'
      ? ''
      : html`<span class="codicon codicon-${verdict === 'better' ? 'arrow-up' : 'arrow-down'}" aria-hidden="true"></span>`;
  return html`<span class="gain is-${verdict}"
      >${icon}<span class="value">${pointsText(value)}</span>
      <span class=${verdict === 'unsure' ? 'muted' : ''}>${said}</span></span
    >
    ${intervalView(interval, boundText)}`;
}

function intervalView(interval: Measured['interval'], bound: (x: number) => string) {
  return interval === undefined
    ? ''
    : html`<span class="muted interval">${t('{0} to {1}', bound(interval[0]), bound(interval[1]))}</span>`;
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? '–' : t('{0} ms', number(ms));
}
