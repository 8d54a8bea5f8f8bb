import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { badRequest, unsupportedMedia } from '../errors.ts';
import { jsonWithBinary } from '../files.ts';
import { describeEntity } from '../metadata.ts';
import type { Actor, Attachment, Call } from '../model.ts';
import { compileSelect } from '../query/select.ts';
import { requireAnalyst, visibleCall } from '../rules/access.ts';
import { addAttachment, findAttachment, removeAttachment } from '../rules/attachments.ts';
import { attachmentEntity } from '../schema.ts';
import type { AlembaSystem } from '../system.ts';
import { answerSearch } from './answer.ts';
import { type ApiRequest, actorOf, bodyOf } from './respond.ts';

/** Both spellings are accepted: public clients write the plural, the guide reads the singular. */
export function registerAttachments(app: FastifyInstance, system: AlembaSystem): void {
  for (const noun of ['attachment', 'attachments']) {
    // Base64 makes four characters of three bytes; the limit itself is checked on the bytes.
    const bodyLimit = 200 * 1024 * 1024;
    app.post(
      `/call/:ref/${noun}`,
      { bodyLimit, config: { name: 'attachment.add' } },
      async (request: ApiRequest, reply) => {
        const actor = actorOf(system, request);
        requireAnalyst(actor);
        const call = visibleCall(system.store, actor, request.params.ref);
        const attachment = request.isMultipart()
          ? await takeMultipart(system, actor, call, request)
          : await takeJson(system, actor, call, request);
        return reply.code(201).send(describeAttachment(system, actor, attachment, request));
      },
    );
    app.get(
      `/call/:ref/${noun}`,
      { config: { name: 'attachment.list' } },
      async (request: ApiRequest, reply) => {
        const actor = actorOf(system, request);
        const call = visibleCall(system.store, actor, request.params.ref);
        const rows = call.attachments.map(({ row }) => row);
        return answerSearch(reply, { system, entity: attachmentEntity, actor, request }, () => rows);
      },
    );
    app.get(
      `/call/:ref/${noun}/:id`,
      { config: { name: 'attachment.read' } },
      async (request: ApiRequest, reply) => {
        const actor = actorOf(system, request);
        const call = visibleCall(system.store, actor, request.params.ref);
        return readAttachment(system, actor, findAttachment(call, request.params.id), request, reply);
      },
    );
    app.delete(
      `/call/:ref/${noun}/:id`,
      { config: { name: 'attachment.remove' } },
      async (request: ApiRequest) => {
        const actor = actorOf(system, request);
        const call = visibleCall(system.store, actor, request.params.ref);
        const attachment = findAttachment(call, request.params.id);
        removeAttachment(system.store, actor, call, attachment);
        await system.files.remove(attachment.path);
        return {};
      },
    );
  }
  app.get(
    '/attachment/$metadata',
    { config: { name: 'attachment.metadata' } },
    async (request: ApiRequest) => {
      actorOf(system, request);
      return describeEntity(attachmentEntity, request.params.version);
    },
  );
}

/** Streams the part `file` to disk. @throws AlembaError 400 without one. */
export async function takeMultipart(system: AlembaSystem, actor: Actor, call: Call, request: ApiRequest) {
  let added: Attachment | undefined;
  for await (const part of request.parts()) {
    if (part.type !== 'file') continue;
    if (part.fieldname !== 'file') throw badRequest(`The part must be named 'file', not '${part.fieldname}'`);
    const stored = await system.files.save(part.file, system.store.settings.maxAttachmentBytes);
    added = addAttachment(system.store, actor, call, {
      name: part.filename,
      contentType: part.mimetype,
      stored,
    });
  }
  if (added === undefined) throw badRequest("The part 'file' is missing");
  return added;
}

/** `{Name, ContentType, BinaryData}` with base64, as the API takes it since build 13255. */
export async function takeJson(system: AlembaSystem, actor: Actor, call: Call, request: ApiRequest) {
  if (!(request.headers['content-type'] ?? '').includes('json')) {
    throw unsupportedMedia(request.headers['content-type'] ?? '');
  }
  const { Name: name, ContentType: contentType, BinaryData: data } = bodyOf(request);
  if (typeof name !== 'string' || name === '') throw badRequest('Name is required');
  if (typeof data !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(data) || data.length % 4 !== 0) {
    throw badRequest('BinaryData must be base64');
  }
  const stored = await system.files.save(
    Readable.from([Buffer.from(data, 'base64')]),
    system.store.settings.maxAttachmentBytes,
  );
  const type = typeof contentType === 'string' ? contentType : 'application/octet-stream';
  return addAttachment(system.store, actor, call, { name, contentType: type, stored });
}

function linksOf({ row }: Attachment, request: ApiRequest) {
  const { version } = request.params;
  const self = `api:${version}/call/${row.TicketId}/attachment/${row.Ref}`;
  return { _context: `api:${version}/attachment/$metadata`, _self: self };
}

function describeAttachment(system: AlembaSystem, actor: Actor, attachment: Attachment, request: ApiRequest) {
  const project = compileSelect('Ref,Name,ContentType,FileSize', { entity: attachmentEntity });
  return { ...project(attachment.row, { store: system.store, actor }), ...linksOf(attachment, request) };
}

function readAttachment(
  system: AlembaSystem,
  actor: Actor,
  attachment: Attachment,
  request: ApiRequest,
  reply: FastifyReply,
) {
  const option = request.query.$select;
  if (Array.isArray(option)) throw badRequest("Query option '$select' is given twice");
  const columns = (option ?? 'Ref,Name,ContentType,FileSize').split(',').map((name) => name.trim());
  const others = columns.filter((name) => name !== 'BinaryData');
  const project =
    others.length > 0 ? compileSelect(others.join(','), { entity: attachmentEntity }) : () => ({});
  const fields = {
    ...project(attachment.row, { store: system.store, actor }),
    ...linksOf(attachment, request),
  };
  if (others.length === columns.length) return fields;
  return reply.type('application/json; charset=utf-8').send(jsonWithBinary(fields, attachment.path));
}
