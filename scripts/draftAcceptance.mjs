// Builds and runs test/bench/draftAcceptance.ts: how often the tokens that an instant module would draft are right.
import { runBundle } from './runBundle.mjs';

await runBundle('test/bench/draftAcceptance.ts');
