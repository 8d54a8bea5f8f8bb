import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';

export interface TestServer {
  url: string;
  port: number;
  /** TCP connections accepted so far. */
  connections(): number;
  /** Request lines seen so far, `GET /path`. */
  requests: string[];
  close(): Promise<void>;
}

const listen = async (server: Server | TcpServer, requests: string[]): Promise<TestServer> => {
  let accepted = 0;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => sockets.delete(socket));
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}`, port, connections: () => accepted, requests, close };
};

export const serveHttp = (handle: RequestListener): Promise<TestServer> => {
  const requests: string[] = [];
  return listen(
    createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      handle(request, response);
    }),
    requests,
  );
};

/** For what no HTTP server would do: `handle` runs once the head of a request has arrived. */
export const serveRaw = (handle: (socket: Socket, head: string) => void): Promise<TestServer> => {
  const requests: string[] = [];
  const server = createTcpServer((socket) => {
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      requests.push(head.split(' HTTP/')[0] ?? '');
      const complete = head;
      head = '';
      handle(socket, complete);
    });
  });
  return listen(server, requests);
};

/** A port on which nothing listens. */
export const closedPort = async (): Promise<number> => {
  const server = await serveRaw(() => {});
  await server.close();
  return server.port;
};
