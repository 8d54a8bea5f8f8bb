import { createServer } from 'node:net';

/**
 * Below what systems hand out for connections by themselves (from 32768 on Linux, from 49152 elsewhere): one of those is
 * free now, and the near end of somebody's connection by the time that a server is to listen there.
 */
const [lowestAny, highestAny] = [12_000, 32_000];
/** Somewhere else in each process: several look for ports at once. */
let nextAny = lowestAny + Math.floor(Math.random() * (highestAny - lowestAny));

/** A port on loopback that is free now: the wanted one, else one of those after it; any free one for 0. */
export async function freePort(wanted: number, taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let turn = 0; turn < 200; turn += 1) {
    const port = wanted === 0 ? anyPort() : wanted + turn;
    if (taken.has(port) || port > 65_535) continue;
    try {
      return await listenOnce(port);
    } catch (error) {
      if (!['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  throw new Error(wanted === 0 ? 'no free port' : `no free port from ${wanted} on`);
}

const anyPort = (): number => {
  const port = nextAny;
  nextAny = port + 1 < highestAny ? port + 1 : lowestAny;
  return port;
};

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
