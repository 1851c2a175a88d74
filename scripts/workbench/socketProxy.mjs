// A loopback port that leads to a socket in the file system, for a browser outside the server's network namespace.
import net from 'node:net';

/**
 * @param {string} socket path
 * @param {number} [wanted] a free port by default
 * @returns {Promise<{ port: number, close: () => void }>}
 */
export function listenFor(socket, wanted = 0) {
  /** @type {Set<net.Socket>} */
  const open = new Set();
  const server = net.createServer({ allowHalfOpen: true }, near => {
    const far = net.connect({ path: socket, allowHalfOpen: true });
    const endBoth = () => {
      near.destroy();
      far.destroy();
    };
    for (const end of [near, far]) {
      open.add(end);
      end.on('error', endBoth);
      end.on('close', () => open.delete(end));
    }
    near.pipe(far).pipe(near);
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      const close = () => {
        server.close();
        for (const end of open) end.destroy();
      };
      resolve({ port, close });
    });
  });
}
