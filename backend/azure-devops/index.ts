import type { ReadResult, ReadWants } from '../connectors/connector.ts';
import { Failure } from '../sync/failure.ts';
import type { Principal, Snapshot } from '../sync/record.ts';
import { readAreas } from './areas.ts';
import { createAsUser } from './ask-as-user.ts';
import { addAttachment, openAttachment } from './attachments.ts';
import { createSignIn, userSignIn } from './auth.ts';
import { createCache } from './cache.ts';
import { readChanges } from './changes.ts';
import { createClient } from './client.ts';
import { createComments } from './comments.ts';
import type { AzureDevOpsContext } from './context.ts';
import { createWorkItem } from './create.ts';
import { describe } from './describe.ts';
import { findByKey, findByMark, findByReference, search } from './find.ts';
import { addHyperlink } from './hyperlinks.ts';
import { createMetadata } from './metadata.ts';
import type { AzureDevOps } from './operations.ts';
import { findPerson } from './people.ts';
import { createReader } from './reader.ts';
import { readFresh } from './relations.ts';
import { type ConnectionFacts, readConnectionFacts, type VersionCell, versionFinder } from './server.ts';
import { createServiceHooks } from './subscriptions.ts';
import { testConnection } from './test-connection.ts';
import { attachmentsOf, bookmarkOf, commentsMoved, snapshotOf, writeBookmark } from './translate.ts';
import { updateWorkItem } from './update.ts';
import { createSurroundings, type Workshop } from './workshop.ts';

export { azureDevOpsTransport } from './addresses.ts';
export { isRestVersion, probedVersions, type RestVersion, restVersions } from './api-versions.ts';
export type { AzureDevOpsAuth, AzureDevOpsContext } from './context.ts';
export * from './operations.ts';
export { type AzureDevOpsHookReading, type HookFacts, readHook, readServiceHook } from './read-hook.ts';

/** Whose identity it is changes only with the credentials, and with them comes a new client. */
const identityLifetimeMs = 60 * 60_000;
const peopleLifetimeMs = 10 * 60_000;

/** Azure DevOps Services or Server as a `RecordSystem`. Asks nothing before it is used. */
export const connectAzureDevOps = (context: AzureDevOpsContext): AzureDevOps => {
  const cell: VersionCell = {};
  const workshop = openWorkshop(context, cell);
  const { client, metadata, reader } = workshop;
  const now = () => context.now().getTime();
  const people = createCache<Principal | undefined>({ lifetimeMs: peopleLifetimeMs, maxEntries: 5000, now });
  const comments = createComments(client, reader, async () =>
    isServices(context, await workshop.connection()),
  );
  workshop.comments = comments;

  return {
    test: (options = {}) => testConnection(workshop, options),
    whoAmI: async () => (await workshop.connection()).user,
    read: (id, wants) => read(workshop, id, wants),
    whyMissing: async (id) => ((await reader.readDeleted(id)) === undefined ? 'notVisible' : 'deleted'),
    findByKey: (key) => findByKey(workshop, key),
    findByMark: (mark, input) => findByMark(workshop, mark, input),
    findByReference: (field, value, input) => findByReference(workshop, field, value, input),
    search: (text, input) => search(workshop, text, input),
    create: (input) => createWorkItem(workshop, input),
    update: (id, changes, options) => updateWorkItem(workshop, id, changes, options),
    addComment: comments.add,
    addAttachment: (id, attachment) => addAttachment(workshop, id, attachment),
    openAttachment: (_id, attachment) => openAttachment(client, attachment),
    listComments: comments.list,
    listAttachments: async (id) => attachmentsOf((await readFresh(workshop, id)).relations),
    addHyperlink: (id, link) => addHyperlink(workshop, id, link),
    findPerson: (person) =>
      people.get(JSON.stringify([person.email, person.login, person.id]), () => findPerson(client, person)),
    changes: async (cursor, { project, fromBeginning }) =>
      readChanges(client, {
        cursor,
        ...(project !== undefined && { project }),
        ...(fromBeginning !== undefined && { fromBeginning }),
        me: (await workshop.connection()).user,
        now: context.now(),
      }),
    isKnownRevision: (hinted, base) => Number(hinted) <= Number(base),
    describe: (scope) => describe(metadata, scope),
    projects: metadata.projects,
    areas: (project) => readAreas(client, project),
    server: async () => {
      const [version, facts] = await Promise.all([client.version(), workshop.connection()]);
      return { version, isServices: isServices(context, facts), instanceId: facts.instanceId };
    },
    hooks: createServiceHooks(client),
    askAsUser: (accessToken) => {
      const signIn = userSignIn(accessToken);
      return createAsUser(createClient(context, { signIn, version: versionFinder(context, cell, signIn) }));
    },
    close: async () => {
      metadata.clear();
      people.clear();
    },
  };
};

