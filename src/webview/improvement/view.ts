/** What was learned, whether it holds on what it was not trained on, the decision, and the last completions before and after. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type {
  ChangedRow,
  Decision,
  ImprovementView,
  RecordedOutcome,
  ToImprovementPage,
} from '../../protocol/pages/improvement';
import { finePercent, number } from '../numbers';
import { t } from '../page';

type Decide = (decision: Decision) => void;

export function pageView(
  state: Exclude<ToImprovementPage, { readonly kind: 'said' }> | undefined,
  said: string,
  decide: Decide,
): TemplateResult {
  return html`
    <div class="page">
      <h1>${t('Learned from your feedback')}</h1>
      ${state === undefined ? nothing : state.kind === 'nothing' ? nothingView() : reviewView(state.view, decide)}
    </div>
    <p class="said" role="status" aria-live="polite">${said}</p>
  `;
}

function nothingView(): TemplateResult {
  return html`<p>${t('No module waits for your decision.')}</p>`;
}

function reviewView(view: ImprovementView, decide: Decide): TemplateResult {
  const { title, nPairs, seconds, rows } = view;
  const nChanged = rows.filter(isChanged).length;
  return html`
    <p>
      <strong>${title}</strong>
      <span class="muted"
        >${t('Trained in {0} s on {1} suggestions that were kept or turned down.', number(seconds), number(nPairs))}</span
      >
    </p>
    ${verdictView(view)} ${costView(view)}
    <div class="actions">${view.gains ? decisions(decide) : doubts(decide)}</div>
    <h2 id="changes-title">${t('Your last {0} completions', number(rows.length))}</h2>
    <p class="muted">
      ${nChanged === 0 ? t('None would differ with it.') : t('{0} would differ with it. It is not in use yet.', number(nChanged))}
    </p>
    <ol aria-labelledby="changes-title">
      ${[...rows.filter(isChanged), ...rows.filter(row => !isChanged(row))].map(rowView)}
    </ol>
  `;
}

function verdictView({ preferred, isHeldOut, kept, gains }: ImprovementView): TemplateResult {
  const { proposal, aligned, n } = preferred;
  const where = isHeldOut
    ? t(
        'Asked about {0} suggestions that it was not trained on, the models prefer what you kept in {1} without it and in {2} with it.',
        number(n),
        number(Math.round(proposal * n)),
        number(Math.round(aligned * n)),
      )
    : t(
        'There were too few to hold some back: asked about the {0} suggestions that it was trained on, the models prefer what you kept in {1} without it and in {2} with it.',
        number(n),
        number(Math.round(proposal * n)),
        number(Math.round(aligned * n)),
      );
  const likelier = kept !== undefined && kept.aligned < kept.proposal ? 1 - kept.aligned / kept.proposal : 0;
  const surprise =
    likelier > 0 ? t('A token of what you kept is {0} less of a surprise with it.', finePercent(likelier)) : '';
  if (gains) return html`<p class="note">${surprise} ${where}</p>`;
  return html`<p class="note is-doubtful">
    <span class="codicon codicon-warning" aria-hidden="true"></span>
    ${where} ${t('That is no gain: it has not learned what you prefer. More feedback may help.')}
  </p>`;
}

/** What it costs where nothing was preferred. */
function costView({ elsewhere }: ImprovementView): TemplateResult | typeof nothing {
  if (elsewhere === undefined) return nothing;
  const [without, beside] = [finePercent(elsewhere.proposal), finePercent(elsewhere.aligned)];
  return html`<p class="muted" id="cost">
    ${t('In other code the next token is right in {0} without it and in {1} with it.', without, beside)}
  </p>`;
}

function decisions(decide: Decide): TemplateResult {
  return html`
    <button id="use" @click=${() => decide('use')}>${t('Use It')}</button>
    <button class="secondary" id="aside" @click=${() => decide('aside')}>${t('Keep It Aside')}</button>
    <button class="secondary" id="discard" @click=${() => decide('discard')}>${t('Discard It')}</button>
  `;
}

function doubts(decide: Decide): TemplateResult {
  return html`
    <button id="discard" @click=${() => decide('discard')}>${t('Discard It')}</button>
    <button class="secondary" id="aside" @click=${() => decide('aside')}>${t('Keep It Aside')}</button>
    <button class="secondary" id="use" @click=${() => decide('use')}>${t('Use It Anyway')}</button>
  `;
}

function rowView(row: ChangedRow): TemplateResult {
  const { file, head, outcome, before, after, stood } = row;
  const line = (label: string, kind: string, text: string) => html`<div class="side ${kind}">
    <dt>${label}</dt>
    <dd>${text === '' ? html`<span class="muted">${t('nothing')}</span>` : html`<code>${text}</code>`}</dd>
  </div>`;
  return html`<li class=${isChanged(row) ? 'is-changed' : ''}>
    <p class="place">
      <span class="file">${file}</span>
      <span class="muted">${outcomeText(outcome)}</span>
    </p>
    <pre class="head"><code>${head.trimStart()}</code></pre>
    <dl>
      ${
        isChanged(row)
          ? html`${line(t('Before'), 'before', before)} ${line(t('With it'), 'after', after)}`
          : line(t('As before'), 'same', after)
      }
      ${stood === '' ? nothing : line(t('You wrote'), 'stood', stood)}
    </dl>
  </li>`;
}

function isChanged({ before, after }: ChangedRow): boolean {
  return before !== after;
}

function outcomeText(outcome: RecordedOutcome): string {
  switch (outcome) {
    case 'accepted':
      return t('accepted');
    case 'edited':
      return t('accepted, then edited');
    case 'partly':
      return t('accepted in part');
    case 'typedOver':
      return t('typed over');
    case 'ignored':
      return t('ignored');
  }
}
