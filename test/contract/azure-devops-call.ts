import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AzureDevOpsSimulator } from '../sandbox/azure-devops/server.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers of a vendor's API, looked at field by field in the tests
export type Json = any;

export interface Answer {
  status: number;
  headers: Headers;
  body: Json;
  text: string;
}

export interface CallOptions {
  /** Key of a seeded user, sent as bearer; `null` sends no credentials. */
  as?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
  raw?: BodyInit;
}

export const pat = (token: string): string => `Basic ${Buffer.from(`:${token}`).toString('base64')}`;

/** Calls the simulator below its organisation; adds api-version 7.1 unless the path names one (or `none`). */
export async function call(
  simulator: AzureDevOpsSimulator,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  const plain = path.replace('api-version=none', '');
  const versioned = /api-version=/.test(path)
    ? plain
    : `${path}${path.includes('?') ? '&' : '?'}api-version=7.1`;
  const isPatch = method === 'PATCH' ? /workitems\/\d+(\?|$)/i.test(path) : /workitems\/\$/i.test(path);
  const as = options.as === undefined ? 'contributor' : options.as;
  const response = await fetch(simulator.organizationUrl + versioned, {
    method,
    redirect: 'manual',
    headers: {
      ...(as === null ? {} : { authorization: `Bearer ${simulator.users.byKey(as).accessToken}` }),
      ...(options.body === undefined
        ? {}
        : { 'content-type': isPatch ? 'application/json-patch+json' : 'application/json' }),
      ...options.headers,
    },
    ...(options.raw === undefined ? {} : { body: options.raw }),
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}

export const set = (name: string, value: unknown) => ({ op: 'add', path: `/fields/${name}`, value });

export interface Received {
  headers: IncomingHttpHeaders;
  body: Json;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** Status of the next answers. */
  status: number;
  close(): Promise<void>;
}

/** A hook receiver on loopback. */
export async function startReceiver(): Promise<Receiver> {
  const receiver: Receiver = { url: '', received: [], status: 200, close: async () => {} };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      receiver.received.push({
        headers: request.headers,
        body: JSON.parse(Buffer.concat(chunks).toString('utf8')),
      });
      response.writeHead(receiver.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  receiver.close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return receiver;
}
