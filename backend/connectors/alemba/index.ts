import type { Connector, ConnectorContext, ReadWants, RecordSystem } from '../connector.ts';
import { type Alemba, createRecent } from './alemba.ts';
import { createAttachments } from './attachments.ts';
import { readChanges } from './changes.ts';
import { testConnection } from './check.ts';
import { createClient } from './client.ts';
import { addComment, listComments } from './comments.ts';
import { createCreator } from './create.ts';
import { describeSystem } from './describe.ts';
import { createEntityProperties } from './entity-properties.ts';
import { unlock } from './lock.ts';
import { manifest } from './manifest.ts';
import { createPeople } from './people.ts';
import { readCall, requireRef } from './read.ts';
import { readLocked } from './read-locked.ts';
import { createRowLoader } from './row-loader.ts';
import { createSchema } from './schema.ts';
import { findByKey, searchCalls } from './search.ts';
import { createSession } from './session.ts';
import { readSettings } from './settings.ts';
import { createStatusTable } from './status.ts';
import { recordRef } from './translate.ts';
import { updateCall } from './update.ts';
import { hookInstructions, isKnownRevision, readHook, verifyHook } from './webhook.ts';

function connect(context: ConnectorContext): RecordSystem {
  const settings = readSettings(context.settings);
  const session = createSession(context, settings);
  const client = createClient(context.transport, session, settings);
  const alemba: Alemba = {
    context,
    settings,
    client,
    schema: createSchema(context, client),
    entityProperties: createEntityProperties(context, client),
    statuses: createStatusTable(context, client, settings),
    people: createPeople(context, client, settings),
    recent: createRecent(),
    lateUnlocks: new Map(),
  };
  const loader = createRowLoader(context, client);
  const attachments = createAttachments(alemba);
  const creator = createCreator(alemba);
  const read = (id: string, wants: ReadWants) => readCall(alemba, loader, attachments.list, id, wants);
  return {
    test: () => testConnection(alemba),
    whoAmI: () => alemba.people.me(),
    read,
    giveUpLock: (id) => unlock(alemba, id),
    readLocked: (id, wants) => readLocked(alemba, id, () => read(id, wants)),
    findByKey: (key) => findByKey(alemba, key),
    findByMark: (mark) => creator.findByMark(mark),
    search: (text, input) => searchCalls(alemba, text, input),
    create: (input) => creator.create(input),
    update: (id, changes, options) => updateCall(alemba, id, changes, options),
    async addComment(id, comment) {
      requireRef(id);
      // No revision: what others wrote since the last reading must not count as seen.
      return { id: (await addComment(alemba, id, comment)).id };
    },
    addAttachment: (id, attachment) => attachments.add(id, attachment),
    openAttachment: (id, attachment) => attachments.open(id, attachment),
    async listComments(id) {
      requireRef(id);
      return listComments(alemba, id);
    },
    listAttachments: (id) => attachments.list(id),
    async addHyperlink(id, link) {
      requireRef(id);
      const field = settings.backlinkField;
      const ref = recordRef(id, settings);
      if (field === '') {
        return {
          ref,
          refused: [{ field: 'backlink.field', problem: 'The connection names no field for the link' }],
        };
      }
      const { snapshot } = await readCall(alemba, loader, attachments.list, id, {
        comments: false,
        attachments: false,
        fields: [field],
      });
      if (snapshot.fields[field] === link.url) return { ref, revision: snapshot.revision };
      const change = { field, value: link.url, row: 'hyperlink' };
      return updateCall(alemba, id, [change], { revision: snapshot.revision });
    },
    findPerson: (person) => alemba.people.find(person),
    changes: (cursor, options) => readChanges(alemba, cursor, options),
    isKnownRevision,
    describe: (scope) => describeSystem(alemba, scope),
    close: () => session.close(),
  };
}

/** Alemba Service Manager; see README.md beside this file. */
export const alemba: Connector = { manifest, connect, verifyHook, readHook, hookInstructions };
