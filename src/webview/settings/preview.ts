/** The live before and after: the cursor's line, completed by the proposal alone and aligned. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { PanelState, Preview, PreviewSide } from '../../protocol/pages/settingsState';
import { t } from '../page';
import { icon, spinner } from './parts';
import type { SettingsPage } from './settingsPage';

type Shown = Extract<Preview, { kind: 'shown' }>;

export function previewView(page: SettingsPage, state: PanelState): TemplateResult {
  return html`<div class="preview" role="region" aria-label=${t('Before and after, at the cursor')}>
    ${contentOf(page.preview, state)}
  </div>`;
}

function contentOf(preview: Preview, state: PanelState): TemplateResult {
  switch (preview.kind) {
    case 'none':
      return nothingToShow(
        t('Before and after'),
        t('Open a file with code and put the cursor where you would type: both completions appear here.'),
      );
    case 'refused':
      return nothingToShow(preview.file, preview.reason);
    case 'shown':
      return shownView(preview, state);
  }
}

function nothingToShow(title: string, text: string): TemplateResult {
  return html`<div class="preview-head"><span class="preview-file">${title}</span></div>
    <p class="muted preview-empty">${icon('edit')} ${text}</p>`;
}

function shownView(preview: Shown, state: PanelState): TemplateResult {
  const { file, line, alone, aligned } = preview;
  const isWorking = alone.isWorking || aligned.isWorking;
  const proposal = state.proposals.find(({ isInUse }) => isInUse)?.title ?? t('Proposal');
  const titles = state.modules.value.map(({ title }) => title).join(' + ') || t('no module');
  return html`<div class="preview-head" aria-busy=${isWorking}>
      <span class="preview-file">${file}:${line}</span>
      ${isWorking ? html`<span class="muted">${spinner()}<span class="spoken">${t('being written')}</span></span>` : nothing}
    </div>
    ${side(preview, 'alone', t('{0} alone', proposal))} ${side(preview, 'aligned', t('Aligned with {0}', titles))}
    <p class="muted preview-foot">${verdict(alone, aligned)}</p>`;
}

function side(preview: Shown, which: 'alone' | 'aligned', title: string): TemplateResult {
  const { isWorking, text, problem } = preview[which];
  const other = preview[which === 'alone' ? 'aligned' : 'alone'];
  return html`<figure class="side is-${which} ${isWorking ? 'is-working' : ''}">
    <figcaption>${title}</figcaption>
    ${
      problem === undefined
        ? html`<pre>${code(preview, text, other.text)}</pre>`
        : html`<p class="problem">${icon('error')} ${problem}</p>`
    }
  </figure>`;
}

/** The code around the cursor, the suggestion in it, and in that what the other side writes differently. */
function code({ before, lineRest }: Shown, text: string | undefined, otherText: string | undefined) {
  const shown = before.replace(/^(?:[^\S\n]*\n)+/, '');
  const indent = commonIndent(shown);
  const nSame = otherText === undefined || text === undefined ? Infinity : commonLength(text, otherText);
  const suggested =
    text === undefined
      ? html`<span class="cursor"></span>`
      : text === ''
        ? html`<span class="cursor"></span><span class="nothing">${t('(nothing)')}</span>`
        : html`<span class="ghost">${dedentRest(text.slice(0, nSame), indent)}</span><mark
              >${dedentRest(text.slice(nSame), indent)}</mark
            >`;
  return html`<span class="before">${dedent(shown, indent)}</span>${suggested}<span class="before">${lineRest}</span>`;
}

function verdict(alone: PreviewSide, aligned: PreviewSide): string {
  if (alone.text === undefined || aligned.text === undefined || aligned.isWorking) return '\u00a0';
  return alone.text === aligned.text ? t('Both write the same here.') : t('What differs is marked.');
}

function commonLength(a: string, b: string): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n++;
  return n;
}

function commonIndent(text: string): number {
  const indents = text.split('\n').flatMap((line, i, all) => {
    // The last line is where somebody types: it may be nothing but indentation yet.
    if (line.trim() === '' && i < all.length - 1) return [];
    return [line.length - line.trimStart().length];
  });
  return Math.min(...indents);
}

function dedent(text: string, indent: number): string {
  return text
    .split('\n')
    .map(line => line.slice(Math.min(indent, line.length - line.trimStart().length)))
    .join('\n');
}

/** As `dedent` for text that begins in the middle of a line. */
function dedentRest(text: string, indent: number): string {
  const [first, ...rest] = text.split('\n');
  return [first, ...rest.map(line => dedent(line, indent))].join('\n');
}
