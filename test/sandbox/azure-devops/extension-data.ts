import { frameworkProblem } from './problem.ts';
import { type CallContext, list, type Route } from './router.ts';

/** Documents of extensions: per organisation, readable and writable by every member. */
type Document = Record<string, unknown> & { id: string; __etag: number };

function collectionKey(context: CallContext): string {
  const { publisher, extension, scopeType, scopeValue, collection } = context.params;
  const owner = scopeType?.toLowerCase() === 'user' ? context.user.id : '';
  return [publisher, extension, scopeType, scopeValue, owner, collection].join('/').toLowerCase();
}

function documents(context: CallContext, isCreating: boolean): Map<string, Document> {
  const key = collectionKey(context);
  const { extensionData } = context.simulator.store;
  let own = extensionData.get(key);
  if (own === undefined) {
    if (!isCreating)
      throw frameworkProblem(
        404,
        'DocumentCollectionDoesNotExistException',
        `The collection does not exist: ${context.params.collection}`,
      );
    own = new Map();
    extensionData.set(key, own);
  }
  return own as Map<string, Document>;
}

function missing(id: string | undefined): Error {
  return frameworkProblem(404, 'DocumentDoesNotExistException', `The document does not exist: ${id}`);
}

/** `__etag` of -1 means: the last writer wins. */
function checkEtag(known: Document | undefined, given: Document): void {
  if (
    known === undefined ||
    given.__etag === -1 ||
    given.__etag === undefined ||
    given.__etag === known.__etag
  )
    return;
  throw frameworkProblem(
    400,
    'InvalidDocumentVersionException',
    'The version of the document does not match the stored one.',
  );
}

function write(context: CallContext, mode: 'create' | 'set' | 'update'): Document {
  const given = { ...(context.body as Document) };
  const own = documents(context, mode !== 'update');
  given.id ??= crypto.randomUUID();
  const known = own.get(given.id);
  if (mode === 'create' && known !== undefined)
    throw frameworkProblem(409, 'DocumentExistsException', `The document exists already: ${given.id}`);
  if (mode === 'update' && known === undefined) throw missing(given.id);
  checkEtag(known, given);
  const stored = { ...given, __etag: (known?.__etag ?? 0) + 1 };
  own.set(stored.id, stored);
  return stored;
}

const path =
  'extensionmanagement/installedextensions/{publisher}/{extension}/data/scopes/{scopeType}/{scopeValue}/collections/{collection}/documents';
const common = {
  level: 'organization',
  version: { since: 3, revision: 1, isPreviewOnly: false },
  scope: '',
} as const;

export const extensionDataRoutes: Route[] = [
  {
    id: 'extensionData.list',
    method: 'GET',
    path,
    ...common,
    handle: (context) => list([...documents(context, false).values()]),
  },
  {
    id: 'extensionData.create',
    method: 'POST',
    path,
    ...common,
    handle: (context) => write(context, 'create'),
  },
  { id: 'extensionData.set', method: 'PUT', path, ...common, handle: (context) => write(context, 'set') },
  {
    id: 'extensionData.update',
    method: 'PATCH',
    path,
    ...common,
    handle: (context) => write(context, 'update'),
  },
  {
    id: 'extensionData.read',
    method: 'GET',
    path: `${path}/{document}`,
    ...common,
    handle: (context) => {
      const document = documents(context, false).get(context.params.document ?? '');
      if (document === undefined) throw missing(context.params.document);
      return document;
    },
  },
  {
    id: 'extensionData.delete',
    method: 'DELETE',
    path: `${path}/{document}`,
    ...common,
    handle: (context) => {
      if (!documents(context, false).delete(context.params.document ?? ''))
        throw missing(context.params.document);
      return context.reply.code(204).send();
    },
  },
];