const openWorkshop = (context: AzureDevOpsContext, cell: VersionCell): Workshop => {
  const signIn = createSignIn(context);
  const client = createClient(context, { signIn, version: versionFinder(context, cell, signIn) });
  const now = () => context.now().getTime();
  const metadata = createMetadata(client, now);
  const reader = createReader(client);
  const facts = createCache<ConnectionFacts>({ lifetimeMs: identityLifetimeMs, maxEntries: 1, now });
  const connection = () =>
    facts.get('', async () => {
      const found = await readConnectionFacts(client);
      if (!found.isAnonymous) return found;
      throw new Failure({ kind: 'unauthorized', message: 'Azure DevOps does not know the account' });
    });
  const parts = { client, metadata, connection };
  return { context, reader, comments: { list: async () => [] }, ...parts, ...createSurroundings(parts) };
};

/** Servers before 2020 do not tell; then the address does. */
const isServices = (context: AzureDevOpsContext, facts: ConnectionFacts): boolean =>
  facts.isServices ??
  /(^|\.)(dev\.azure\.com|visualstudio\.com)$/.test(new URL(context.organizationUrl).hostname);

/** See `RecordSystem.read`. One request, shared by concurrent reads, and one more when comments are due. */
const read = async (workshop: Workshop, id: string, wants: ReadWants): Promise<ReadResult> => {
  const item = await workshop.reader.read(id);
  if (!item) return readDeleted(workshop, id);
  const around = await workshop.surroundings(item);
  const bookmark = bookmarkOf(item);
  const isDue =
    wants.comments === true || (wants.comments === 'ifChanged' && commentsMoved(wants.bookmark, bookmark));
  const snapshot = withoutUnasked(snapshotOf(item, around), wants);
  if (!isDue) {
    // Comments that came and were not wanted stay ahead of the bookmark, for the day on which they are.
    const isBehind = wants.comments === false && commentsMoved(wants.bookmark, bookmark);
    return isBehind
      ? { snapshot, ...(wants.bookmark && { bookmark: wants.bookmark }) }
      : { snapshot, bookmark: writeBookmark(bookmark) };
  }
  const comments = await workshop.comments.list(id);
  return { snapshot: { ...snapshot, comments }, bookmark: writeBookmark(bookmark) };
};

/** Relations come with every reading; the engine is spared those that it knows or did not ask for. */
const withoutUnasked = (snapshot: Snapshot, wants: ReadWants): Snapshot => {
  const isKnown = wants.attachments === 'ifChanged' && wants.revision === snapshot.revision;
  if (wants.attachments !== false && !isKnown) return snapshot;
  const { attachments: _attachments, ...rest } = snapshot;
  return rest;
};

const readDeleted = async (workshop: Workshop, id: string): Promise<ReadResult> => {
  const deleted = await workshop.reader.readDeleted(id);
  if (deleted === undefined || deleted === 'withoutContent') {
    const message = deleted
      ? `Work item ${id} lies in the recycle bin`
      : `Work item ${id} does not exist or is not visible`;
    throw new Failure({ kind: 'notFound', message });
  }
  const around = await workshop.surroundings(deleted);
  return { snapshot: snapshotOf(deleted, around, { deleted: true }) };
};
