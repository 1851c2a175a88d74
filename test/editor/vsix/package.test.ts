// The package as VS Code installed it: what is in it, and that it needs nothing that is not.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { sampleSpot } from '../../../scripts/sample.mjs';
import { statusBarId } from '../ui/names';
import { useWorkbench, withoutSuggestWidget } from '../ui/workbench';

const allowed = [
  /^(package(\.nls(\.\w+)?)?\.json|readme\.md|changelog\.md|LICENSE\.txt|NOTICE(\.txt)?|\.vsixmanifest)$/i,
  /^dist\/(extension|engine|trainer|importer)\.js$/,
  /^media\/[\w-]+\.(png|svg|js|css|ttf)$/,
  /^media\/walkthrough\/[\w-]+\.svg$/,
  /^l10n\/bundle\.l10n\.\w+\.json$/,
];

describe('the installed package', () => {
  const window = useWorkbench({ settings: withoutSuggestWidget });
  const files = () => {
    const names = fs.readdirSync(window.installed, { recursive: true, encoding: 'utf8' });
    return names.filter(name => fs.statSync(path.join(window.installed, name)).isFile());
  };

  it('is a folder of the profile, with no node_modules in it or above it', () => {
    assert.ok(!fs.lstatSync(window.installed).isSymbolicLink());
    for (let folder = fs.realpathSync(window.installed); folder !== path.dirname(folder); folder = path.dirname(folder))
      assert.ok(!fs.existsSync(path.join(folder, 'node_modules')), `${folder} has node_modules`);
  });

  it('has the runtime of this platform alone', () => {
    const runtime = files().filter(file => file.startsWith('bin/'));
    const folder = `bin/napi-v6/${process.platform}/${process.arch}/`;
    assert.ok(runtime.includes(`${folder}onnxruntime_binding.node`), runtime.join('\n'));
    assert.deepEqual(
      runtime.filter(file => !file.startsWith(folder)),
      [],
    );
  });

  it('has neither sources nor tests nor maps, and no model: those come with an extension of their own', () => {
    const rest = files().filter(file => !file.startsWith('bin/'));
    assert.deepEqual(
      rest.filter(file => !allowed.some(pattern => pattern.test(file))),
      [],
    );
  });

  it('completes with an engine of its own', async () => {
    const { driver } = window;
    await driver.waitForStatusBar(statusBarId, text => text !== '');
    await driver.openFile(sampleSpot.file);
    await driver.moveBehind(sampleSpot.file, sampleSpot.after);
    await driver.type(sampleSpot.types);
    assert.notEqual(await driver.waitForGhostText(), '');
    assert.equal(window.pids(path.join(window.installed, 'dist/engine.js')).length, 1);
    await driver.revert();
  });
});
