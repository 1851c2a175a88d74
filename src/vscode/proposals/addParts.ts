/** What the ways to add a proposal share. */
import type * as vscode from 'vscode';
import type { Registry } from '../../host/modules/registry';
import type { AddDownloadParts } from '../../host/proposals/addDownload';
import type { WithImporter } from '../../host/proposals/importer';
import type { ImportSource } from '../../host/proposals/importRun';
import type { InspectResult } from '../../protocol/inspection';
import type { HubTokens } from './hubSettings';

export interface AddParts extends AddDownloadParts {
  readonly registry: Registry;
  readonly tokens: HubTokens;
  readonly log: vscode.LogOutputChannel;
  readonly withImporter: WithImporter;
  /** Opens the page that imports it. @throws UserError while another one is imported */
  readonly import: (source: ImportSource) => Promise<void>;
  /** Hears that a proposal is in its place. */
  readonly onAdded: (id: string, title: string, report: InspectResult) => void;
  /** Says what went wrong, with what can be done about it; nobody waits for the answer. */
  readonly onFailure: (error: unknown, actions?: Readonly<Record<string, () => unknown>>) => void;
}
