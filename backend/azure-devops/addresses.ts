import { Failure } from '../sync/failure.ts';
import type { AzureDevOpsContext } from './context.ts';

type Addresses = Pick<AzureDevOpsContext, 'organizationUrl' | 'identitiesUrl' | 'entraUrl' | 'auth'>;

const defaultEntraUrl = 'https://login.microsoftonline.com';

const withoutSlash = (url: string) => url.replace(/\/+$/, '');

/** Throws `Failure` rejected when the address is none. */
export const organizationUrlOf = (context: Addresses): string => {
  const url = withoutSlash(context.organizationUrl.trim());
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new Failure({ kind: 'rejected', message: 'The address of the organisation is not a web address' });
};

/** `fabrikam` for both addresses that Services has, undefined for a Server. */
const servicesOrganization = (url: URL): string | undefined => {
  if (url.hostname === 'dev.azure.com') return url.pathname.split('/')[1];
  return /^([\w-]+)\.visualstudio\.com$/.exec(url.hostname)?.[1];
};

/** Services keeps identities on a host of their own, Server with the collection (Microsoft: ims/identities). */
export const identitiesUrlOf = (context: Addresses): string => {
  if (context.identitiesUrl) return withoutSlash(context.identitiesUrl);
  const organizationUrl = organizationUrlOf(context);
  const organization = servicesOrganization(new URL(organizationUrl));
  return organization ? `https://vssps.dev.azure.com/${organization}` : organizationUrl;
};

export const entraUrlOf = (context: Addresses): string => withoutSlash(context.entraUrl ?? defaultEntraUrl);

/** What a transport for this client must allow, and where Azure DevOps tells its id of a request. */
export const azureDevOpsTransport = (
  context: Addresses,
): { origins: readonly string[]; requestIdHeaders: readonly string[] } => {
  const urls = [organizationUrlOf(context), identitiesUrlOf(context)];
  if (context.auth.kind === 'entra') urls.push(entraUrlOf(context));
  return {
    origins: [...new Set(urls.map((url) => new URL(url).origin))],
    requestIdHeaders: ['activityid', 'x-vss-e2eid'],
  };
};

/** Opens a work item in a browser. */
export const workItemPage = (organizationUrl: string, project: string | undefined, id: string): string =>
  project === undefined
    ? `${organizationUrl}/_workitems/edit/${id}`
    : `${organizationUrl}/${encodeURIComponent(project)}/_workitems/edit/${id}`;
