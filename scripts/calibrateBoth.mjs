// Builds and runs test/bench/calibrateBoth.ts: how strong an instant module and a neural one should be together.
import { runBundle } from './runBundle.mjs';

await runBundle('test/bench/calibrateBoth.ts');
