/** The names and phrases that were seen most. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Learned } from '../../protocol/pages/instantExplorer';
import { number } from '../numbers';
import { t } from '../page';
import type { ExplorerPage } from './explorerPage';
import { visible } from './text';

/** Shown before a person asks for the others. */
const N_FIRST = 24;

export function namesView(page: ExplorerPage, { names, nNames }: Learned): TemplateResult | typeof nothing {
  if (names.length === 0) return nothing;
  return html`<section aria-labelledby="names-title">
    <h2 id="names-title">${t('Names')}</h2>
    <p class="muted">
      ${nNames > names.length ? t('The {0} most used of {1}.', number(names.length), number(nNames)) : nothing}
      ${t('How often, and in how many files.')}
    </p>
    ${folded(
      page,
      'names',
      names.map(
        ({ text, count, nFiles }) =>
          html`<li>
            <button class="link" @click=${() => page.pick(text)}><code>${text}</code></button>
            <span class="muted" title=${t('{0} times in {1} files', number(count), number(nFiles))}
              >${number(count)} / ${number(nFiles)}</span
            >
          </li>`,
      ),
    )}
  </section>`;
}

export function phrasesView(page: ExplorerPage, { phrases }: Learned): TemplateResult | typeof nothing {
  if (phrases.length === 0) return nothing;
  return html`<section aria-labelledby="phrases-title">
    <h2 id="phrases-title">${t('Phrases')}</h2>
    <p class="muted">${t('Several tokens that stand together again and again, those first that save most typing.')}</p>
    ${folded(
      page,
      'phrases',
      phrases.map(
        ({ text, count }) =>
          html`<li>
            <button class="link" @click=${() => page.pick(text)}><code>${visible(text)}</code></button>
            <span class="muted" title=${t('{0} times', number(count))}>${number(count)}</span>
          </li>`,
      ),
    )}
  </section>`;
}

function folded(page: ExplorerPage, kind: 'names' | 'phrases', items: readonly TemplateResult[]): TemplateResult {
  const rest = items.slice(N_FIRST);
  return html`<ul class=${kind} id=${kind}>
      ${items.slice(0, N_FIRST)}
    </ul>
    ${
      rest.length === 0
        ? nothing
        : html`<details
            ?open=${page.openGroups.has(kind)}
            @toggle=${(event: Event) => page.toggle(kind, (event.target as HTMLDetailsElement).open)}
          >
            <summary>${t('{0} more', number(rest.length))}</summary>
            <ul class=${kind}>
              ${rest}
            </ul>
          </details>`
    }`;
}
