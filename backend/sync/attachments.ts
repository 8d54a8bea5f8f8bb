import type { AttachmentPolicy } from '../contract/mapping.ts';
import { byTime, isHistory, markOf, pairOf, recognise } from './carry-over.ts';
import type { Note } from './command.ts';
import type { Draft } from './draft.ts';
import type { CommandOutcome, Plan } from './plan-input.ts';
import { type Attachment, otherSide, type Side } from './record.ts';

const extensionOf = (name: string): string => /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';

/** `*` is any text, `?` any character, case does not count. Linear: no pattern can make it backtrack badly. */
export function matchesWildcard(pattern: string, text: string): boolean {
  const [wild, name] = [pattern.toLowerCase(), text.toLowerCase()];
  let [at, star, mark] = [0, -1, 0];
  for (let index = 0; index < name.length; ) {
    if (wild[at] === '*') {
      star = at;
      mark = index;
      at += 1;
    } else if (at < wild.length && (wild[at] === '?' || wild[at] === name[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      mark += 1;
      index = mark;
    } else return false;
  }
  while (wild[at] === '*') at += 1;
  return at === wild.length;
}

/** Why an attachment stays where it is, or undefined. `tooLarge` only when the size is known before the download. */
export function attachmentProblem(
  attachment: Attachment,
  policy: AttachmentPolicy,
  maxBytes: number,
): 'type' | 'name' | 'tooLarge' | undefined {
  const extension = extensionOf(attachment.name);
  if (policy.denyTypes.includes(extension)) return 'type';
  if (policy.allowTypes.length > 0 && !policy.allowTypes.includes(extension)) return 'type';
  if (policy.denyNames.some((pattern) => matchesWildcard(pattern, attachment.name))) return 'name';
  return attachment.sizeBytes !== undefined && attachment.sizeBytes > maxBytes ? 'tooLarge' : undefined;
}

const shownName = ({ name }: Attachment): string => name.slice(0, 200);

const limitFor = (draft: Draft, to: Side): number => {
  const { mapping, can } = draft.input;
  const { maxBytes } = mapping.attachments;
  return to === 'ticket' ? Math.min(maxBytes, can.ticketAttachmentsMaxBytes) : maxBytes;
};

const allows = (draft: Draft, from: Side): boolean => {
  const { mapping, can } = draft.input;
  return from === 'workItem' ? mapping.attachments.out && can.ticketAttachments : mapping.attachments.in;
};

/** The same file is on the other side already, put there by hand: same name, same known size, not paired. */
function twin(
  draft: Draft,
  from: Side,
  attachment: Attachment,
  taken: ReadonlySet<string>,
): string | undefined {
  if (attachment.sizeBytes === undefined) return undefined;
  const found = draft.snapshot[otherSide(from)].attachments?.find(
    (other) =>
      other.sizeBytes === attachment.sizeBytes &&
      other.name.toLowerCase() === attachment.name.toLowerCase() &&
      !taken.has(other.id),
  );
  return found?.id;
}

function planFrom(draft: Draft, from: Side): void {
  const { link, mapping } = draft.input;
  const attachments = draft.snapshot[from].attachments;
  if (attachments === undefined) return;
  const to = otherSide(from);
  const before = link.base?.[from].attachments;
  const handled = new Set(before);
  const fresh = byTime(attachments.filter((attachment) => !handled.has(attachment.id)));
  if (fresh.length === 0) return;
  const there = draft.snapshot[to].attachments ?? [];
  const otherIds = [...there.map((entry) => entry.id), ...(link.base?.[to].attachments ?? [])];
  const { paired, marks } = recognise(draft, 'attachment', from, otherIds);
  const arrived = new Map(there.flatMap((entry) => entry.marks.map((mark) => [mark, entry.id])));
  const takenThere = new Set(recognise(draft, 'attachment', to, []).paired);
  const paired2 = (id: string, otherId: string) => {
    takenThere.add(otherId);
    draft.pairs.push(pairOf('attachment', from, id, otherId));
    draft.seen[from].attachments.push(id);
  };
  for (const attachment of fresh) {
    const source = attachment.marks.map((mark) => marks.get(mark)).find((found) => found !== undefined);
    if (paired.has(attachment.id) || source?.pairedId !== undefined) {
      draft.seen[from].attachments.push(attachment.id);
      continue;
    }
    if (source !== undefined) {
      paired2(attachment.id, source.sourceId);
      continue;
    }
    if (attachment.marks.length > 0) {
      // Put here by Tandem for another link.
      draft.seen[from].attachments.push(attachment.id);
      continue;
    }
    const mark = markOf(link.id, 'attachment', from, attachment.id);
    const copy =
      arrived.get(mark) ?? (allows(draft, from) ? twin(draft, from, attachment, takenThere) : undefined);
    if (copy !== undefined) {
      paired2(attachment.id, copy);
      continue;
    }
    const old =
      before === undefined && mapping.attachments.history === 'none' && isHistory(attachment.at, link.since);
    const maxBytes = limitFor(draft, to);
    const reason = attachmentProblem(attachment, mapping.attachments, maxBytes);
    if (!allows(draft, from) || old || reason !== undefined) {
      draft.seen[from].attachments.push(attachment.id);
      if (allows(draft, from) && !old) {
        draft.notes.push({
          code: 'attachmentHeldBack',
          side: from,
          from: shownName(attachment),
          reason,
        });
      }
      continue;
    }
    draft.later.push({
      kind: 'addAttachment',
      side: to,
      attachment,
      maxBytes,
      sourceId: attachment.id,
      mark,
    });
    draft.notes.push({ code: 'attachmentSent', side: to, from: shownName(attachment) });
  }
}

/** Attachments are sets like comments; files are never replaced or deleted. */
export function planAttachments(draft: Draft): void {
  planFrom(draft, 'workItem');
  planFrom(draft, 'ticket');
}

/** The plan's notes as it came out: a file of unknown size may have turned out too large. */
export function notesAfter(plan: Plan, outcomes: readonly CommandOutcome[]): readonly Note[] {
  const notes = [...plan.notes];
  for (const { command, outcome } of outcomes) {
    if (command.kind !== 'addAttachment' || outcome !== 'heldBack') continue;
    const { side } = command;
    const from = shownName(command.attachment);
    const sent = notes.findIndex(
      (note) => note.code === 'attachmentSent' && note.side === side && note.from === from,
    );
    const held: Note = { code: 'attachmentHeldBack', side: otherSide(side), from, reason: 'tooLarge' };
    notes.splice(sent < 0 ? notes.length : sent, 1, held);
  }
  return notes;
}
