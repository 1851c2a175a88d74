/** What was shown and accepted on each of the last days, as bars; and the same as a table for whoever reads it so. */
import { html, nothing, svg, type TemplateResult } from 'lit-html';
import type { DayFigures } from '../../protocol/pages/scoreboard';
import { date, number } from '../numbers';
import { t } from '../page';

/** Of the drawing, which is stretched to the page's width. */
const SLOT = 10;
const BAR = 7;
const HEIGHT = 60;

export function chartView(days: readonly DayFigures[]): TemplateResult | typeof nothing {
  if (days.length === 0) return nothing;
  const most = Math.max(1, ...days.map(({ shown, accepted }) => Math.max(shown, accepted)));
  const nShown = days.reduce((sum, { shown }) => sum + shown, 0);
  const nAccepted = days.reduce((sum, { accepted }) => sum + accepted, 0);
  const [first, last] = [days[0].day, days[days.length - 1].day].map(date);
  const label = t('{0} shown and {1} accepted from {2} to {3}', number(nShown), number(nAccepted), first, last);
  return html`<figure class="chart">
    <figcaption>
      <h2>${t('Day by day')}</h2>
      <span class="legend">
        <span class="entry"><span class="key is-shown" aria-hidden="true"></span>${t('shown')}</span>
        <span class="entry"><span class="key is-accepted" aria-hidden="true"></span>${t('accepted, whole or in part')}</span>
      </span>
    </figcaption>
    <div class="plot">
      <span class="most muted" aria-hidden="true">${number(most)}</span>
      <svg viewBox="0 0 ${days.length * SLOT} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${label}>
        ${days.map((day, i) => dayBars(day, i, most))}
      </svg>
    </div>
    <div class="span muted" aria-hidden="true"><span>${first}</span><span>${last}</span></div>
    <details>
      <summary>${t('As a table')}</summary>
      ${daysTable(days)}
    </details>
  </figure>`;
}

function dayBars({ day, shown, accepted }: DayFigures, i: number, most: number) {
  const bar = (n: number, kind: string) => {
    const height = (n / most) * (HEIGHT - 2);
    return n === 0
      ? nothing
      : svg`<rect class=${kind} x=${i * SLOT + (SLOT - BAR) / 2} y=${HEIGHT - height} width=${BAR} height=${height}></rect>`;
  };
  return svg`<g>
    <title>${t('{0}: {1} shown, {2} accepted', date(day), number(shown), number(accepted))}</title>
    <rect class="is-day" x=${i * SLOT} y="0" width=${SLOT} height=${HEIGHT}></rect>
    ${bar(shown, 'is-shown')} ${bar(accepted, 'is-accepted')}
  </g>`;
}

function daysTable(days: readonly DayFigures[]): TemplateResult {
  const some = days.filter(({ shown, accepted }) => shown + accepted > 0).reverse();
  return html`<table class="days">
    <thead>
      <tr>
        <th scope="col">${t('Day')}</th>
        <th scope="col">${t('Shown')}</th>
        <th scope="col">${t('Accepted')}</th>
      </tr>
    </thead>
    <tbody>
      ${some.map(
        ({ day, shown, accepted }) =>
          html`<tr>
            <th scope="row">${date(day)}</th>
            <td>${number(shown)}</td>
            <td>${number(accepted)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}
