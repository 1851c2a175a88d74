/**
 * Signatures in this editor: a person's own key, made when it is first wanted and kept in the secret storage, and the keys of
 * others that became known. A signer is always shown with the key's fingerprint: names can be claimed by anybody.
 */
import * as vscode from 'vscode';
import { KnownSigners } from '../../host/modules/knownSigners';
import type { Imported, ModuleFiles, SignerQuestions, SignerVerdict } from '../../host/modules/moduleFiles';
import {
  fingerprintOf,
  isSigner,
  LONGEST_SIGNER,
  makeSigningKey,
  publicKeyOf,
  type Signer,
  type SigningKey,
} from '../../host/modules/moduleSignature';
import { plainLabel, plainMessage } from '../plainText';

const SECRET = 'residual.signingKey';

/** `unsigned` is a choice too; undefined is a change of mind. */
export type Signing = { readonly kind: 'unsigned' } | { readonly kind: 'signed'; readonly key: SigningKey };

export class ModuleSigning implements SignerQuestions {
  readonly known: KnownSigners;

  constructor(private readonly context: Pick<vscode.ExtensionContext, 'secrets' | 'globalState'>) {
    this.known = new KnownSigners(context.globalState, () => new Date().toISOString().slice(0, 10));
  }

  /** Whether a module that is given away shall be signed, and by whom. */
  async choose(title: string): Promise<Signing | undefined> {
    const key = await this.ownKey();
    const asBefore = key && {
      label: plainLabel(vscode.l10n.t('Sign as {0}', key.signer)),
      description: vscode.l10n.t('key {0}', fingerprintOf(publicKeyOf(key))),
      run: async (): Promise<Signing | undefined> => ({ kind: 'signed', key }),
    };
    const rows = [
      {
        label: vscode.l10n.t('Without a Signature'),
        detail: vscode.l10n.t('Whoever gets it is told that it is unsigned.'),
        run: async (): Promise<Signing | undefined> => ({ kind: 'unsigned' }),
      },
      ...(asBefore ? [asBefore] : []),
      {
        label: asBefore ? vscode.l10n.t('Sign by Another Name…') : vscode.l10n.t('Sign…'),
        detail: vscode.l10n.t(
          'Shows others that it is from you, as far as they know your key. The key stays in this editor.',
        ),
        run: () => this.signByName(key),
      },
    ];
    const picked = await vscode.window.showQuickPick(rows, { title: vscode.l10n.t('Export {0}', title) });
    return picked?.run();
  }

  async ask(signer: Signer, source: string): Promise<SignerVerdict> {
    const trust = vscode.l10n.t('Trust and Import');
    const once = vscode.l10n.t('Import Once');
    const detail = vscode.l10n.t(
      'Signed by {0}, key {1}, which is not known here yet. Anybody can claim a name: compare the key with what {0} tells you in another way. A key that you trust is not asked about again.',
      signer.name,
      fingerprintOf(signer.publicKey),
    );
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t('Do you trust the signer of {0}?', source),
      { modal: true, detail },
      trust,
      once,
    );
    return chosen === trust ? 'trust' : chosen === once ? 'once' : 'refuse';
  }

  /** What is said of a module's signer once it is here. */
  saying(signer: Signer | undefined): string {
    if (signer === undefined) return vscode.l10n.t('It is unsigned.');
    const fingerprint = fingerprintOf(signer.publicKey);
    const known = this.known.find(signer);
    if (known === undefined) return vscode.l10n.t('Signed by {0}, key {1}, not known yet.', signer.name, fingerprint);
    return known.name === signer.name
      ? vscode.l10n.t('Signed by {0}, key {1}, known since {2}.', signer.name, fingerprint, known.since)
      : vscode.l10n.t(
          'Signed by {0}, key {1}, known since {2} as {3}.',
          signer.name,
          fingerprint,
          known.since,
          known.name,
        );
  }

  private async signByName(before: SigningKey | undefined): Promise<Signing | undefined> {
    const name = await vscode.window.showInputBox({
      title: vscode.l10n.t('By Which Name?'),
      prompt: vscode.l10n.t('Others see it with the fingerprint of your key, wherever the module goes.'),
      value: before?.signer ?? '',
      validateInput: value =>
        isSigner(value.trim()) ? undefined : vscode.l10n.t('A name has 1 to {0} characters.', LONGEST_SIGNER),
    });
    if (name === undefined) return undefined;
    // The key is the person's whatever they are called.
    const key = before === undefined ? makeSigningKey(name) : { ...before, signer: name.trim() };
    await this.context.secrets.store(SECRET, JSON.stringify(key));
    // What one signs oneself comes back as one's own.
    await this.known.add({ name: key.signer, publicKey: publicKeyOf(key) });
    if (before === undefined)
      void vscode.window.showInformationMessage(
        plainMessage(
          vscode.l10n.t(
            'Your key is {0}. Tell others in another way, so that they can compare it.',
            fingerprintOf(publicKeyOf(key)),
          ),
        ),
      );
    return { kind: 'signed', key };
  }

  /** @returns undefined where there is none, or one that cannot be read: then another is made. */
  private async ownKey(): Promise<SigningKey | undefined> {
    try {
      const { signer, privateKey } = JSON.parse((await this.context.secrets.get(SECRET)) ?? '');
      const key: SigningKey = { signer: String(signer), privateKey: String(privateKey) };
      publicKeyOf(key);
      return isSigner(key.signer) ? key : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Exports a module as it was chosen. @returns its size. @throws as `ModuleFiles.export` does. */
export function saveSigned(
  files: ModuleFiles,
  id: string,
  file: string,
  signing: Signing,
  signal: AbortSignal,
): Promise<number> {
  return signing.kind === 'signed' ? files.exportSigned(id, file, signing.key, signal) : files.export(id, file, signal);
}

/** What is said of a signature when a module has come in. */
export function signatureText(signing: ModuleSigning, { signer, isSignatureDropped }: Imported): string {
  return isSignatureDropped
    ? vscode.l10n.t('Its signature was left out, because it is not the module that was signed any more.')
    : signing.saying(signer);
}

export function droppedByRename(title: string): string {
  return vscode.l10n.t(
    '{0} has a title of yours now, and with it no signature: what was signed is the module by its first title.',
    title.trim(),
  );
}
