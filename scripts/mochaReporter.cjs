// Mocha's spec output for a person, and one JSON line per test in the file that RESIDUAL_TEST_RESULT names.
// The closing line tells a finished run from a crashed one: the exit code of an extension host does not.
const fs = require('node:fs');
const { format } = require('node:util');
const { Runner, reporters } = require('mocha');

// Inside an extension host VS Code's own remarks take the same way out, so that a suite's lines need a mark.
const prefix = process.env.RESIDUAL_TEST_PREFIX;
if (prefix) {
  const { consoleLog } = reporters.Base;
  reporters.Base.consoleLog = (...parts) => consoleLog(format(...parts).replaceAll(/^/gm, prefix));
}

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const file = process.env.RESIDUAL_TEST_RESULT;
    if (!file) return;
    const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_RUN_END } = Runner.constants;
    const write = line => fs.appendFileSync(file, `${JSON.stringify({ ...line, atMs: Date.now() })}\n`);
    runner.on(EVENT_TEST_PASS, test => write({ kind: 'passed', title: test.fullTitle(), file: test.file }));
    runner.on(EVENT_TEST_FAIL, test => write({ kind: 'failed', title: test.fullTitle(), file: test.file }));
    runner.on(EVENT_TEST_PENDING, test => write({ kind: 'skipped', title: test.fullTitle(), file: test.file }));
    runner.on(EVENT_RUN_END, () => write({ kind: 'end' }));
  }
};
