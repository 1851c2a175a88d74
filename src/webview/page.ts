/** What every page shares: its strings, its look, and typed messages to the extension. */
import '@vscode/codicons/dist/codicon.css';
import './base.css';
import * as l10n from '@vscode/l10n';

interface Host {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): Host;

export interface Connection<FromPage> {
  post(message: FromPage): void;
  /** What this page last kept with `keep`; it outlives the page being hidden or reloaded. */
  readonly kept: unknown;
  keep(state: unknown): void;
}

/**
 * Connects the page to the extension; to be called once. The extension is the only sender that a webview hears.
 * @param onMessage hears every message of the extension.
 */
export function connect<ToPage, FromPage>(onMessage: (message: ToPage) => void): Connection<FromPage> {
  const host = acquireVsCodeApi();
  window.addEventListener('message', event => onMessage(event.data as ToPage));
  return {
    post: message => host.postMessage(message),
    kept: host.getState(),
    keep: state => host.setState(state),
  };
}

/** The window's language, before anything is drawn. */
const strings = document.body.dataset.strings;
if (strings !== undefined) l10n.config({ contents: JSON.parse(strings) });

export const { t } = l10n;
