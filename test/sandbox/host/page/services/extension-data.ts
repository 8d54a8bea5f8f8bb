import type { HostPage } from '../host-page.ts';
import { type Rest, ServiceError } from '../rest.ts';

interface ScopeOptions {
  scopeType?: string;
  scopeValue?: string;
  defaultValue?: unknown;
}

interface Document extends Record<string, unknown> {
  id?: string;
}

const settingsCollection = '$settings';

/** The organisation's store for extensions, by REST as the real page does it. */
export function extensionDataService(page: HostPage): object {
  return {
    getExtensionDataManager: async (extensionId: string, accessToken: string) => {
      if (accessToken === '') throw new Error('An access token is needed.');
      const [publisher = '', extension = ''] = extensionId.split('.');
      return managerOf(
        page.rest,
        `_apis/ExtensionManagement/InstalledExtensions/${publisher}/${extension}/Data`,
      );
    },
  };
}

function managerOf(rest: Rest, base: string): object {
  const collectionPath = (
    collection: string,
    { scopeType = 'Default', scopeValue = 'Current' }: ScopeOptions = {},
  ) => `${base}/Scopes/${scopeType}/${scopeValue}/Collections/${encodeURIComponent(collection)}/Documents`;
  const read = async (
    collection: string,
    id: string,
    options?: ScopeOptions,
  ): Promise<Document | undefined> => {
    try {
      return await rest<Document>('GET', `${collectionPath(collection, options)}/${encodeURIComponent(id)}`);
    } catch (error) {
      if (error instanceof ServiceError && error.status === 404) return undefined;
      throw error;
    }
  };
  return {
    getValue: async (key: string, options?: ScopeOptions) =>
      (await read(settingsCollection, key, options))?.value ?? options?.defaultValue,
    setValue: async (key: string, value: unknown, options?: ScopeOptions) => {
      const body = { id: key, value, __etag: -1 };
      return (await rest<Document>('PUT', collectionPath(settingsCollection, options), body)).value;
    },
    getDocument: async (collection: string, id: string, options?: ScopeOptions) => {
      const found = await read(collection, id, options);
      if (found === undefined) throw new Error(`The document does not exist: ${id}`);
      return found;
    },
    getDocuments: async (collection: string, options?: ScopeOptions) =>
      (await rest<{ value: Document[] }>('GET', collectionPath(collection, options))).value,
    createDocument: (collection: string, body: Document, options?: ScopeOptions) =>
      rest('POST', collectionPath(collection, options), body),
    setDocument: (collection: string, body: Document, options?: ScopeOptions) =>
      rest('PUT', collectionPath(collection, options), body),
    updateDocument: (collection: string, body: Document, options?: ScopeOptions) =>
      rest('PATCH', collectionPath(collection, options), body),
    deleteDocument: async (collection: string, id: string, options?: ScopeOptions) => {
      await rest('DELETE', `${collectionPath(collection, options)}/${encodeURIComponent(id)}`);
    },
  };
}
