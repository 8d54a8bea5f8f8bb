import type { ChangesPage, Hint } from '../connectors/connector.ts';
import type { Principal } from '../sync/record.ts';
import type { Client } from './client.ts';
import { isSamePerson, personIn } from './translate.ts';
import { revisionBatch } from './wire.ts';

/** Enough to decide whether a revision concerns anybody; long texts stay where they are. */
const fields = ['System.Id', 'System.Rev', 'System.ChangedBy', 'System.ChangedDate', 'System.IsDeleted'];
/** Before any work item; a backfill starts there. */
const firstInstant = '@2000-01-01T00:00:00Z';
/** A fresh cursor begins a little earlier, because the two clocks differ. */
const overlapMs = 60_000;

/**
 * Revisions since the cursor, which is the service's own watermark (Microsoft:
 * wit/reporting-work-item-revisions/get). Only the newest revision of each work item comes, deleted ones included.
 */
export const readChanges = async (
  client: Client,
  input: { cursor: string | undefined; project?: string; fromBeginning?: boolean; me: Principal; now: Date },
): Promise<ChangesPage> => {
  const { project, me } = input;
  const cursor = input.cursor ?? (input.fromBeginning ? firstInstant : undefined);
  const start = startOf(cursor, input.now);
  const batch = await client.json(
    {
      method: 'GET',
      ...(project !== undefined && { project }),
      path: 'wit/reporting/workitemrevisions',
      resource: 'reporting',
      route: 'revisions.read',
      query: {
        fields: fields.join(','),
        includeDeleted: true,
        includeIdentityRef: true,
        includeLatestOnly: true,
        ...start.query,
      },
      maxAnswerBytes: 64 * 1024 * 1024,
    },
    revisionBatch,
  );
  // An empty answer may come without a token; then the old place still holds.
  const place = String(batch.continuationToken ?? start.cursor);
  const more = !batch.isLastBatch;
  // The first answer only tells where "now" is: what it holds lies before it.
  if (cursor === undefined) return { hints: [], cursor: place, more };
  const hints = batch.values.map((value): Hint => {
    const author = personIn(value.fields?.['System.ChangedBy']);
    const isDeleted = value.isDeleted === true || value.fields?.['System.IsDeleted'] === true;
    return {
      recordId: String(value.id),
      revision: String(value.rev),
      ...(author && { own: isSamePerson(author, me) }),
      what: isDeleted ? 'deleted' : value.rev === 1 ? 'created' : 'updated',
      dedupeKey: `${value.id}/${value.rev}${isDeleted ? '/deleted' : ''}`,
    };
  });
  return { hints, cursor: place, more };
};

/** A watermark of the service, or `@` and an instant until there is one. */
const startOf = (cursor: string | undefined, now: Date) => {
  if (cursor !== undefined && !cursor.startsWith('@')) {
    return { cursor, query: { continuationToken: cursor } };
  }
  const startDateTime = cursor?.slice(1) ?? new Date(now.getTime() - overlapMs).toISOString();
  return { cursor: `@${startDateTime}`, query: { startDateTime } };
};
