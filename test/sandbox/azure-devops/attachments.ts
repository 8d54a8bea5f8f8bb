import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { open, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AzureDevOpsProblem } from './problem.ts';
import type { CallContext, Route } from './router.ts';
import { isServices, type Simulator } from './simulator.ts';
import type { AttachmentRecord } from './store.ts';
import type { SandboxUser } from './users.ts';

const contentTypes: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  log: 'text/plain',
};

function tooLarge(maxBytes: number): AzureDevOpsProblem {
  return new AzureDevOpsProblem(
    400,
    'WorkItemAttachmentExceedsMaxSizeException',
    `TF237082: The file you are trying to upload exceeds the supported file upload size of ${Math.floor(maxBytes / 1048576)} MB.`,
  );
}

function attachmentUrl(simulator: Simulator, attachment: AttachmentRecord): string {
  return `${simulator.organizationUrl}/_apis/wit/attachments/${attachment.id}`;
}

function register(simulator: Simulator, fileName: string, user: SandboxUser): AttachmentRecord {
  // Made on first use: most simulators never see a file.
  mkdirSync(simulator.attachmentFolder, { recursive: true });
  const id = randomUUID();
  const extension = fileName.split('.').at(-1)?.toLowerCase() ?? '';
  const attachment: AttachmentRecord = {
    id,
    fileName,
    path: join(simulator.attachmentFolder, id),
    sizeBytes: 0,
    totalBytes: 0,
    isComplete: false,
    contentType: contentTypes[extension] ?? 'application/octet-stream',
    createdBy: user.id,
    createdDate: simulator.clock.iso(),
  };
  simulator.store.attachments.set(id, attachment);
  return attachment;
}

/** Appends a stream to the file and stops at the cap; what was written too much is cut off again. */
async function receive(attachment: AttachmentRecord, body: Readable, maxBytes: number): Promise<number> {
  let received = 0;
  const counted = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      received += chunk.length;
      if (attachment.sizeBytes + received > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  };
  try {
    await pipeline(body, counted, createWriteStream(attachment.path, { flags: 'a' }));
  } catch (error) {
    await truncate(attachment.path, attachment.sizeBytes).catch((reason: NodeJS.ErrnoException) => {
      if (reason.code !== 'ENOENT') throw reason;
    });
    throw error;
  }
  attachment.sizeBytes += received;
  return received;
}

const bodyStream = (context: CallContext): Readable =>
  context.body instanceof Readable ? context.body : Readable.from([]);

/** Stores an attachment without HTTP, for the seed and for acting as a user. */
export async function storeAttachment(
  simulator: Simulator,
  fileName: string,
  content: Buffer,
  user: SandboxUser,
): Promise<{ id: string; url: string }> {
  const attachment = register(simulator, fileName, user);
  await receive(attachment, Readable.from([content]), simulator.maxAttachmentBytes);
  attachment.totalBytes = attachment.sizeBytes;
  attachment.isComplete = true;
  record(simulator, attachment, user);
  return { id: attachment.id, url: attachmentUrl(simulator, attachment) };
}

function record(simulator: Simulator, attachment: AttachmentRecord, user: SandboxUser): void {
  simulator.ledger.record({
    kind: 'effect',
    at: simulator.clock.iso(),
    effect: 'attachment.uploaded',
    recordId: attachment.id,
    actor: user.key,
    detail: { fileName: attachment.fileName, sizeBytes: attachment.sizeBytes },
  });
}

async function upload(context: CallContext): Promise<unknown> {
  const { simulator, query, user } = context;
  const fileName = query.get('fileName') ?? randomUUID();
  const isChunked = (query.get('uploadType') ?? 'simple').toLowerCase() === 'chunked';
  if (![...user.roles.values()].some((role) => role !== 'reader'))
    throw new AzureDevOpsProblem(
      403,
      'WorkItemUnauthorizedAttachmentException',
      'VS402337: You do not have permission to upload attachments.',
    );
  const announcedBytes = Number(context.request.headers['content-length'] ?? 0);
  const attachment = register(simulator, fileName, user);
  try {
    if (announcedBytes > simulator.maxAttachmentBytes) throw tooLarge(simulator.maxAttachmentBytes);
    await receive(attachment, bodyStream(context), simulator.maxAttachmentBytes);
  } catch (error) {
    simulator.store.attachments.delete(attachment.id);
    await rm(attachment.path, { force: true });
    throw error;
  }
  attachment.isComplete = !isChunked;
  attachment.totalBytes = attachment.sizeBytes;
  if (!isChunked) record(simulator, attachment, user);
  const url = `${attachmentUrl(simulator, attachment)}?fileName=${encodeURIComponent(fileName)}`;
  return context.reply.code(201).send(JSON.stringify({ id: attachment.id, url }));
}

