// Builds and runs test/bench/ngramRows.ts: what a token costs in an instant module.
import { runBundle } from './runBundle.mjs';

await runBundle('test/bench/ngramRows.ts');
