import type { WriteResult } from '../connectors/connector.ts';
import { addRelation } from './patch.ts';
import { addRelationOnce } from './relations.ts';
import { isHyperlink, refOf } from './translate.ts';
import type { Workshop } from './workshop.ts';

/** Longest comment of a link (Microsoft: work item link comments have 255 characters). */
const maxCommentLength = 255;

/**
 * See `RecordSystem.addHyperlink`. An address that is there already is left as it is. Tells no revision: others may
 * have written between the caller's reading and this one, and their changes must not count as known.
 */
export const addHyperlink = async (
  workshop: Workshop,
  id: string,
  link: { url: string; comment: string },
): Promise<WriteResult> => {
  const item = await addRelationOnce(workshop, id, {
    find: ({ relations }) => (relations ?? []).some((r) => isHyperlink(r) && isSameAddress(r.url, link.url)),
    operation: addRelation('Hyperlink', link.url, { comment: link.comment.slice(0, maxCommentLength) }),
    route: 'hyperlink.add',
    repeat: 'safe',
  });
  return { ref: refOf(item, workshop.client.organizationUrl) };
};

/** The service normalises what it stores: a trailing slash, escapes, the case of the host. */
const isSameAddress = (a: string, b: string): boolean =>
  a === b || (URL.canParse(a) && URL.canParse(b) && new URL(a).href === new URL(b).href);
