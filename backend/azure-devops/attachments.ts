import type { Readable } from 'node:stream';
import type { AttachmentInput } from '../connectors/connector.ts';
import { Failure } from '../sync/failure.ts';
import type { Attachment } from '../sync/record.ts';
import type { Client } from './client.ts';
import { addRelation, markWord } from './patch.ts';
import { addRelationOnce, readFresh } from './relations.ts';
import { attachmentsOf, isAttachment, marksOf } from './translate.ts';
import { attachmentReference, type WireRelation, type WireWorkItem } from './wire.ts';
import type { Workshop } from './workshop.ts';

/** Up to here a file goes in one request; above, in pieces, so that a broken line loses one piece only. */
const simpleMaxBytes = 16 * 1024 * 1024;
const pieceBytes = 4 * 1024 * 1024;
const maxNameLength = 200;
const uploadTimeoutMs = 300_000;

/**
 * See `RecordSystem.addAttachment`. Tells no revision: others may have written between the caller's reading and ours,
 * and their changes must not count as known.
 */
export const addAttachment = async (
  workshop: Workshop,
  id: string,
  attachment: AttachmentInput,
): Promise<{ id: string }> => {
  const word = markWord(attachment.mark);
  const isOurs = (relation: WireRelation) =>
    isAttachment(relation) && marksOf(relation).some((mark) => markWord(mark) === word);
  const find = (item: WireWorkItem) => (item.relations ?? []).some(isOurs);
  const before = await readFresh(workshop, id);
  if (find(before)) return resultOf(before, isOurs);
  const name = safeName(attachment.name);
  const url = await upload(workshop.client, { ...attachment, name });
  const written = await addRelationOnce(workshop, id, {
    find,
    operation: addRelation('AttachedFile', url, { name, comment: word }),
    route: 'attachment.relate',
    repeat: 'unsafe',
  });
  return resultOf(written, isOurs);
};

const resultOf = (item: WireWorkItem, isOurs: (relation: WireRelation) => boolean) => {
  const [added] = attachmentsOf((item.relations ?? []).filter(isOurs));
  if (!added) throw new Failure({ kind: 'malformed', message: 'The new attachment is not in the answer' });
  return { id: added.id };
};

/** Without a relation to a work item the file is invisible, so a repeat does no harm. Returns its address. */
const upload = async (client: Client, attachment: AttachmentInput): Promise<string> => {
  const { sizeBytes } = attachment;
  const content = await attachment.open();
  try {
    const uploaded =
      sizeBytes !== undefined && sizeBytes > simpleMaxBytes
        ? await uploadInPieces(client, attachment.name, content, sizeBytes)
        : await uploadAtOnce(client, attachment.name, content, sizeBytes);
    return uploaded.url;
  } finally {
    content.destroy();
  }
};

const request = (fileName: string) =>
  ({
    method: 'POST',
    path: 'wit/attachments',
    resource: 'attachments',
    query: { fileName },
    contentType: 'application/octet-stream',
    timeoutMs: uploadTimeoutMs,
    repeat: 'safe',
  }) as const;

const uploadAtOnce = async (
  client: Client,
  name: string,
  content: Readable,
  sizeBytes: number | undefined,
) => {
  // An empty stream would be sent without a body, which the service takes for a missing file.
  const body = sizeBytes === 0 ? Buffer.alloc(0) : content;
  const headers: Record<string, string> =
    sizeBytes !== undefined && sizeBytes > 0 ? { 'content-length': String(sizeBytes) } : {};
  return client.json({ ...request(name), route: 'attachment.upload', headers, body }, attachmentReference);
};

/** `Content-Range: bytes 0-4194303/62914560`, one piece in memory at a time (Microsoft: wit/attachments/upload-chunk). */
const uploadInPieces = async (client: Client, name: string, content: Readable, sizeBytes: number) => {
  const started = await client.json(
    { ...request(name), query: { fileName: name, uploadType: 'Chunked' }, route: 'attachment.begin' },
    attachmentReference,
  );
  let sentBytes = 0;
  for await (const piece of piecesOf(content)) {
    const lastByte = sentBytes + piece.length - 1;
    if (lastByte >= sizeBytes) throw broken(name, 'is longer than announced');
    await client.send({
      ...request(name),
      method: 'PUT',
      path: `wit/attachments/${encodeURIComponent(started.id)}`,
      route: 'attachment.piece',
      headers: { 'content-range': `bytes ${sentBytes}-${lastByte}/${sizeBytes}` },
      body: piece,
    });
    sentBytes += piece.length;
  }
  if (sentBytes !== sizeBytes) throw broken(name, 'ended before its announced size');
  return started;
};

/** The last part of a path, without what file systems and headers cannot hold. */
export const safeName = (name: string): string => {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const clean = last.replace(/[\p{Cc}\u2028\u2029"<>|:*?]+/gu, '_').trim();
  // Very long names lose their beginning, so that the ending still tells what it is.
  return /^[._ ]*$/.test(clean) ? 'attachment' : clean.slice(-maxNameLength);
};

const broken = (name: string, how: string) =>
  new Failure({ kind: 'unavailable', message: `The attachment ${name} ${how}` });

/** Buffers of exactly `pieceBytes`, the last one shorter. */
async function* piecesOf(content: Readable): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafe(pieceBytes);
  let filled = 0;
  for await (const chunk of content) {
    let rest = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    while (rest.length > 0) {
      const taken = rest.copy(piece, filled);
      filled += taken;
      rest = rest.subarray(taken);
      if (filled < pieceBytes) continue;
      yield piece;
      // The piece that was handed out may still be written to a socket.
      piece = Buffer.allocUnsafe(pieceBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

/** The body as it comes; ends with a `Failure` when it breaks off. */
export const openAttachment = async (client: Client, attachment: Attachment): Promise<Readable> => {
  const { body } = await client.stream({
    method: 'GET',
    path: `wit/attachments/${encodeURIComponent(attachment.id)}`,
    resource: 'attachments',
    route: 'attachment.download',
    query: { fileName: attachment.name, download: true },
    headers: { accept: 'application/octet-stream' },
    timeoutMs: uploadTimeoutMs,
  });
  return body;
};
