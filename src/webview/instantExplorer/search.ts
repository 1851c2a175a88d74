/** Looking for a name or the beginning of one, and what the module expects behind it. */
import { html, nothing, svg, type TemplateResult } from 'lit-html';
import type { NgramExpectation } from '../../protocol/ngramQuestions';
import { number, probability } from '../numbers';
import { t } from '../page';
import type { ExplorerPage } from './explorerPage';
import { visible } from './text';

export function searchView(page: ExplorerPage): TemplateResult {
  return html`<section aria-labelledby="search-title">
    <h2 id="search-title">${t('What does it expect?')}</h2>
    <input
      id="look-for"
      type="search"
      spellcheck="false"
      autocomplete="off"
      maxlength="500"
      placeholder=${t('Type a name, or how a line begins')}
      aria-labelledby="search-title"
      .value=${page.text}
      @input=${(event: Event) => page.lookFor((event.target as HTMLInputElement).value)}
    />
    <div id="answer" aria-live="polite">${page.answer === undefined ? nothing : answerView(page, page.answer.expectation)}</div>
  </section>`;
}

function answerView(page: ExplorerPage, expectation: NgramExpectation): TemplateResult {
  const { names, nKnown, count, expected } = expectation;
  return html`
    ${
      names.length === 0
        ? nothing
        : html`<h3>${t('Names that begin so')}</h3>
            <ul class="names" id="names-like">
              ${names.map(
                name =>
                  html`<li>
                    <button class="link" @click=${() => page.pick(completed(page.text, name.text))}><code>${name.text}</code></button>
                    <span class="muted">${number(name.count)}</span>
                  </li>`,
              )}
            </ul>`
    }
    ${
      expected.length === 0
        ? html`<p class="muted" id="unknown">${t('It has never seen this.')}</p>`
        : html`<h3>${t('What follows')}</h3>
            <p class="muted">
              ${
                nKnown === 1
                  ? t('Its last token was seen {0} times.', number(count))
                  : t('Its last {0} tokens were seen {1} times.', number(nKnown), number(count))
              }
            </p>
            <ol class="expected" id="expected">
              ${expected.map(
                ({ text, prob }) =>
                  html`<li>
                    <code>${visible(text)}</code>
                    <span class="bar"
                      ><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                        ${svg`<rect class="track" width="100" height="8"></rect>`}
                        ${svg`<rect class="share" width=${100 * Math.min(1, prob)} height="8"></rect>`}
                      </svg>
                      <span class="percent">${probability(prob)}</span></span
                    >
                  </li>`,
              )}
            </ol>`
    }
  `;
}

/** The text with its last word made whole. */
function completed(text: string, name: string): string {
  return text.replace(/[\p{L}\p{N}_$]+$/u, () => name);
}
