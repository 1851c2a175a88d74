/** One token: what was proposed, how each module weighed it, what came of it, and what was taken. */
import { html, nothing, svg, type TemplateResult } from 'lit-html';
import type { WhyToken, WhyView } from '../../protocol/pages/why';
import { factor, number, percent, probability } from '../numbers';
import { t } from '../page';
import { badge, list, visible } from './text';

type Candidate = WhyToken['why']['candidates'][number];

export function detailView(view: WhyView, index: number): TemplateResult | typeof nothing {
  const token = view.tokens[index];
  if (token === undefined) return nothing;
  const { why } = token;
  const isMixed = why.lambdas.some(lambda => lambda > 0);
  const hasModules = view.modules.length > 0;
  const nMore = why.nNucleus - why.candidates.length;
  return html`<section class="detail" aria-labelledby="detail-title">
    <h2 id="detail-title">
      ${t('Token {0} of {1}', number(index + 1), number(view.tokens.length))} <code>${visible(token.text)}</code>
    </h2>
    ${sentences(token, view).map(sentence => html`<p>${sentence}</p>`)}
    <p class="legend" aria-hidden="true">
      ${key('p', t('proposal'))} ${isMixed ? key('mixed', t('with what was mixed in')) : nothing}
      ${hasModules ? key('aligned', t('aligned')) : nothing}
    </p>
    <ol class="candidates">
      ${why.candidates.map(candidate => candidateView(candidate, token, view, { isMixed, hasModules }))}
    </ol>
    ${
      nMore > 0
        ? html`<p class="muted">${t('{0} less probable candidates are not listed.', number(nMore))}</p>`
        : nothing
    }
  </section>`;
}

function candidateView(
  candidate: Candidate,
  { id, why }: WhyToken,
  { modules }: WhyView,
  { isMixed, hasModules }: { readonly isMixed: boolean; readonly hasModules: boolean },
): TemplateResult {
  const isWritten = candidate.id === id;
  const isAlone = hasModules && candidate.id === why.alone;
  return html`<li class=${isWritten ? 'is-written' : ''}>
    <span class="name">
      <code>${visible(candidate.text)}</code>
      ${isWritten ? html`<span class="tag"><span class="codicon codicon-check" aria-hidden="true"></span>${t('written')}</span>` : nothing}
      ${isAlone ? html`<span class="tag">${t('proposal’s choice')}</span>` : nothing}
    </span>
    <span class="bars">
      ${bar('p', t('proposal'), candidate.p)} ${isMixed ? bar('mixed', t('with what was mixed in'), candidate.proposed) : nothing}
      ${hasModules ? bar('aligned', t('aligned'), candidate.aligned) : nothing}
    </span>
    ${
      hasModules
        ? html`<span class="weights">
            ${modules.map(
              ({ title }, k) =>
                html`<span class="weight"
                  ><span aria-hidden="true">${badge(k)}</span><span class="spoken">${title}</span>
                  ${factor(candidate.weights[k] ?? 0)}
                  <span class="muted">${t('gives it {0}', probability(candidate.q[k] ?? 0))}</span></span
                >`,
            )}
          </span>`
        : nothing
    }
  </li>`;
}

function bar(kind: string, name: string, share: number): TemplateResult {
  return html`<span class="bar">
    <span class="spoken">${name}</span>
    <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      ${svg`<rect class="track" x="0" y="0" width="100" height="8"></rect>`}
      ${share > 0 ? svg`<rect class=${kind} x="0" y="0" width=${100 * Math.min(1, share)} height="8"></rect>` : nothing}
    </svg>
    <span class="share">${probability(share)}</span>
  </span>`;
}

function key(kind: string, name: string): TemplateResult {
  return html`<span class="key"
    ><svg viewBox="0 0 12 8">${svg`<rect class=${kind} x="0" y="0" width="12" height="8"></rect>`}</svg>${name}</span
  >`;
}

function sentences({ text, nTyped, nShown, why }: WhyToken, { modules }: WhyView): string[] {
  const title = (k: number) => modules[k]?.title ?? '';
  const alone = why.candidates.find(({ id }) => id === why.alone)?.text;
  const vetoing = modules
    .map((_, k) => k)
    .filter(k => why.candidates.length > 0 && why.candidates.every(({ weights }) => weights[k] === 0));
  const origin =
    modules.length === 0
      ? t('No module took part.')
      : why.changedBy.length === 0
        ? t('The proposal alone would have written this too.')
        : t(
            '{0} changed this token: the proposal alone would have written {1} here.',
            list(why.changedBy.map(title)),
            quoted(alone),
          );
  return [
    // A token that a module changed reads the same so far, and is another one: nobody agreed.
    ...(text !== '' && nTyped === text.length && why.changedBy.length === 0
      ? [t('This stood there already: the models only had to agree.')]
      : []),
    ...(text !== '' && nTyped < text.length && nShown <= nTyped
      ? [t('This was written, and cut off before it was shown.')]
      : []),
    origin,
    ...why.lambdas.flatMap((lambda, k) =>
      lambda > 0
        ? [t('{0} knows this context: {1} of what was proposed comes from it.', title(k), percent(lambda))]
        : [],
    ),
    ...vetoing.map(k => t('{0} ruled out every candidate, so the proposal’s own were kept.', title(k))),
  ];
}

function quoted(text: string | undefined): string {
  return text === undefined ? t('nothing') : `“${visible(text)}”`;
}
