import { recordNotFound } from '../errors.ts';
import type { StoredFile } from '../files.ts';
import type { Actor, Attachment, Call } from '../model.ts';
import type { AlembaStore } from '../store.ts';
import { requireAnalyst } from './access.ts';
import { addHistory } from './history.ts';

/** Attachments need no lock. */
export function addAttachment(
  store: AlembaStore,
  actor: Actor,
  call: Call,
  file: { name: string; contentType: string; stored: StoredFile },
): Attachment {
  requireAnalyst(actor);
  const ref = store.nextAttachmentRef();
  const attachment: Attachment = {
    row: {
      Ref: ref,
      TicketId: call.ref,
      Name: file.name,
      ContentType: file.contentType,
      FileSize: file.stored.sizeBytes,
      CreatedBy: actor.person,
      CreatedDate: store.stampMs(),
      BinaryData: 'present',
    },
    path: file.stored.path,
    sha256: file.stored.sha256,
  };
  call.attachments.push(attachment);
  const entry = addHistory(store, actor, call, {
    type: 'Attachment Added',
    title: `Attachment added: ${file.name}`,
  });
  store.effect('attachment.added', call, actor, {
    attachment: ref,
    name: file.name,
    sizeBytes: file.stored.sizeBytes,
    sha256: file.stored.sha256,
  });
  store.announce('AttachmentAdded', call, entry.Order, [attachment]);
  return attachment;
}

/** @throws AlembaError 404 RecordNotFound. */
export function findAttachment(call: Call, ref: string): Attachment {
  const found = call.attachments.find((attachment) => attachment.row.Ref === Number(ref));
  if (found === undefined) throw recordNotFound('attachment', ref);
  return found;
}

export function removeAttachment(store: AlembaStore, actor: Actor, call: Call, attachment: Attachment): void {
  requireAnalyst(actor);
  call.attachments = call.attachments.filter((other) => other !== attachment);
  const { Name: name, Ref: ref } = attachment.row;
  const entry = addHistory(store, actor, call, {
    type: 'Attachment Removed',
    title: `Attachment removed: ${name}`,
  });
  store.effect('attachment.removed', call, actor, { attachment: ref, name });
  store.announce('AttachmentRemoved', call, entry.Order, [attachment]);
}
