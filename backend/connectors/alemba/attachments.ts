import { pipeline, type Readable } from 'node:stream';
import { z } from 'zod';
import { isFailure } from '../../sync/failure.ts';
import type { Attachment } from '../../sync/record.ts';
import type { AttachmentInput } from '../connector.ts';
import { type Alemba, fillRoute } from './alemba.ts';
import { Base64Property } from './base64-property.ts';
import type { Row } from './client.ts';
import { malformed } from './failures.ts';
import { multipartFile, plainName } from './multipart.ts';
import { requireRef } from './read.ts';
import { readDate, readPrincipal } from './translate.ts';

export interface Attachments {
  /** Marks are those of uploads whose answer was lost; see `pendingUploads`. */
  list(id: string): Promise<readonly Attachment[]>;
  /** Streamed. Throws ambiguous when it is not known whether the file arrived. */
  add(id: string, input: AttachmentInput): Promise<{ id: string }>;
  open(id: string, attachment: Attachment): Promise<Readable>;
}

/**
 * An attachment of an Alemba call has no place for a mark but its name, which people read. So an upload is noted in the
 * vault before it is sent and taken out when its answer came; what is still noted when the attachments are listed is
 * recognised by name, size and time, and carries its mark in the list.
 */
const pendingUploads = z.array(
  z.object({ mark: z.string(), name: z.string(), sizeBytes: z.number().optional(), sinceMs: z.number() }),
);

type Pending = z.infer<typeof pendingUploads>;

const timeoutMs = 300_000;
/** How far the clock of the Alemba server may be behind ours. */
const clockSkewMs = 5 * 60_000;
/** By then every doubt is settled, by the engine or by a person. */
const forgetMs = 7 * 24 * 60 * 60_000;
const pageSize = 500;
const plainColumns = 'Ref,Name,FileSize,ContentType';
const allColumns = `${plainColumns},CreatedDate,CreatedBy,CreatedByName:CreatedBy.Name`;

