import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { badRequest } from '../errors.ts';
import type { Actor, Call } from '../model.ts';
import { compileSelect } from '../query/select.ts';
import { visibleCall } from '../rules/access.ts';
import { type ActionName, performAction } from '../rules/actions.ts';
import { findAttachment, removeAttachment } from '../rules/attachments.ts';
import { createCall, submitCall } from '../rules/create.ts';
import { addSystemHistory, toHtml } from '../rules/history.ts';
import { lockCall, unlockCall } from '../rules/locks.ts';
import { updateCall } from '../rules/update.ts';
import { attachmentEntity, callEntity, historyEntity } from '../schema.ts';
import type { AlembaSystem } from '../system.ts';
import { takeJson, takeMultipart } from './attachments.ts';
import { type ApiRequest, bodyOf } from './respond.ts';

const columns =
  'Ref,Subject,Description,CallStatus,StatusName:CallStatus.Name,StateName:CallState.Name,Physical:PhysicalStatus.Name,' +
  'Type,TypeName:Type.FullName,Impact,Urgency,Priority,PriorityName:Priority.Name,AssignedGroup,GroupName:AssignedGroup.Name,' +
  'AssignedOfficer,OfficerName:AssignedOfficer.Name,User,UserName:User.Name,UserEmail:User.EmailAddress,Partition,' +
  'PartitionName:Partition.Name,IpkStatus,IpkName:IpkStatus.Name,ClosureReasonName:ClosureReason.Name,CustomString1,' +
  'CustomString2,ActualLogDate,ClosedDate,LastActionDate,LastHistoryOrder,LastActionedByName:LastActionedBy.Name,' +
  'Location:Location.Name,ConfigurationItem:ConfigurationItemId.Name';
const projectCall = compileSelect(columns, { entity: callEntity });
const projectHistory = compileSelect(
  'Order,ActionType,ActionTitle,ActionDescription,By:ActionedBy.Name,ActionDate,IsSystem,VisibleInPortal',
  { entity: historyEntity },
);
const projectAttachment = compileSelect('Ref,Name,ContentType,FileSize,By:CreatedBy.Name,CreatedDate', {
  entity: attachmentEntity,
});

/** Acting as an agent: the page uses these, and tests that need somebody on the other side. */
export function registerAgentActions(app: FastifyInstance, system: AlembaSystem): void {
  const { store } = system;
  const callOf = (request: ApiRequest): { actor: Actor; call: Call } => {
    const actor = agentOf(system, request);
    return { actor, call: visibleCall(store, actor, request.params.ref) };
  };
  app.get('/_sandbox/lookups', async () => listLookups(system));
  app.get('/_sandbox/calls', async (request: ApiRequest) => listCalls(system, request));
  app.post('/_sandbox/calls', async (request: ApiRequest, reply) => {
    const actor = agentOf(system, request);
    const call = createAsAgent(system, actor, bodyOf(request));
    return reply.code(201).send(showCall(system, actor, call));
  });
  app.get('/_sandbox/calls/:ref', async (request: ApiRequest) => {
    const { actor, call } = callOf(request);
    return showCall(system, actor, call);
  });
  app.patch('/_sandbox/calls/:ref', async (request: ApiRequest) => {
    const { actor, call } = callOf(request);
    changeAsAgent(system, actor, call, bodyOf(request));
    return showCall(system, actor, call);
  });
  app.post('/_sandbox/calls/:ref/comments', async (request: ApiRequest) => {
    const { actor, call } = callOf(request);
    const { text, visible, title } = bodyOf(request);
    if (typeof text !== 'string' || text.trim() === '') throw badRequest('text is required');
    const name = typeof title === 'string' ? title : 'Note';
    act(system, actor, call, 'note', { text, title: name, visible: visible === true });
    return showCall(system, actor, call);
  });
  for (const name of ['close', 'reopen', 'defer', 'forward'] as const) {
    app.post(`/_sandbox/calls/:ref/${name}`, async (request: ApiRequest) => {
      const { actor, call } = callOf(request);
      act(system, actor, call, name, bodyOf(request));
      return showCall(system, actor, call);
    });
  }
  app.post('/_sandbox/calls/:ref/lock', async (request: ApiRequest) => {
    const { actor, call } = callOf(request);
    lockCall(store, actor, call);
    return showCall(system, actor, call);
  });
  app.post('/_sandbox/calls/:ref/unlock', async (request: ApiRequest) => {
    const { actor, call } = callOf(request);
    unlockCall(store, actor, call);
    return showCall(system, actor, call);
  });
  app.post('/_sandbox/calls/:ref/escalate', async (request: ApiRequest) => {
    const { actor, call } = callOf(request);
    const { text } = bodyOf(request);
    addSystemHistory(
      store,
      actor,
      call,
      'Escalated',
      typeof text === 'string' ? text : 'The target is at risk.',
    );
    return showCall(system, actor, call);
  });
  registerAgentAttachments(app, system, callOf);
}

