/** A machine for which there is no model runtime: one message, no restarts, and everything else goes on. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../../src/core/errors';
import { machine } from '../../src/engine/missingRuntime';
import { EngineClient, type EngineState } from '../../src/host/engineClient';
import { ModuleChoice } from '../../src/host/modules/moduleChoice';
import { Registry } from '../../src/host/modules/registry';
import { DELTA, never } from './support/fixtures';

/** What the native binding's loader says: of a platform it is not made for, and of a C library it does not find. */
const causes: readonly (readonly [string, string, RegExp])[] = [
  [
    'is not there',
    `require('../bin/napi-v6/' + process.platform + '/none/onnxruntime_binding.node')`,
    /Cannot find module '\.\.\/bin/,
  ],
  [
    'cannot be loaded',
    `throw new Error('Error loading shared library ld-linux-x86-64.so.2: No such file or directory\\nmore')`,
    /\(Error loading shared library ld-linux-x86-64\.so\.2: No such file or directory\);/,
  ],
];

describe('a machine without a model runtime', () => {
  let dir: string;
  let client: EngineClient;
  let states: EngineState[];

  beforeEach(() => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'residual-no-runtime-'));
    mkdirSync(path.join(dir, 'dist'));
    copyFileSync('dist/engine.js', path.join(dir, 'dist/engine.js'));
    mkdirSync(path.join(dir, 'node_modules/onnxruntime-node'), { recursive: true });
    client = new EngineClient({ script: path.join(dir, 'dist/engine.js'), modelsDir: DELTA });
    states = [];
    client.onDidChangeState(state => states.push(state));
  });
  afterEach(() => {
    client.dispose();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });

  for (const [what, runtime, cause] of causes) {
    it(`says once that the runtime ${what} and which machines have one, and starts nothing again`, async () => {
      writeFileSync(path.join(dir, 'node_modules/onnxruntime-node/index.js'), runtime);
      const refusals: unknown[] = [];
      const choices = new ModuleChoice(
        new Registry(() => [{ dir: DELTA, origin: 'shipped' }]),
        { warm: async (choice, signal) => void (await client.call('warm', choice, signal)) },
        (reason, kept) => refusals.push([reason, kept]),
      );
      const isMissing = (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.equal(error.code, 'runtime-missing');
        assert.ok(error.message.includes(`${process.platform} ${process.arch}`), error.message);
        assert.match(error.message, cause);
        assert.match(error.message, /glibc \(x64, arm64\), Windows \(x64, arm64\) and macOS \(arm64\)\.$/);
        return true;
      };
      for (const scope of ['a', 'a', 'b'])
        for (const modules of [[], [{ id: 'tiny' }]])
          await assert.rejects(choices.current(scope, 'auto', modules, never), isMissing);
      assert.equal(refusals.length, 1);
      assert.deepEqual(states, ['starting', 'ready']);
      assert.deepEqual((await client.call('status', null, never)).loaded, []);
    });
  }

  for (const [what, expected] of [
    [{ platform: 'linux', arch: 'x64', hasGlibc: false }, 'linux x64 with musl'],
    [{ platform: 'linux', arch: 'arm', hasGlibc: true }, 'linux arm'],
    [{ platform: 'darwin', arch: 'x64', hasGlibc: false }, 'darwin x64'],
  ] as const)
    it(`is called by its name: ${expected}`, () => assert.equal(machine(what), expected));
});