export function createAttachments(alemba: Alemba): Attachments {
  const { client, settings, context } = alemba;
  /** The documented payload names four properties; the rest is asked for until the system refuses. */
  let columns = allColumns;

  const vaultName = (id: string) => `uploads.${id}`;

  const readPending = async (id: string): Promise<Pending> => {
    const text = await context.vault.read(vaultName(id));
    const parsed = text === undefined ? undefined : pendingUploads.safeParse(JSON.parse(text));
    return parsed?.data ?? [];
  };

  const changePending = (id: string, change: (pending: Pending) => Pending) =>
    context.vault.exclusive(vaultName(id), async () => {
      const oldestMs = context.now().getTime() - forgetMs;
      const next = change(await readPending(id)).filter(({ sinceMs }) => sinceMs >= oldestMs);
      await context.vault.write(vaultName(id), next.length === 0 ? undefined : JSON.stringify(next));
    });

  const listRows = async (id: string): Promise<readonly Row[]> => {
    const path = fillRoute(settings.attachmentListRoute, { ref: id });
    const ask = () => client.search('attachment.list', path, { $select: columns, $top: pageSize });
    try {
      return await ask();
    } catch (error) {
      if (!isFailure(error) || error.kind !== 'rejected' || columns === plainColumns) throw error;
      columns = plainColumns;
      return ask();
    }
  };

  const list = async (id: string): Promise<readonly Attachment[]> => {
    requireRef(id);
    const [rows, pending] = [await listRows(id), await readPending(id)];
    const attachments = rows.map(readAttachment);
    for (const upload of pending) {
      const arrived = attachments.find(
        (attachment) => isSame(attachment, upload) && attachment.marks.length === 0,
      );
      if (arrived !== undefined) arrived.marks = [upload.mark];
    }
    return attachments;
  };

  const upload = async (id: string, name: string, input: AttachmentInput): Promise<string> => {
    const { contentType, sizeBytes } = input;
    const file = { name, contentType, ...(sizeBytes !== undefined && { sizeBytes }) };
    const form = multipartFile('file', file, await input.open());
    const answer = await client.post(
      'attachment.add',
      fillRoute(settings.attachmentAddRoute, { ref: id }),
      form.body,
      {
        repeat: 'unsafe',
        contentType: form.contentType,
        timeoutMs,
        // Then a source that breaks off cannot look like the end of the file.
        ...(form.sizeBytes !== undefined && { headers: { 'content-length': String(form.sizeBytes) } }),
      },
    );
    const [first] = Array.isArray(answer.results) ? (answer.results as Row[]) : [answer];
    if (typeof first?.FileSize === 'number' && sizeBytes !== undefined && first.FileSize !== sizeBytes) {
      throw malformed(`The system stored ${first.FileSize} of ${sizeBytes} bytes`);
    }
    return attachmentRef(first ?? {}) ?? findUploaded(id, input.mark);
  };

  const findUploaded = async (id: string, mark: string): Promise<string> => {
    const arrived = (await list(id)).find((attachment) => attachment.marks.includes(mark));
    if (arrived === undefined) throw malformed('The file was accepted but is not in the list of attachments');
    return arrived.id;
  };

  return {
    list,
    async add(id, input) {
      requireRef(id);
      const name = plainName(input.name);
      const { mark, sizeBytes } = input;
      const sinceMs = context.now().getTime();
      const note = { mark, name, sinceMs, ...(sizeBytes !== undefined && { sizeBytes }) };
      await changePending(id, (pending) => [...pending.filter((other) => other.mark !== mark), note]);
      try {
        const added = await upload(id, name, input);
        await changePending(id, (pending) => pending.filter((other) => other.mark !== mark));
        return { id: added };
      } catch (error) {
        const isOpen = !isFailure(error) || error.kind === 'ambiguous' || error.kind === 'malformed';
        // Refused for certain: nothing to look for later.
        if (!isOpen) await changePending(id, (pending) => pending.filter((other) => other.mark !== mark));
        throw error;
      }
    },
    async open(id, attachment) {
      requireRef(id);
      const path = fillRoute(settings.attachmentDownloadRoute, { ref: id, id: attachment.id });
      const { headers, body } = await client.stream('attachment.read', path);
      if (!/[/+]json\b/i.test(headers['content-type'] ?? '')) return body;
      // Errors of either end travel to the reader through the decoder; the callback only marks them as seen.
      return pipeline(body, new Base64Property('BinaryData'), () => {});
    },
  };
}

type MutableAttachment = { -readonly [K in keyof Attachment]: Attachment[K] };

function readAttachment(row: Row): MutableAttachment {
  const id = attachmentRef(row);
  if (id === undefined) throw malformed('An attachment has no number');
  const author = readPrincipal(row, 'CreatedBy');
  return {
    id,
    name: typeof row.Name === 'string' && row.Name !== '' ? row.Name : `attachment-${id}`,
    ...(typeof row.FileSize === 'number' && { sizeBytes: row.FileSize }),
    ...(typeof row.ContentType === 'string' && row.ContentType !== '' && { contentType: row.ContentType }),
    ...(row.CreatedDate != null && { at: readDate(row.CreatedDate) }),
    ...(author !== undefined && { author }),
    marks: [],
  };
}

function attachmentRef(row: Row): string | undefined {
  if (typeof row.Ref === 'number' || typeof row.Ref === 'string') return String(row.Ref);
  return typeof row._self === 'string' ? /\/(\w+)$/.exec(row._self)?.[1] : undefined;
}

function isSame(attachment: Attachment, upload: Pending[number]): boolean {
  const sameSize =
    upload.sizeBytes === undefined ||
    attachment.sizeBytes === undefined ||
    attachment.sizeBytes === upload.sizeBytes;
  const isLater = attachment.at === undefined || Date.parse(attachment.at) >= upload.sinceMs - clockSkewMs;
  return attachment.name === upload.name && sameSize && isLater;
}
