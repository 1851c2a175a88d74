/** Amounts as people read them. */
import * as vscode from 'vscode';
import type { Rate } from '../host/proposals/transferRate';

/** In decimal units, as disks and downloads are counted. */
export function bytesText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(bytes >= 1e7 ? 0 : 1)} MB`;
  return `${Math.ceil(bytes / 1e3)} kB`;
}

/** `412 MB of 862 MB, 12 MB/s, 40 s left`. */
export function transferText(doneBytes: number, totalBytes: number, rate: Rate | undefined): string {
  const done = vscode.l10n.t('{0} of {1}', bytesText(doneBytes), bytesText(totalBytes));
  if (rate === undefined) return done;
  return vscode.l10n.t('{0}, {1}/s, {2} left', done, bytesText(rate.bytesPerSecond), durationText(rate.secondsLeft));
}

export function durationText(seconds: number): string {
  if (seconds < 60) return vscode.l10n.t('{0} s', Math.ceil(seconds));
  if (seconds < 3600) return vscode.l10n.t('{0} min', Math.ceil(seconds / 60));
  return vscode.l10n.t('{0} h {1} min', Math.floor(seconds / 3600), Math.ceil((seconds % 3600) / 60));
}
