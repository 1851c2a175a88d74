// What the extension's own log says of its answers, from the start of a window on: a line each (src/vscode/accountLine.ts).

/** @param {string} log */
export function answersIn(log) {
  const engine = of(log, 'engine, (\\d+) shown(?:, \\d+ held back)?, (\\d+) tokens written');
  const memory = of(log, 'memory, .* ([\\d.]+) ms$');
  const joined = of(log, 'the answer on its way, ');
  const cancelled = [...log.matchAll(/completion cancelled, (\d+) tokens/g)].map(match => Number(match[1]));
  const total = engine.length + joined.length + memory.length;
  const tokensOf = (/** @type {string[][]} */ some) => sum(some.map(([, tokens]) => Number(tokens)));
  const tokensWritten = tokensOf(engine) + sum(cancelled);
  const unseen = tokensOf(engine.filter(([nShown]) => nShown === '0')) + sum(cancelled);
  return {
    total,
    /** Shares of the answers: typed through or remembered, and those together with what joined a request on its way. */
    fromMemory: round(memory.length / Math.max(1, total)),
    withoutEngine: round((memory.length + joined.length) / Math.max(1, total)),
    memoryMs: percentiles(memory.map(([ms]) => Number(ms))),
    cancelled: cancelled.length,
    tokensWritten,
    /** Share of those that nobody saw: of cancelled requests, held back, or with nothing worth showing. */
    tokensWasted: round(unseen / Math.max(1, tokensWritten)),
  };
}

/**
 * @param {string} log
 * @param {string} pattern
 * @returns {string[][]} the groups of every line that matches
 */
function of(log, pattern) {
  return [...log.matchAll(new RegExp(`completion from ${pattern}`, 'gm'))].map(match => match.slice(1));
}

/** @param {number[]} numbers */
export function percentiles(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

/** @param {number} x */
export function round(x) {
  return Math.round(x * 1000) / 1000;
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
