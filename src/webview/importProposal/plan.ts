/** What will happen before it does: what the model is, and what each form of it would take. */
import { html, nothing, type TemplateResult } from 'lit-html';
import type { FormatView, ImportPlanView } from '../../protocol/pages/importProposal';
import { number, size } from '../numbers';
import { t } from '../page';
import type { ImportPage } from './importPage';
import { about, formatText, parameters } from './text';
import { chooseButton } from './view';

export function planView(page: ImportPage, plan: ImportPlanView): TemplateResult {
  const chosen = plan.formats.find(({ format }) => format === page.picked) ?? plan.formats[0];
  const lacksDisk = chosen.sizeBytes + plan.marginBytes > plan.freeDiskBytes;
  return html`
    <dl class="facts">
      ${fact(t('Name'), plan.title)}
      ${fact(t('Licence'), plan.licence ?? t('Its files name none: find out whether you may use it.'))}
      ${fact(t('Kind'), t('{0}, {1} parameters', plan.family, parameters(plan.nParameters)))}
      ${fact(t('Context'), t('{0} tokens', number(plan.contextLength)))}
      ${fact(t('Completing'), plan.fim ? t('sees what follows the cursor') : t('ignores what follows the cursor'))}
      ${fact(t('Chat'), plan.chat ? t('was tuned to answer') : t('was not tuned to answer'))}
    </dl>
    <fieldset>
      <legend>${t('Form of its weights')}</legend>
      <div class="formats">${plan.formats.map(format => formatView(page, plan, format, format === chosen))}</div>
    </fieldset>
    <p class="muted">
      ${t('{0} are free on the disk, and {1} in memory.', size(plan.freeDiskBytes), size(plan.freeMemoryBytes))}
      ${plan.formats.some(({ speed }) => speed !== undefined) ? t('Speeds are estimates from a short measurement, without other work beside it.') : t('This machine could not be measured.')}
    </p>
    ${warnings(plan, chosen, lacksDisk)}
    <div class="actions">
      <button
        id="import"
        ?disabled=${lacksDisk}
        aria-describedby=${lacksDisk ? 'no-room' : nothing}
        @click=${() => page.post({ kind: 'import', format: chosen.format })}
      >
        ${t('Import It')}
      </button>
      ${chooseButton(page, false)}
    </div>
  `;
}

function formatView(
  page: ImportPage,
  { promptTokens }: ImportPlanView,
  { format, sizeBytes, memoryBytes, speed }: FormatView,
  isChosen: boolean,
): TemplateResult {
  return html`<div class="format ${isChosen ? 'is-chosen' : ''}">
    <label class="radio">
      <input
        type="radio"
        name="format"
        value=${format}
        aria-describedby="about-${format}"
        .checked=${isChosen}
        @change=${() => page.pick(format)}
      />
      <span class="name">${format}</span>
    </label>
    <p class="muted" id="about-${format}">${formatText(format)}</p>
    <dl>
      ${fact(t('On the disk'), size(sizeBytes))} ${fact(t('In memory'), t('about {0}', size(memoryBytes)))}
      ${
        speed === undefined
          ? nothing
          : html`${fact(t('Prompt of {0} tokens', number(promptTokens)), t('about {0} s', about(speed.firstTokenMs / 1000)))}
            ${fact(t('After that'), t('about {0} tokens a second', about(speed.tokensPerS)))}`
      }
    </dl>
  </div>`;
}

function warnings(plan: ImportPlanView, chosen: FormatView, lacksDisk: boolean): TemplateResult {
  const { raisesMemoryTo } = chosen;
  return html`
    ${
      lacksDisk
        ? html`<p class="note error" id="no-room">
            <span class="codicon codicon-error" aria-hidden="true"></span>
            ${t('There is not enough room on the disk: {0} are needed. Make room, or take a smaller form.', size(chosen.sizeBytes + plan.marginBytes))}
          </p>`
        : nothing
    }
    ${
      chosen.memoryBytes > plan.freeMemoryBytes
        ? html`<p class="note" id="tight">
            <span class="codicon codicon-warning" aria-hidden="true"></span>
            ${t('It needs more memory than is free: the machine may become slow, or stop the engine.')}
          </p>`
        : nothing
    }
    ${
      raisesMemoryTo === undefined
        ? nothing
        : html`<p class="note" id="raises">
            ${t('Models may take less memory than that: the setting residual.memoryMiB is raised to {0}.', number(raisesMemoryTo))}
          </p>`
    }
  `;
}

function fact(name: string, value: string): TemplateResult {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}
