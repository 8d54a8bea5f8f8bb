/** REST versions in the order in which they are tried (Microsoft: integrate/concepts/rest-api-versioning). */
export const restVersions = ['7.1', '7.0', '6.0', '5.0'] as const;

export type RestVersion = (typeof restVersions)[number];

/** Groups of routes that share a version. */
export type Resource =
  | 'core'
  | 'workItems'
  | 'workItemsBatch'
  | 'workItemTypes'
  | 'workItemStates'
  | 'comments'
  | 'attachments'
  | 'wiql'
  | 'fields'
  | 'recycleBin'
  | 'reporting'
  | 'hooks'
  | 'identities'
  | 'permissions'
  | 'connectionData';

/** `undefined`: this server does not have it. Resources that are not listed go by the plain number. */
const previews: Partial<Record<Resource, Readonly<Record<RestVersion, string | undefined>>>> = {
  comments: { '7.1': '7.1-preview.4', '7.0': '7.0-preview.3', '6.0': '6.0-preview.3', '5.0': undefined },
  workItemStates: { '7.1': '7.1', '7.0': '7.0', '6.0': '6.0-preview.1', '5.0': '5.0-preview.1' },
  // Never released; the version without a number after "preview" takes the newest that the server has.
  connectionData: { '7.1': '7.1-preview', '7.0': '7.0-preview', '6.0': '6.0-preview', '5.0': '5.0-preview' },
};

/** The value for `api-version`, or undefined when the server lacks the resource. */
export const apiVersionOf = (resource: Resource, version: RestVersion): string | undefined => {
  const row = previews[resource];
  return row ? row[version] : version;
};

export const hasCommentsApi = (version: RestVersion): boolean =>
  apiVersionOf('comments', version) !== undefined;
