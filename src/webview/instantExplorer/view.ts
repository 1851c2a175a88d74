/** The page as a whole: whether there is a module, its figures, what is looked for, and what it was made of. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { ExplorerState, Learned } from '../../protocol/pages/instantExplorer';
import { moment, number, size } from '../numbers';
import { t } from '../page';
import type { ExplorerPage } from './explorerPage';
import { filesView } from './files';
import { measuredView } from './measured';
import { searchView } from './search';
import { namesView, phrasesView } from './words';

export function pageView(page: ExplorerPage): TemplateResult {
  return html`
    <div class="page" aria-busy=${page.isWorking}>
      <header>
        <h1>${t('Instant module')}</h1>
        ${
          page.state?.kind === 'learned' || page.state?.kind === 'failed'
            ? html`<button
                class="secondary"
                id="refresh"
                ?disabled=${page.isWorking}
                @click=${() => page.post({ kind: 'refresh' })}
              >
                ${t('Refresh')}
              </button>`
            : nothing
        }
      </header>
      ${page.isWorking ? workingView() : nothing} ${page.state === undefined ? nothing : stateView(page, page.state)}
    </div>
    <p class="said" role="status" aria-live="polite">${page.said}</p>
  `;
}

function workingView(): TemplateResult {
  return html`<p class="muted working">
    <span class="codicon codicon-loading codicon-modifier-spin" aria-hidden="true"></span>
    ${t('Reading what was counted…')}
  </p>`;
}

function stateView(page: ExplorerPage, state: ExplorerState): TemplateResult {
  switch (state.kind) {
    case 'unavailable':
      return unavailableView(page, state.reason);
    case 'notBuilt':
      return html`<p>
          ${t('It counts the names and phrases of this workspace in seconds, and completions then suggest them. It is not built yet.')}
        </p>
        <button id="build" @click=${() => page.post({ kind: 'build' })}>${t('Build')}</button>`;
    case 'building':
      return html`<p class="counting">
          ${
            state.nFiles === 0
              ? t('Looking for files…')
              : t('{0} of {1} files', number(state.nDone), number(state.nFiles))
          }
        </p>
        <progress
          max="1"
          value=${state.nFiles === 0 ? nothing : state.nDone / state.nFiles}
          aria-label=${t('Building the instant module')}
        ></progress>
        <p><button class="secondary" id="cancel" @click=${() => page.post({ kind: 'cancelBuild' })}>${t('Cancel')}</button></p>`;
    case 'failed':
      return html`<p class="error" role="alert">
          <span class="codicon codicon-error" aria-hidden="true"></span> ${t('The instant module cannot be read.')}
          ${state.message}
        </p>
        <button id="build" @click=${() => page.post({ kind: 'build' })}>${t('Build Again')}</button>`;
    case 'learned':
      return learnedView(page, state.learned);
  }
}

function unavailableView(page: ExplorerPage, reason: 'untrusted' | 'no-folder' | 'virtual'): TemplateResult {
  switch (reason) {
    case 'untrusted':
      return html`<p>${t('Residual reads no files of a workspace that you have not trusted.')}</p>
        <button id="trust" @click=${() => page.post({ kind: 'manageTrust' })}>${t('Manage Workspace Trust')}</button>`;
    case 'no-folder':
      return html`<p>${t('Open a folder to build it from.')}</p>`;
    case 'virtual':
      return html`<p>${t('It is built from files on disk, and this workspace is virtual.')}</p>`;
  }
}

function learnedView(page: ExplorerPage, learned: Learned): TemplateResult {
  return html`
    ${learned.isUsed ? nothing : html`<p class="note">${t('No completion uses it: saved files are counted when one does.')}</p>`}
    ${figuresView(learned)} ${searchView(page)} ${measuredView(page, learned)} ${namesView(page, learned)} ${phrasesView(page, learned)}
    ${filesView(page, learned)}
    <div class="actions">
      <button class="secondary" id="build" @click=${() => page.post({ kind: 'build' })}>${t('Rebuild')}</button>
    </div>
    <p class="muted">
      ${t('All of this is the text of this workspace. It stays in the workspace’s own storage on this machine, and is not logged.')}
    </p>
  `;
}

function figuresView(learned: Learned): TemplateResult {
  const tile = (id: string, name: string, value: string, about: string) =>
    html`<div class="tile" id=${id}>
      <dt>${name}</dt>
      <dd><span class="value">${value}</span> <span class="muted">${about}</span></dd>
    </div>`;
  const { nFiles, nTokens, textBytes, memoryBytes, diskBytes, built, written, nUnsaved } = learned;
  return html`<dl class="tiles">
      ${tile('files', t('Files'), number(nFiles), t('{0} of text', size(textBytes)))}
      ${tile('tokens', t('Tokens'), number(nTokens), t('what the models read'))}
      ${tile('memory', t('Memory'), size(memoryBytes), t('while it is loaded'))}
      ${tile('disk', t('Disk'), size(diskBytes), t('in the workspace’s own storage'))}
    </dl>
    <p class="muted times">
      ${[
        ...(built === undefined ? [] : [t('Built {0}.', moment(built))]),
        ...(written === undefined ? [] : [t('Written {0}.', moment(written))]),
        ...(nUnsaved === 0 ? [] : [t('{0} files were counted since, and will be written soon.', number(nUnsaved))]),
      ].join(' ')}
    </p>`;
}
