import { pipeline, type Readable, Transform } from 'node:stream';
import { pairedAttachments } from '../store/intents.ts';
import type { Command } from '../sync/command.ts';
import { Failure } from '../sync/failure.ts';
import type { CommandOutcome } from '../sync/plan-input.ts';
import { otherSide } from '../sync/record.ts';
import type { CarryOutInput } from './carry-out.ts';
import { linkIntentKey, recordId } from './link-keys.ts';
import { findAttachmentByMark, sendOnce } from './once-only.ts';
import { onSide } from './ports.ts';

type AttachmentCommand = Extract<Command, { kind: 'addAttachment' }>;

/** Carries a file over as a stream; one that turns out too large stays where it is. */
export async function addAttachment(
  input: CarryOutInput,
  command: AttachmentCommand,
): Promise<CommandOutcome> {
  const { context, tenant, link } = input;
  const { side, attachment } = command;
  const system = input.systems[side];
  const id = recordId(link, side);
  let added: { revision?: string; bookmark?: string } = {};
  let isTooLarge = false;
  const exceeded = () => {
    isTooLarge = true;
  };
  const wanted = {
    key: linkIntentKey(link, 'attachment', side, command.sourceId),
    kind: 'attachment' as const,
    link: String(link.id),
    side,
    sourceId: command.sourceId,
    mark: command.mark,
  };
  try {
    const sent = await onSide(side, () =>
      sendOnce(context, tenant, wanted, {
        lookFor: async () =>
          findAttachmentByMark(
            system,
            id,
            { mark: command.mark, name: attachment.name, sizeBytes: attachment.sizeBytes },
            await context.store.asTenant(tenant, (sql) => pairedAttachments(sql, String(link.id))),
          ),
        send: async () => {
          const created = await system.addAttachment(id, {
            name: attachment.name,
            contentType: attachment.contentType ?? 'application/octet-stream',
            sizeBytes: attachment.sizeBytes,
            mark: command.mark,
            open: () => openSource(input, command, exceeded),
          });
          added = created;
          return created.id;
        },
      }),
    );
    return {
      command,
      outcome: 'done',
      createdId: sent.id,
      revision: added.revision,
      bookmark: added.bookmark,
    };
  } catch (error) {
    // As when the size is known before: it stays where it is, and nobody has to do anything about it.
    if (isTooLarge) return { command, outcome: 'heldBack' };
    throw error;
  }
}

async function openSource(
  input: CarryOutInput,
  { side, attachment, maxBytes }: AttachmentCommand,
  exceeded: () => void,
): Promise<Readable> {
  const source = otherSide(side);
  const id = recordId(input.link, source);
  const file = await onSide(source, () => input.systems[source].openAttachment(id, attachment));
  return attachment.sizeBytes === undefined ? limitFile(file, maxBytes, exceeded) : file;
}

/**
 * The file as it comes, of at most so many bytes: for systems that do not tell its size before. One byte more breaks
 * the upload off in the middle, so that the other side has no whole request and stores nothing.
 */
function limitFile(source: Readable, maxBytes: number, exceeded: () => void): Readable {
  let seenBytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seenBytes += chunk.length;
      if (seenBytes <= maxBytes) return done(null, chunk);
      exceeded();
      done(new Failure({ kind: 'rejected', message: `The file has more than ${maxBytes} bytes` }));
    },
  });
  // Errors of either end travel to the reader; the callback only marks them as seen.
  return pipeline(source, counter, () => {});
}
