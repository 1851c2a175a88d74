/** `Residual: Copy Diagnostics`: versions, models and timings for a bug report. Never code, paths of code, or settings' values. */
import os from 'node:os';
import * as vscode from 'vscode';
import { messageOf } from '../core/errors';
import { told } from '../core/sentence';
import type { Account } from '../host/completer';
import type { EngineClient } from '../host/engineClient';
import type { Registry } from '../host/modules/registry';
import type { StatusBar } from './statusBar';

/** Answers that the timings are made from. */
const N_RECENT = 200;

export class Diagnostics {
  private readonly recent: Account[] = [];

  constructor(
    private readonly version: string,
    private readonly engine: EngineClient,
    private readonly registry: Registry,
    private readonly status: StatusBar,
  ) {}

  onAnswer(account: Account): void {
    this.recent.push(account);
    if (this.recent.length > N_RECENT) this.recent.shift();
  }

  async copy(): Promise<void> {
    await vscode.env.clipboard.writeText(await this.report());
    void vscode.window.showInformationMessage(vscode.l10n.t('Diagnostics are on the clipboard. They hold no code.'));
  }

  async report(): Promise<string> {
    const choice = this.status.shownChoice;
    const found = [...(await this.registry.proposals()), ...(await this.registry.modules())];
    const lines = [
      `Residual ${this.version}, VS Code ${vscode.version} (${vscode.env.uiKind === vscode.UIKind.Web ? 'browser' : 'desktop'}${vscode.env.remoteName ? `, ${vscode.env.remoteName}` : ''})`,
      `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${os.availableParallelism()} processors, ${Math.round(os.totalmem() / 2 ** 30)} GiB`,
      `Engine ${this.engine.state}${await this.engineStatus()}`,
      `In use: ${choice === undefined ? 'nothing yet' : [choice.proposal.id, ...choice.modules.map(m => `${m.id}:${m.strength}`)].join(' + ')}`,
      'Found:',
      ...found.map(
        f =>
          `  ${f.id} (${f.origin}, ${(f.sizeBytes / 1e6).toFixed(1)} MB)${f.problem === undefined ? '' : `: ${told(f.problem)}`}`,
      ),
      ...this.timings(),
    ];
    return `${lines.join('\n')}\n`;
  }

  /** Asks only an engine that runs: a report must not start one. */
  private async engineStatus(): Promise<string> {
    if (this.engine.state !== 'ready') return '';
    try {
      const { loaded, rssBytes } = await this.engine.call('status', null, AbortSignal.timeout(2000));
      return `, ${Math.round(rssBytes / 2 ** 20)} MiB, loaded ${loaded.map(l => l.id).join(', ') || 'nothing'}`;
    } catch (error) {
      return `, no answer: ${messageOf(error)}`;
    }
  }

  private timings(): string[] {
    return (['engine', 'joined', 'cache'] as const).flatMap(source => {
      const times = this.recent
        .filter(a => a.source === source)
        .map(a => a.elapsedMs)
        .sort((a, b) => a - b);
      if (times.length === 0) return [];
      const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(1);
      return [`Answers from ${source}: ${times.length}, p50 ${at(0.5)} ms, p90 ${at(0.9)} ms`];
    });
  }
}
