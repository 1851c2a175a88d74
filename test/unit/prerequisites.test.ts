/** What is missing on a machine is said in one sentence, before anything is installed or built. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromiumAdvice, findChromium, installCommands, provideChromium } from '../../scripts/workbench/chromium.mjs';

const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n';
const UBUNTU = 'NAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n';

const systems: readonly (readonly [string, string, RegExp])[] = [
  ['Debian', DEBIAN, /^apt-get update,apt-get install .*chromium fonts-liberation$/],
  ['Ubuntu, whose package is a snap', UBUNTU, /^snap install chromium$/],
  ['Mint', 'ID=linuxmint\nID_LIKE="ubuntu debian"\n', /^apt-get update,/],
  ['Zorin', 'ID=zorin\nID_LIKE="ubuntu debian"\n', /^snap install/],
  ['Fedora', 'NAME="Fedora Linux"\nID=fedora\n', /^dnf install/],
  ['Rocky', 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', /^dnf install/],
  ['openSUSE', 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', /^zypper .*install chromium$/],
  ['Arch', 'ID=arch\n', /^pacman -S/],
  ['an unknown system', 'ID=plan9\n', /^$/],
  ['no system', '', /^$/],
];

describe('Chromium', () => {
  for (const [name, osRelease, commands] of systems)
    it(`is installed as ${name} does it`, () => assert.match(installCommands(osRelease).join(), commands));

  it('is asked for with the one command to run, by whoever may run it', () => {
    const machine = { environment: {}, osRelease: DEBIAN, isRoot: true };
    assert.equal(
      chromiumAdvice(machine),
      'There is no Chromium on this machine: run apt-get update && apt-get install -y --no-install-recommends chromium fonts-liberation, or name one in RESIDUAL_CHROMIUM.',
    );
    assert.match(chromiumAdvice({ ...machine, isRoot: false }), /run sudo apt-get update && sudo apt-get install/);
    assert.match(chromiumAdvice({ ...machine, osRelease: '' }), /: install Chromium .*, or name one/);
    const environment = { RESIDUAL_CHROMIUM: '/x/y' };
    assert.match(chromiumAdvice({ ...machine, environment }), /no file \/x\/y, which RESIDUAL_CHROMIUM/);
  });

  describe('on a machine', () => {
    const home = mkdtempSync(path.join(os.tmpdir(), 'home-'));
    after(() => rmSync(home, { recursive: true, force: true }));
    const binary = (...parts: string[]) => {
      const file = path.join(home, ...parts);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, '');
      chmodSync(file, 0o755);
      return file;
    };

    it('is found by name, on the path, or where Playwright keeps it, the newest first', () => {
      const environment = { HOME: home, PATH: path.join(home, 'bin') };
      assert.equal(findChromium(environment), undefined);
      binary('.cache/ms-playwright/chromium-999/chrome-linux/chrome');
      const newest = binary('.cache/ms-playwright/chromium-1200/chrome-linux64/chrome');
      assert.equal(findChromium(environment), newest);
      const onPath = binary('bin/chromium-browser');
      assert.equal(findChromium(environment), onPath);
      assert.equal(findChromium({ ...environment, RESIDUAL_CHROMIUM: newest }), newest);
      assert.equal(findChromium({ ...environment, RESIDUAL_CHROMIUM: `${newest}-gone` }), undefined);
    });

    it('is installed by root under CI, by nobody else', function () {
      if (process.platform === 'win32') this.skip();
      const bin = path.join(home, 'sbin');
      const log = path.join(home, 'apt.log');
      const apt = binary('sbin/apt-get');
      writeFileSync(apt, `#!/bin/sh\necho "$@" >> ${log}\n[ "$1" = update ] || : > ${bin}/chromium\n`);
      const environment = { HOME: path.join(home, 'empty'), PATH: bin, CI: 'true' };
      const machine = { environment, osRelease: DEBIAN, isRoot: true };
      const { CI: _, ...atHome } = environment;
      for (const other of [
        { ...machine, isRoot: false },
        { ...machine, environment: atHome },
        { ...machine, environment: { ...environment, RESIDUAL_CHROMIUM: '/x/y' } },
      ])
        assert.ok(provideChromium(other).advice);
      assert.ok(!existsSync(log));
      assert.deepEqual(provideChromium(machine), { path: path.join(bin, 'chromium') });
      assert.match(readFileSync(log, 'utf8'), /^update\ninstall -y .*chromium fonts-liberation\n$/);
      // What is there is not installed again; what cannot be installed is asked for.
      assert.deepEqual(provideChromium(machine), { path: path.join(bin, 'chromium') });
      assert.equal(readFileSync(log, 'utf8').split('\n').length, 3);
      rmSync(path.join(bin, 'chromium'));
      writeFileSync(apt, '#!/bin/sh\nexit 100\n');
      assert.match(provideChromium(machine).advice ?? '', /run apt-get update/);
    });

    const start = (environment: NodeJS.ProcessEnv, nodeArguments: readonly string[] = []) =>
      spawnSync(process.execPath, [...nodeArguments, 'scripts/start.mjs', '--headless'], {
        env: { HOME: path.join(home, 'empty'), PATH: path.join(home, 'empty'), ...environment },
        encoding: 'utf8',
        timeout: 20_000,
      });

    it('is missed by npm start -- --headless at once, in one line', () => {
      const { status, stdout, stderr } = start({ CI: '' });
      assert.equal(status, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /^npm start: [^\n]*(There is no Chromium on this machine|runs on Linux)[^\n]*\.\n$/);
    });

    it('comes after a Node that is too old, which is one line as well', () => {
      const old = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.20.8'}})";
      const { status, stderr } = start({ CI: '' }, ['--import', `data:text/javascript,${old}`]);
      assert.equal(status, 1);
      assert.match(stderr, /^This project needs Node 20\.19[^\n]*and this is Node 18\.20\.8: see [^\n]*\.\n$/);
    });
  });
});
