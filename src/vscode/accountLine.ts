/** One line a request for the log: what was cached, evaluated and written, and how long it took. Never code. */
import type { Account } from '../host/completer';

const ORIGIN = { cache: 'memory', joined: 'the answer on its way' } as const;

export function accountLine(account: Account): string {
  const ms = `${account.elapsedMs.toFixed(1)} ms`;
  const shown = `${account.nShown} shown${account.nHeldBack > 0 ? `, ${account.nHeldBack} held back` : ''}`;
  if (account.source === 'cancelled') return `completion cancelled, ${account.nTokens} tokens written, ${ms}`;
  if (account.source !== 'engine') return `completion from ${ORIGIN[account.source]}, ${shown}, ${ms}`;
  const { nTokens, nCached, nPrefilled, stop } = account;
  return `completion from engine, ${shown}, ${nTokens} tokens written, ${nCached} cached, ${nPrefilled} prefilled, stopped by ${stop || 'nothing'}, ${ms}`;
}
