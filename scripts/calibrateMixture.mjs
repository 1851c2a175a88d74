// Builds and runs test/bench/calibrateMixture.ts: how much of an instant module is mixed into a proposal.
import { runBundle } from './runBundle.mjs';

await runBundle('test/bench/calibrateMixture.ts');
