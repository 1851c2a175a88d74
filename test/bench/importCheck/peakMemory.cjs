// Loaded into the importer's process before it (`node --require`): at its end says on file descriptor 3 how much memory was
// resident at most, in KiB. Linux' own `maxRSS` counts what the parent had before exec (exec_mmap in fs/exec.c), VmHWM does not.
const fs = require('node:fs');

function peakKiB() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
}

process.on('exit', () => fs.writeSync(3, `${peakKiB()}`));
