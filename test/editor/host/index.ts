// Runs inside the extension host: VS Code calls `run` and ends with its outcome.
import fs from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

export async function run(): Promise<void> {
  const root = path.resolve(__dirname, '../../../..');
  const grep = process.env.RESIDUAL_TEST_GREP;
  const mocha = new Mocha({
    timeout: 60_000,
    reporter: path.join(root, 'scripts/mochaReporter.cjs'),
    ...(grep ? { grep } : {}),
  });
  for (const name of fs.readdirSync(__dirname).filter(file => file.endsWith('.test.js')))
    mocha.addFile(path.join(__dirname, name));
  await new Promise<void>((resolve, reject) =>
    mocha.run(failures => (failures === 0 ? resolve() : reject(new Error(`${failures} tests failed`)))),
  );
}
