import { build } from './build.mjs';
import { runBundle } from './runBundle.mjs';
import { setUp } from './setup.mjs';

await setUp();
// What is checked is the import as it is used: the tool of its own name, built.
await build();
await runBundle('test/bench/importCheck.ts');
