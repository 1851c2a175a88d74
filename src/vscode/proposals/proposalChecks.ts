/** What a person is asked and told about a proposal before it is one: which form, whether it fits in memory, what it is. */
import * as vscode from 'vscode';
import type { Importable } from '../../host/proposals/importLayout';
import { memoryNeed } from '../../host/proposals/memoryNeed';
import type { ListedFile, Variant } from '../../host/proposals/proposalLayout';
import type { InspectResult } from '../../protocol/inspection';
import { bytesText } from '../amounts';
import { plainLabel } from '../plainText';
import { engineLimits } from '../settings';

const MIB = 1024 * 1024;

/** @returns the only variant, or the one that is picked */
export async function pickVariant<F extends ListedFile>(
  name: string,
  variants: readonly Variant<F>[],
): Promise<Variant<F> | undefined> {
  if (variants.length === 1) return variants[0];
  const items = variants.map((variant, i) => ({
    label: variant.dtype,
    description: [bytesText(variant.sizeBytes), i === 0 ? vscode.l10n.t('suggested') : ''].filter(Boolean).join(' · '),
    detail: formText(variant.dtype),
    variant,
  }));
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Which Form of {0}?', name),
    placeHolder: vscode.l10n.t('The same model with weights of different precision'),
    matchOnDetail: true,
    ignoreFocusOut: true,
  });
  return picked?.variant;
}

/** As `pickVariant`, where some forms have to be imported before they are used. */
export async function pickForm<F extends ListedFile>(
  name: string,
  variants: readonly Variant<F>[],
  importables: readonly Importable<F>[],
): Promise<Variant<F> | Importable<F> | undefined> {
  if (importables.length === 0) return pickVariant(name, variants);
  if (variants.length === 0 && importables.length === 1) return importables[0];
  type Item = vscode.QuickPickItem & { readonly form?: Variant<F> | Importable<F> };
  const separator = (label: string): Item => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const items: Item[] = [
    ...(variants.length > 0 ? [separator(vscode.l10n.t('used as it is'))] : []),
    ...variants.map(
      (form): Item => ({
        label: form.dtype,
        description: bytesText(form.sizeBytes),
        detail: formText(form.dtype),
        form,
      }),
    ),
    separator(vscode.l10n.t('imported after the download')),
    ...importables.map(
      (form): Item => ({
        label: plainLabel(form.label),
        description: bytesText(form.sizeBytes),
        detail: importText(form),
        form,
      }),
    ),
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Which Form of {0}?', name),
    placeHolder: vscode.l10n.t('The same model with weights of different precision'),
    matchOnDetail: true,
    ignoreFocusOut: true,
  });
  return picked?.form;
}

function importText({ form, label }: Importable): string {
  if (form === 'safetensors') return vscode.l10n.t('As trained: the most exact one to import from, and the largest');
  if (/q[23]_k|iq[123]/i.test(label)) return vscode.l10n.t('A GGUF with little left of it: small, and not exact');
  if (/[-_.]b?f(16|32)/i.test(label)) return vscode.l10n.t('A GGUF as exact as it was trained');
  return vscode.l10n.t('A GGUF: quantised once already, and once more when it is imported');
}

function formText(dtype: string): string {
  if (/f16|fp16|bf16/.test(dtype)) return vscode.l10n.t('Half precision: slow on a processor');
  if (/4$|4_/.test(dtype)) return vscode.l10n.t('4-bit weights: less memory, a little less exact');
  if (/8$|quantized/.test(dtype)) return vscode.l10n.t('8-bit weights: fast on a processor');
  if (dtype === 'fp32') return vscode.l10n.t('32-bit weights: as trained, large and slow');
  return vscode.l10n.t('Weights of another kind');
}

/**
 * Compares what the model needs with what is free and with what models may take, and offers to raise the latter.
 * @returns whether to go on
 */
export async function confirmMemory(name: string, variant: Variant): Promise<boolean> {
  const { neededBytes, availableBytes, allowanceMiB } = memoryNeed(variant);
  const { memoryMiB } = engineLimits();
  const mustRaise = variant.sizeBytes > memoryMiB * MIB;
  const isTight = neededBytes > availableBytes;
  if (!mustRaise && !isTight) return true;
  const lines = [
    vscode.l10n.t(
      'It takes about {0} while it loads; {1} are free.',
      bytesText(neededBytes),
      bytesText(availableBytes),
    ),
    ...(isTight
      ? [vscode.l10n.t('The machine may become slow, or stop the engine. A smaller form or model is safer.')]
      : []),
    ...(mustRaise
      ? [
          vscode.l10n.t(
            'The setting residual.memoryMiB lets models take {0} MiB; it would have to be {1}.',
            memoryMiB,
            allowanceMiB,
          ),
        ]
      : []),
  ];
  const action = mustRaise ? vscode.l10n.t('Raise It to {0} MiB', allowanceMiB) : vscode.l10n.t('Go On');
  const question = isTight
    ? vscode.l10n.t('{0} needs more memory than is free.', name)
    : vscode.l10n.t('{0} needs more memory than models may take.', name);
  const chosen = await vscode.window.showWarningMessage(question, { modal: true, detail: lines.join('\n\n') }, action);
  if (chosen !== action) return false;
  if (mustRaise) {
    const settings = vscode.workspace.getConfiguration('residual');
    await settings.update('memoryMiB', allowanceMiB, vscode.ConfigurationTarget.Global);
  }
  return true;
}

/** What the engine found, in a few lines. */
export function reportLines(report: InspectResult): string[] {
  const { architecture, dtype, vocabSize, contextLength, fim, msPerToken, memoryBytes } = report;
  const number = (n: number) => n.toLocaleString(vscode.env.language);
  return [
    vscode.l10n.t(
      '{0}, {1} weights, {2} tokens in its vocabulary, {3} of context.',
      architecture ?? vscode.l10n.t('Unknown architecture'),
      dtype,
      number(vocabSize),
      number(contextLength),
    ),
    fim === undefined
      ? vscode.l10n.t('Its vocabulary has no tokens to mark a middle: completions will ignore what follows the cursor.')
      : vscode.l10n.t('It marks a middle, so completions see what follows the cursor.'),
    vscode.l10n.t('On this machine: {0} ms a token, {1} of memory.', msPerToken.toFixed(1), bytesText(memoryBytes)),
  ];
}