function find(context: CallContext): AttachmentRecord {
  const id = (context.params.id ?? '').toLowerCase();
  const attachment = context.simulator.store.attachments.get(id);
  if (attachment === undefined)
    throw new AzureDevOpsProblem(
      404,
      'AttachmentNotFoundException',
      `VS403315: The attachment with id ${id} could not be found.`,
    );
  return attachment;
}

async function uploadChunk(context: CallContext): Promise<unknown> {
  const { simulator } = context;
  const attachment = find(context);
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(String(context.request.headers['content-range'] ?? ''));
  if (range === null || attachment.isComplete)
    throw new AzureDevOpsProblem(
      400,
      'ArgumentException',
      'A chunk needs a Content-Range header: bytes {first}-{last}/{total}.',
      { namespace: 'System' },
    );
  const [first = 0, last = 0, total = 0] = range.slice(1).map(Number);
  if (total > simulator.maxAttachmentBytes) throw tooLarge(simulator.maxAttachmentBytes);
  if (first !== attachment.sizeBytes || last >= total)
    throw new AzureDevOpsProblem(
      400,
      'WorkItemAttachmentIncorrectOffsetException',
      `VS403316: The chunk starts at ${first}, but ${attachment.sizeBytes} bytes have been received.`,
    );
  const received = await receive(attachment, bodyStream(context), simulator.maxAttachmentBytes);
  if (received !== last - first + 1) {
    attachment.sizeBytes = first;
    await truncate(attachment.path, first);
    throw new AzureDevOpsProblem(
      400,
      'ArgumentException',
      'The chunk does not have the length that Content-Range names.',
      { namespace: 'System' },
    );
  }
  attachment.totalBytes = total;
  attachment.isComplete = attachment.sizeBytes === total;
  if (attachment.isComplete) record(simulator, attachment, context.user);
  return context.reply
    .code(201)
    .send(JSON.stringify({ id: attachment.id, url: attachmentUrl(simulator, attachment) }));
}

async function download(context: CallContext): Promise<unknown> {
  const attachment = find(context);
  if (context.user.roles.size === 0 || !attachment.isComplete)
    throw new AzureDevOpsProblem(
      404,
      'AttachmentNotFoundException',
      `VS403315: The attachment with id ${attachment.id} could not be found.`,
    );
  const fileName = context.query.get('fileName') ?? attachment.fileName;
  const isDownload = context.query.get('download')?.toLowerCase() === 'true';
  // Opened first: a stream that fails to open after the headers were sent could only break the connection.
  const file = await open(attachment.path, 'r');
  return context.reply
    .header(
      'content-type',
      isServices(context.simulator) && !isDownload ? attachment.contentType : 'application/octet-stream',
    )
    .header('content-length', attachment.sizeBytes)
    .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`)
    .send(createReadStream('', { fd: file }));
}

const version = { since: 1, revision: 4 };

export const attachmentRoutes: Route[] = [
  {
    id: 'attachment.upload',
    method: 'POST',
    path: 'wit/attachments',
    level: 'both',
    version,
    scope: 'vso.work_write',
    contentType: 'application/octet-stream',
    handle: upload,
  },
  {
    id: 'attachment.chunk',
    method: 'PUT',
    path: 'wit/attachments/{id}',
    level: 'both',
    version,
    scope: 'vso.work_write',
    contentType: 'application/octet-stream',
    handle: uploadChunk,
  },
  {
    id: 'attachment.download',
    method: 'GET',
    path: 'wit/attachments/{id}',
    level: 'both',
    version,
    scope: 'vso.work',
    handle: download,
  },
];
