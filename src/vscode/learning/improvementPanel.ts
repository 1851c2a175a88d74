/** The page that shows what a module trained on feedback would change, before it is used anywhere. */
import * as vscode from 'vscode';
import {
  type Decision,
  type FromImprovementPage,
  type ImprovementView,
  parseFromImprovementPage,
  type ToImprovementPage,
} from '../../protocol/pages/improvement';
import { Panel } from '../panel';

export interface ImprovementPanelParts {
  /** What waits for a decision. */
  view(): Promise<ImprovementView | undefined>;
  /** Never throws. */
  decide(decision: Decision): Promise<void>;
}

export class ImprovementPanel implements vscode.Disposable {
  private readonly panel: Panel<ToImprovementPage, FromImprovementPage>;

  constructor(
    extensionUri: vscode.Uri,
    private readonly parts: ImprovementPanelParts,
  ) {
    this.panel = new Panel<ToImprovementPage, FromImprovementPage>({
      name: 'improvement',
      title: vscode.l10n.t('Residual: Learned from Feedback'),
      extensionUri,
      column: vscode.ViewColumn.Active,
      parse: parseFromImprovementPage,
      onMessage: message => void this.hear(message),
    });
  }

  async show(): Promise<void> {
    this.panel.open();
    await this.post();
  }

  close(): void {
    this.panel.close();
  }

  dispose(): void {
    this.panel.dispose();
  }

  private async hear(message: FromImprovementPage): Promise<void> {
    if (message.kind === 'decide') await this.parts.decide(message.decision);
    await this.post();
  }

  private async post(): Promise<void> {
    const view = await this.parts.view();
    this.panel.post(view === undefined ? { kind: 'nothing' } : { kind: 'state', view });
  }
}
