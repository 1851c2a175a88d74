// Throw-away copies of the sample workspace, so that trying things never changes the checkout.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** The place in the sample workspace where a completion is easy to see: typing `types` behind `after` in `file`. */
export const sampleSpot = {
  file: 'src/state/store.ts',
  after: 'for (const task of state.board.tasks) {\n    ',
  types: 'if (task.id === ',
};

/** The extension's item in the status bar: it stands there as soon as the extension runs. */
export const statusBarItem = 'residual.residual.module';

/**
 * @param {string} [to] a folder of its own by default, which whoever asked removes
 * @returns {string} absolute path of the copy
 */
export function copyOfSample(to = fs.mkdtempSync(path.join(os.tmpdir(), 'task-board-'))) {
  fs.cpSync('samples/task-board', to, { recursive: true });
  return fs.realpathSync(to);
}

/**
 * A copy with an alignment module chosen, as a team would have committed it.
 * @param {string} [to]
 * @returns {string} absolute path of the copy
 */
export function copyOfSampleWithModule(to) {
  const copy = copyOfSample(to);
  fs.mkdirSync(path.join(copy, '.vscode'), { recursive: true });
  fs.writeFileSync(path.join(copy, '.vscode/settings.json'), `{\n  "residual.modules": [{ "id": "react" }]\n}\n`);
  return copy;
}
