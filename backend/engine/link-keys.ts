import type { LinkRow } from '../store/links.ts';
import type { Side } from '../sync/record.ts';

export const recordId = (link: LinkRow, side: Side): string =>
  side === 'workItem' ? link.work_item_id : link.ticket_id;

/** Of the write that carries a comment or attachment of the other side over to `side`. */
export const linkIntentKey = (
  link: LinkRow,
  kind: 'comment' | 'attachment',
  side: Side,
  sourceId: string,
): string => `${kind}:${link.id}:${side}:${sourceId}`;
