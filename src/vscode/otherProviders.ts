/**
 * Two extensions that both write ghost text take turns at random. Says so once, when it first matters: as soon as
 * Residual has something to show while another provider runs.
 */
import * as vscode from 'vscode';

/** Extensions known to provide inline completions, and the setting that switches theirs off where there is one. */
export const PROVIDERS: Readonly<Record<string, { readonly off?: readonly [setting: string, value: unknown] }>> = {
  'github.copilot': { off: ['github.copilot.enable', { '*': false }] },
  'github.copilot-chat': { off: ['github.copilot.enable', { '*': false }] },
  'ggml-org.llama-vscode': { off: ['llama-vscode.enabled', false] },
  'continue.continue': { off: ['continue.enableTabAutocomplete', false] },
  'tabbyml.vscode-tabby': { off: ['tabby.inlineCompletion.triggerMode', 'manual'] },
  'codeium.codeium': { off: ['codeium.enableConfig', { '*': false }] },
  'tabnine.tabnine-vscode': {},
  'supermaven.supermaven': {},
  'sourcegraph.cody-ai': { off: ['cody.autocomplete.enabled', false] },
  'amazonwebservices.amazon-q-vscode': {},
  'google.geminicodeassist': {},
  'visualstudioexptteam.vscodeintellicode-completions': {},
};

const SAID = 'otherProviders.said';

export class OtherProviders {
  private asked = false;

  constructor(
    private readonly memory: vscode.Memento,
    private readonly extensions: () => readonly Pick<
      vscode.Extension<unknown>,
      'id' | 'isActive' | 'packageJSON'
    >[] = () => vscode.extensions.all,
    private readonly settingOf: (name: string) => unknown = name => vscode.workspace.getConfiguration().get(name),
  ) {}

  /** To be called when a completion is shown. Costs nothing after the first time. */
  onShown(): void {
    if (this.asked) return;
    this.asked = true;
    const said = this.memory.get<string[]>(SAID, []);
    const other = this.extensions().find(({ id, isActive }) => isActive && this.isRunning(id) && !isSaid(id, said));
    if (other === undefined) return;
    void this.memory.update(SAID, [...said, other.id]);
    void offer(other.id, String(other.packageJSON?.displayName ?? other.id));
  }

  /** A known provider whose own switch is not off. */
  private isRunning(extensionId: string): boolean {
    const provider = PROVIDERS[extensionId.toLowerCase()];
    if (provider === undefined) return false;
    if (provider.off === undefined) return true;
    const [setting, off] = provider.off;
    return !says(this.settingOf(setting), off);
  }
}

/** Two extensions of one maker that obey the same switch are one provider. */
function isSaid(extensionId: string, said: readonly string[]): boolean {
  const switchOf = (id: string) => PROVIDERS[id.toLowerCase()]?.off?.[0];
  return said.some(id => id === extensionId || (switchOf(id) !== undefined && switchOf(id) === switchOf(extensionId)));
}

/** VS Code adds the defaults to an object that a person has written: what else stands in it does not matter. */
function says(value: unknown, off: unknown): boolean {
  if (typeof off !== 'object' || off === null) return value === off;
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(off).every(([name, wanted]) => fields[name] === wanted);
}

async function offer(extensionId: string, name: string): Promise<void> {
  const off = PROVIDERS[extensionId.toLowerCase()].off;
  const turnOff = vscode.l10n.t('Turn Off Its Completions');
  const showIt = vscode.l10n.t('Show Extension');
  const keepBoth = vscode.l10n.t('Keep Both');
  const picked = await vscode.window.showInformationMessage(
    vscode.l10n.t('{0} also suggests code as you type. VS Code shows whichever answers first.', name),
    ...(off === undefined ? [showIt] : [turnOff]),
    keepBoth,
  );
  if (picked === turnOff && off !== undefined)
    await vscode.workspace.getConfiguration().update(off[0], off[1], vscode.ConfigurationTarget.Global);
  if (picked === showIt) await vscode.commands.executeCommand('extension.open', extensionId);
}
