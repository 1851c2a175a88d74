/** How the loss fell, and what the pair came to on held-out files beside the proposal alone; the latter also as a table. */
import { html, nothing, svg, type TemplateResult } from 'lit-html';
import type { CurvePoint } from '../../protocol/pages/training';
import { number } from '../numbers';
import { t } from '../page';
import { fixed } from './text';

/** Of the drawings, which are stretched to the page's width. */
const WIDTH = 600;
const HEIGHT = 100;
/** Free above and below what is drawn, so that nothing is cut off. */
const MARGIN = 5;

interface Scale {
  readonly x: (nTokens: number) => number;
  readonly y: (value: number) => number;
  readonly least: number;
  readonly most: number;
}

interface HeldOutPoint {
  readonly nTokens: number;
  readonly proposal: number;
  readonly aligned: number;
}

export function curveView(curve: readonly CurvePoint[]): TemplateResult | typeof nothing {
  const losses = curve.flatMap(({ nTokens, loss }) => (loss === undefined ? [] : [{ nTokens, loss }]));
  const measured = curve.flatMap(({ nTokens, heldOut }) => (heldOut === undefined ? [] : [{ nTokens, ...heldOut }]));
  const end = Math.max(0, ...curve.map(({ nTokens }) => nTokens));
  // What was measured before the first step is no curve yet.
  if (end === 0) return nothing;
  return html`<div class="charts" id="curve">
    ${losses.length === 0 ? nothing : lossChart(losses, end)} ${measured.length === 0 ? nothing : heldOutChart(measured, end)}
  </div>`;
}

function lossChart(
  losses: readonly { readonly nTokens: number; readonly loss: number }[],
  end: number,
): TemplateResult {
  const scale = scaleOf(
    losses.map(({ loss }) => loss),
    end,
  );
  const [first, last] = [losses[0].loss, losses[losses.length - 1].loss];
  const label = t('Loss from {0} to {1} after {2} tokens', fixed(first, 3), fixed(last, 3), number(end));
  return figure(
    t('Loss'),
    html`<span class="muted">${t('last {0}', fixed(last, 3))}</span>`,
    label,
    scale,
    end,
    svg`<path class="is-loss" d=${line(losses.map(({ nTokens, loss }) => [scale.x(nTokens), scale.y(loss)]))}></path>`,
    nothing,
  );
}

function heldOutChart(points: readonly HeldOutPoint[], end: number): TemplateResult {
  const scale = scaleOf(
    points.flatMap(({ proposal, aligned }) => [proposal, aligned]),
    end,
  );
  const last = points[points.length - 1];
  const label = t(
    'On held-out files {0} nats a token with the module, {1} with the proposal alone',
    fixed(last.aligned, 3),
    fixed(last.proposal, 3),
  );
  const at = ({ nTokens, aligned }: HeldOutPoint) => [scale.x(nTokens), scale.y(aligned)] as const;
  const level = scale.y(last.proposal);
  return figure(
    t('Held-out files, nats a token'),
    html`<span class="legend">
      <span class="entry"><span class="key is-pair" aria-hidden="true"></span>${t('with the module')}</span>
      <span class="entry"><span class="key is-alone" aria-hidden="true"></span>${t('proposal alone')}</span>
    </span>`,
    label,
    scale,
    end,
    svg`<path class="is-alone" d="M0 ${level}H${WIDTH}"></path>
      <path class="is-pair" d=${line(points.map(at))}></path>
      ${points.map(point => {
        const [x, y] = at(point);
        // A line without length whose ends are round: a dot that stays one however the drawing is stretched.
        return svg`<path class="is-point" d="M${x} ${y}h0"><title>${pointText(point)}</title></path>`;
      })}`,
    table(points),
  );
}

function figure(
  title: string,
  legend: TemplateResult,
  label: string,
  { least, most }: Scale,
  end: number,
  drawing: unknown,
  below: TemplateResult | typeof nothing,
): TemplateResult {
  return html`<figure class="chart">
    <figcaption><h3>${title}</h3>${legend}</figcaption>
    <div class="plot">
      <span class="mark is-most muted" aria-hidden="true">${fixed(most, 2)}</span>
      <span class="mark is-least muted" aria-hidden="true">${fixed(least, 2)}</span>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${label}>${drawing}</svg>
    </div>
    <div class="span muted" aria-hidden="true"><span>0</span><span>${t('{0} tokens', number(end))}</span></div>
    ${below}
  </figure>`;
}

function table(points: readonly HeldOutPoint[]): TemplateResult {
  return html`<details>
    <summary>${t('As a table')}</summary>
    <table class="points">
      <thead>
        <tr>
          <th scope="col">${t('Tokens')}</th>
          <th scope="col">${t('With the module')}</th>
          <th scope="col">${t('Proposal alone')}</th>
        </tr>
      </thead>
      <tbody>
        ${points.map(
          ({ nTokens, proposal, aligned }) =>
            html`<tr>
              <th scope="row">${number(nTokens)}</th>
              <td>${fixed(aligned, 3)}</td>
              <td>${fixed(proposal, 3)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}

function pointText({ nTokens, aligned, proposal }: HeldOutPoint): string {
  return t('{0} tokens: {1}, the proposal alone {2}', number(nTokens), fixed(aligned, 3), fixed(proposal, 3));
}

function scaleOf(values: readonly number[], end: number): Scale {
  const least = Math.min(...values);
  const most = Math.max(...values);
  const height = most - least || 1;
  return {
    least,
    most,
    x: nTokens => (nTokens / Math.max(1, end)) * WIDTH,
    y: value => MARGIN + ((most - value) / height) * (HEIGHT - 2 * MARGIN),
  };
}

function line(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}
