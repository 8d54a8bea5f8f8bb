import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Activity } from './activity.ts';
import type { BackendProcess } from './backend-process.ts';
import type { FaultBoard } from './fault-board.ts';
import type { PageData, WorkItemChange } from './host/page-data.ts';
import type { PageBundles } from './page-bundle.ts';

/** What the pages show and do, filled in as the parts start. */
export interface WebParts {
  bundles: PageBundles;
  organization: string;
  pageData(userKey: string): PageData | undefined;
  appToken(userKey: string): Promise<string | undefined>;
  faults: FaultBoard;
  backend: BackendProcess;
  /** Addresses and records that the home shows. */
  home(): object;
  /** Address of the agent's page for the work item's first ticket; undefined when it has none. */
  agentPageOf(workItemId: number): Promise<string | undefined>;
  onWorkItemChange(listener: (change: WorkItemChange) => void): () => void;
  onActivity(listener: (activity: Activity) => void): () => void;
}

const read = (path: string) => readFileSync(join(import.meta.dirname, path), 'utf8');

/** The sandbox's home and the pages of the simulated Azure DevOps, on one origin. */
export async function startWeb(port: number, parts: WebParts): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true });
  registerGuard(app);
  registerAssets(app, parts);
  registerSandbox(app, parts);
  registerEvents(app, parts);
  const page = read('host/page/page.html');
  app.get(`/${parts.organization}/*`, (_request, reply) => send(reply, 'text/html', page));
  await app.listen({ port, host: '127.0.0.1' });
  return app;
}

/**
 * These routes hand out tokens and switch faults without asking who calls, so they answer only under a loopback name
 * (another site's name could be made to point here) and change things only for the sandbox's own pages.
 */
function registerGuard(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? '')) {
      return reply.code(421).send({ message: 'The sandbox answers on this computer only.' });
    }
    const site = request.headers['sec-fetch-site'];
    if (
      request.url.startsWith('/sandbox/') &&
      site !== undefined &&
      !['same-origin', 'none'].includes(String(site))
    ) {
      return reply.code(403).send({ message: 'This is for the sandbox’s own pages.' });
    }
  });
}

const send = (reply: FastifyReply, type: string, text: string) =>
  reply.type(`${type}; charset=utf-8`).header('cache-control', 'no-cache').send(text);

function registerAssets(app: FastifyInstance, { bundles }: WebParts): void {
  const home = read('home/page/page.html');
  const styles = { host: read('host/page/page.css'), home: read('home/page/page.css') };
  app.get('/', (_request, reply) => send(reply, 'text/html', home));
  for (const name of ['host', 'home'] as const) {
    app.get(`/sandbox/${name}.js`, (_request, reply) => send(reply, 'text/javascript', bundles[name]));
    app.get(`/sandbox/${name}.css`, (_request, reply) => send(reply, 'text/css', styles[name]));
  }
}

function registerSandbox(app: FastifyInstance, parts: WebParts): void {
  const userOf = (request: { query: unknown }) => (request.query as { user?: string }).user ?? 'admin';
  app.get('/sandbox/health', () => ({ pid: process.pid, backend: parts.backend.state }));
  app.get('/sandbox/page', async (request, reply) => {
    const data = parts.pageData(userOf(request));
    return data ?? reply.code(404).send({ message: 'There is no such user.' });
  });
  app.get('/sandbox/app-token', async (request, reply) => {
    const token = await parts.appToken(userOf(request));
    return token === undefined ? reply.code(404).send({ message: 'There is no such user.' }) : { token };
  });
  app.get('/sandbox/home', () => ({
    ...parts.home(),
    faults: parts.faults.list(),
    backend: backendOf(parts),
  }));
  app.get('/sandbox/agent-page', async (request) => {
    const { workItem } = request.query as { workItem?: string };
    return { url: await parts.agentPageOf(Number(workItem)) };
  });
  app.put('/sandbox/faults/:id', async (request, reply) => {
    const { id } = request.params as { id: string };
    const { on } = request.body as { on?: boolean };
    if (!parts.faults.turn(id, on === true))
      return reply.code(404).send({ message: 'There is no such fault.' });
    return parts.faults.list();
  });
  app.delete('/sandbox/faults', () => {
    parts.faults.clear();
    return parts.faults.list();
  });
  app.post('/sandbox/backend/kill', () => {
    parts.backend.kill();
    return backendOf(parts);
  });
}

const backendOf = ({ backend: { url, state, restarts } }: WebParts) => ({ url, state, restarts });

const beatMs = 15_000;

/** Server-sent events: `workItem` for every revision, `activity` and `backend` for the home (`?for=home`). */
function registerEvents(app: FastifyInstance, parts: WebParts): void {
  app.get('/sandbox/events', (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    raw.write('retry: 1000\n\n');
    const tell = (name: string, data: unknown) =>
      raw.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    const ends = [parts.onWorkItemChange((change) => tell('workItem', change))];
    if ((request.query as { for?: string }).for === 'home') {
      ends.push(parts.onActivity((activity) => tell('activity', activity)));
      let last = '';
      const timer = setInterval(() => {
        const now = JSON.stringify(backendOf(parts));
        if (now !== last) tell('backend', backendOf(parts));
        last = now;
      }, 250);
      ends.push(() => clearInterval(timer));
    }
    const beat = setInterval(() => raw.write(': beat\n\n'), beatMs);
    raw.on('close', () => {
      clearInterval(beat);
      for (const end of ends) end();
    });
  });
}
