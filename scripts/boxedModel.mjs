// The extension of models that comes with Residual: `models`, and until the weights there are whole, the small models of the tests.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './setup.mjs';

const isWhole = fs.existsSync(path.join(root, 'models/proposals/qwen2.5-coder-0.5b/residual.json'));

/** Relative to the project's folder. */
export const boxedModel = isWhole ? 'models' : 'test/fixtures/models/residual-6m';
