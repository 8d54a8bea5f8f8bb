/** REST versions that the client speaks, newest first (Microsoft: integrate/concepts/rest-api-versioning). */
export const restVersions = ['7.2', '7.1', '7.0', '6.0', '5.0'] as const;

export type RestVersion = (typeof restVersions)[number];

export const isRestVersion = (text: unknown): text is RestVersion =>
  (restVersions as readonly unknown[]).includes(text);

/**
 * Versions in the order in which they are tried. 7.2 is left to those who choose it: it is a preview on Services, which
 * may change under us and may be switched off 12 weeks after its release (same page), and no Server is described with
 * it. What has 7.2 has the released 7.1 too, so nothing is lost.
 */
export const probedVersions: readonly RestVersion[] = restVersions.filter((version) => version !== '7.2');

/** Groups of routes that share a version. */
export type Resource =
  | 'core'
  | 'workItems'
  | 'workItemsBatch'
  | 'workItemTypes'
  | 'workItemTypeFields'
  | 'workItemStates'
  | 'classificationNodes'
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

/**
 * N of `7.2-preview.N`: each resource counts its own revisions, and a number above its newest is refused
 * (vsts-rest-api-specs: the files of 7.2; core also from azure-devops-node-api 17).
 */
const previewsOf72: Readonly<Record<Exclude<Resource, 'connectionData'>, number>> = {
  core: 4,
  workItems: 3,
  workItemsBatch: 1,
  workItemTypes: 2,
  workItemTypeFields: 3,
  workItemStates: 1,
  classificationNodes: 2,
  comments: 4,
  attachments: 4,
  wiql: 2,
  fields: 3,
  recycleBin: 2,
  reporting: 2,
  hooks: 1,
  identities: 1,
  permissions: 1,
};

/** `undefined`: this server does not have it. Resources that are not listed go by the plain number. */
const previews: Partial<Record<Resource, Readonly<Record<Exclude<RestVersion, '7.2'>, string | undefined>>>> =
  {
    comments: { '7.1': '7.1-preview.4', '7.0': '7.0-preview.3', '6.0': '6.0-preview.3', '5.0': undefined },
    workItemStates: { '7.1': '7.1', '7.0': '7.0', '6.0': '6.0-preview.1', '5.0': '5.0-preview.1' },
  };

/** The value for `api-version`, or undefined when the server lacks the resource. */
export const apiVersionOf = (resource: Resource, version: RestVersion): string | undefined => {
  // Never released; the version without a number after "preview" takes the newest that the server has.
  if (resource === 'connectionData') return `${version}-preview`;
  if (version === '7.2') return `7.2-preview.${previewsOf72[resource]}`;
  const row = previews[resource];
  return row ? row[version] : version;
};

export const hasCommentsApi = (version: RestVersion): boolean =>
  apiVersionOf('comments', version) !== undefined;
