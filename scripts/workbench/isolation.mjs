// Runs a program where no network is: in a network namespace of its own whose loopback interface is empty (Linux).
// The kernel counts what the whole process tree tries there, so that nothing has to be recorded, hooked or trusted.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

/** iproute2 is not everywhere; Perl is on every Debian. The flag IFF_UP of `lo`, without which IPv6 has no address to try from. */
const loopbackUp = `ip link set lo up 2>/dev/null || perl -e '
  use Socket; socket(my $s, AF_INET, SOCK_DGRAM, 0) or exit 1;
  my $flags = pack("Z16 s x22", "lo", 1); ioctl($s, 0x8914, $flags) or exit 1'`;

/** @type {string[] | { reason: string } | undefined} */
let found;

/**
 * @returns {string[] | { reason: string }} what to put before a command so that it runs isolated, under the process id
 * that it was started with; or why this machine cannot
 */
export function isolation() {
  found ??= tryIsolation();
  return found;
}

function tryIsolation() {
  if (process.platform !== 'linux') return { reason: `${process.platform} has no network namespaces` };
  const shell = ['sh', '-c', `(${loopbackUp}) || exit 1; exec "$@"`, 'sh'];
  const answers = [
    ['unshare', '--net'],
    ['unshare', '--map-root-user', '--net'],
  ].map(unshare => {
    const prefix = [...unshare, ...shell];
    const { status, error, stderr } = spawnSync(prefix[0], [...prefix.slice(1), 'true'], { encoding: 'utf8' });
    return status === 0 ? prefix : { reason: (error?.message ?? stderr.trim()) || '`lo` cannot be brought up' };
  });
  return answers.find(Array.isArray) ?? answers[1];
}

/**
 * @typedef {object} Attempts
 * @property {number} outside Packets to anywhere but this machine, IPv4 and IPv6, TCP and UDP: none had a route.
 * @property {number} loopback Packets on the loopback interface: a name server or a proxy may listen there.
 */

/**
 * Counts what is tried in the namespace of a process, also after its end.
 * @param {number} pid
 * @returns {{ attempts: () => Attempts, close: () => void }}
 */
export function countAttempts(pid) {
  const namespace = (/** @type {number | 'self'} */ of) => fs.readlinkSync(`/proc/${of}/ns/net`);
  if (namespace(pid) === namespace('self')) throw new Error(`Process ${pid} is not in a network namespace of its own.`);
  // Open files keep the namespace and its counters.
  const files = ['snmp', 'snmp6', 'dev'].map(name => fs.openSync(`/proc/${pid}/net/${name}`, 'r'));
  const attempts = () => {
    const [ipv4, ipv6, devices] = files.map(readAgain);
    const [names, values] = ipv4.split('\n').filter(line => line.startsWith('Ip:'));
    const outside4 = values.split(' ')[names.split(' ').indexOf('OutNoRoutes')];
    const outside6 = /^Ip6OutNoRoutes\s+(\d+)/m.exec(ipv6)?.[1] ?? 0;
    const sent = /^\s*lo:(.*)$/m.exec(devices)?.[1].trim().split(/\s+/)[9];
    return { outside: Number(outside4) + Number(outside6), loopback: Number(sent) };
  };
  return { attempts, close: () => files.forEach(file => void fs.closeSync(file)) };
}

/** The kernel writes these files anew for whoever reads from the beginning. */
function readAgain(file) {
  const chunks = [];
  for (let at = 0; ; ) {
    const chunk = Buffer.alloc(16_384);
    const length = fs.readSync(file, chunk, 0, chunk.length, at);
    if (length === 0) return Buffer.concat(chunks).toString('latin1');
    chunks.push(chunk.subarray(0, length));
    at += length;
  }
}
