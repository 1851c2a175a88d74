// The extension of models that comes with Residual: `models`, and until the weights there are whole, the small models of the tests.
import fs from 'node:fs';

/** @returns its folder, relative to the project's, which is the working directory */
export function boxedModel() {
  const isWhole = fs.existsSync('models/proposals/qwen2.5-coder-0.5b/residual.json');
  return isWhole ? 'models' : 'test/fixtures/models/residual-6m';
}