function registerAgentAttachments(
  app: FastifyInstance,
  system: AlembaSystem,
  callOf: (request: ApiRequest) => { actor: Actor; call: Call },
): void {
  const bodyLimit = 200 * 1024 * 1024;
  app.post('/_sandbox/calls/:ref/attachments', { bodyLimit }, async (request: ApiRequest, reply) => {
    const { actor, call } = callOf(request);
    const take = request.isMultipart() ? takeMultipart : takeJson;
    await take(system, actor, call, request);
    return reply.code(201).send(showCall(system, actor, call));
  });
  app.get('/_sandbox/calls/:ref/attachments/:id', async (request: ApiRequest, reply) => {
    const { call } = callOf(request);
    const { row, path } = findAttachment(call, request.params.id);
    // Always a download: a stranger's HTML must not run on this page's origin.
    return reply
      .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(row.Name)}`)
      .header('x-content-type-options', 'nosniff')
      .type('application/octet-stream')
      .send(createReadStream(path));
  });
  app.delete('/_sandbox/calls/:ref/attachments/:id', async (request: ApiRequest) => {
    const { actor, call } = callOf(request);
    const attachment = findAttachment(call, request.params.id);
    removeAttachment(system.store, actor, call, attachment);
    await system.files.remove(attachment.path);
    return showCall(system, actor, call);
  });
}

/** The tables that the page's selections show, and who can act. */
function listLookups({ store }: AlembaSystem) {
  const names = ['call-status', 'call-state', 'type', 'impact', 'urgency', 'priority', 'group', 'partition'];
  const tables = [...names, 'closure-reason', 'ipk-status', 'person'].map((name) => [
    name,
    [...store.table(name).values()],
  ]);
  const agents = [...store.accounts.values()]
    .map(({ login, person }) => ({ login, person: store.persons.get(person) }))
    .filter(({ person }) => person?.IsAnalyst === true)
    .map(({ login, person }) => ({ login, ref: person?.Ref, name: person?.Name }));
  return { ...Object.fromEntries(tables), agents };
}

/** `?as=` or `as` in the body: a login, Jessica Mercato's when absent. @throws AlembaError 400 for anybody else. */
function agentOf(system: AlembaSystem, request: ApiRequest): Actor {
  const body = request.body as { as?: unknown } | null | undefined;
  const login = request.query.as ?? body?.as ?? 'jmercato';
  const actor = typeof login === 'string' ? system.store.actorOf(login, `agent:${login}`) : undefined;
  if (actor === undefined || actor.kind !== 'Analyst') throw badRequest(`No agent '${String(login)}'`);
  return actor;
}

function listCalls(system: AlembaSystem, request: ApiRequest) {
  const actor = agentOf(system, request);
  const { group, state, q, limit } = request.query as Record<string, string | undefined>;
  const text = (q ?? '').toLowerCase();
  const wanted = (call: Call) =>
    call.submitted &&
    (group === undefined || group === '' || call.values.AssignedGroup === Number(group)) &&
    (state === undefined || state === '' || (state === 'open') === (call.values.ClosedDate === null)) &&
    (text === '' ||
      `${call.ref} ${call.values.Subject} ${call.values.CustomString1}`.toLowerCase().includes(text));
  const calls = [...system.store.calls.values()].filter(wanted);
  calls.sort(
    (left, right) => right.values.LastActionDate - left.values.LastActionDate || right.ref - left.ref,
  );
  const page = calls.slice(0, Number(limit ?? 100));
  const context = { store: system.store, actor };
  return { total: calls.length, calls: page.map((call) => projectCall(call.values, context)) };
}

function showCall(system: AlembaSystem, actor: Actor, call: Call) {
  const context = { store: system.store, actor };
  return {
    ...projectCall(call.values, context),
    submitted: call.submitted,
    lockedBy: call.lock === undefined ? null : system.store.personName(call.lock.person),
    closed: call.values.ClosedDate !== null,
    history: call.history.map((entry) => projectHistory(entry, context)),
    attachments: call.attachments.map(({ row }) => projectAttachment(row, context)),
  };
}

function createAsAgent(system: AlembaSystem, actor: Actor, body: Record<string, unknown>): Call {
  const { as: _as, text, AssignedGroup: group, AssignedOfficer: officer, ...fields } = body;
  const description =
    typeof text === 'string' && text !== '' ? { Description: text, DescriptionHtml: toHtml(text) } : {};
  const defaults = fields.Template === undefined ? { IpkStatus: 1, IpkStream: 0, Partition: 1 } : {};
  const { call } = createCall(system.store, actor, { ...defaults, ...description, ...fields });
  submitCall(system.store, actor, call);
  if (group !== undefined || officer !== undefined) act(system, actor, call, 'forward', { group, officer });
  return call;
}

/** Fields go through lock, update and unlock; an assignment is a forward, as it is for every client. */
function changeAsAgent(system: AlembaSystem, actor: Actor, call: Call, body: Record<string, unknown>): void {
  const { as: _as, text, AssignedGroup: group, AssignedOfficer: officer, ...fields } = body;
  if (typeof text === 'string') Object.assign(fields, { Description: text, DescriptionHtml: toHtml(text) });
  if (Object.keys(fields).length > 0) {
    const held = call.lock;
    lockCall(system.store, actor, call);
    try {
      updateCall(system.store, actor, call, fields);
    } finally {
      call.lock = held;
    }
  }
  if (group !== undefined || officer !== undefined) act(system, actor, call, 'forward', { group, officer });
}

/** `text`, `title`, `visible`, `reason`, `group`, `officer`, `status` in the words of the control API. */
function act(
  system: AlembaSystem,
  actor: Actor,
  call: Call,
  name: ActionName,
  input: Record<string, unknown>,
): void {
  const { text, title, visible, reason, group, officer, status } = input;
  const description =
    typeof text === 'string' && text.trim() !== ''
      ? {
          Description: {
            Description: text,
            DescriptionHtml: toHtml(text),
            ...(typeof title === 'string' && { Title: title }),
          },
        }
      : {};
  performAction(system.store, actor, call, name, {
    $action: {
      ...description,
      [system.store.settings.visibilityField]: visible === true,
      ...(reason !== undefined && reason !== null && { ClosureReason: reason }),
      ...(group !== undefined && { AssignedGroup: group }),
      ...(officer !== undefined && { AssignedOfficer: officer }),
      ...(status !== undefined && { CallStatus: status }),
    },
  });
}

const pageFolder = join(import.meta.dirname, '..', 'agent');

/** The agent's page; it shows one shell, and its script asks the control API. */
export function registerAgentPage(app: FastifyInstance, system: AlembaSystem): () => void {
  const read = (name: string) => readFileSync(join(pageFolder, name), 'utf8');
  const [html, css, script] = [read('page.html'), read('page.css'), read('page.js')];
  const send = (reply: FastifyReply, type: string, text: string) =>
    reply.type(`${type}; charset=utf-8`).header('cache-control', 'no-cache').send(text);
  app.get('/agent', async (_request, reply) => send(reply, 'text/html', html));
  app.get('/agent/calls/:ref', async (_request, reply) => send(reply, 'text/html', html));
  app.get('/agent/page.css', async (_request, reply) => send(reply, 'text/css', css));
  app.get('/agent/page.js', async (_request, reply) => send(reply, 'text/javascript', script));
  const open = new Set<FastifyReply>();
  system.store.onChange(({ call, trigger }) => {
    const line = `data: ${JSON.stringify({ ref: call.ref, trigger })}\n\n`;
    for (const reply of open) reply.raw.write(line);
  });
  app.get('/agent/events', async (request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    reply.raw.write('retry: 1000\n\n');
    open.add(reply);
    request.raw.on('close', () => open.delete(reply));
  });
  return () => {
    for (const reply of open) reply.raw.end();
    open.clear();
  };
}
