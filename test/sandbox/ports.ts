import { createServer } from 'node:net';

/** A port on loopback that is free now: the wanted one, else one of those after it; any free one for 0. */
export async function freePort(wanted: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  if (wanted === 0) return listenOnce(0);
  for (let port = wanted; port < wanted + 200 && port < 65_536; port += 1) {
    if (taken.has(port)) continue;
    try {
      return await listenOnce(port);
    } catch (error) {
      if (!['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  throw new Error(`no free port from ${wanted} on`);
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port));
    });
  });
}
