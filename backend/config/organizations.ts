import sjson from 'secure-json-parse';
import { z } from 'zod';

const isCloudHost = (url: string) => {
  const { hostname } = new URL(url);
  return hostname === 'dev.azure.com' || hostname.endsWith('.visualstudio.com');
};

const webUrl = z
  .url({ protocol: /^https?$/, error: 'is not an address' })
  .refine((url) => !URL.canParse(url) || !new URL(url).username, 'must not contain a user name')
  .transform((url) => url.replace(/\/+$/, ''));

/** One organisation (or collection of a server) that this backend serves. */
export const organizationSetting = z
  .strictObject({
    /** As in the address of the organisation; sessions name it. */
    name: z.string().min(1).max(200),
    url: webUrl,
    /** Instance id (GUID). When left out, the first session binds it. */
    hostId: z.guid().optional(),
    /** Whether sessions need the extension's app token. Default: yes in the cloud, no on a server. */
    requiresAppToken: z.boolean().optional(),
    /** Where identities and sign-in live, when not at Microsoft's usual addresses. */
    identitiesUrl: webUrl.optional(),
    entraUrl: webUrl.optional(),
    /** The backend's own identity. The secret may be given here at first start; it is sealed in the store. */
    auth: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('pat'), pat: z.string().min(1).optional() }),
      z.strictObject({
        kind: z.literal('entra'),
        tenantId: z.string().min(1),
        clientId: z.string().min(1),
        clientSecret: z.string().min(1).optional(),
      }),
    ]),
  })
  .transform((found) => ({ ...found, requiresAppToken: found.requiresAppToken ?? isCloudHost(found.url) }));

export type OrganizationSetting = z.output<typeof organizationSetting>;

/** Reads the JSON text of ORGANIZATIONS: a list, or one. Problems name the place, never a value. */
export const organizationList = (
  text: string,
): { organizations: OrganizationSetting[]; problems: string[] } => {
  const parsed = sjson.safeParse(text);
  if (parsed === undefined || parsed === null) return { organizations: [], problems: ['is not JSON'] };
  const entries: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  const organizations: OrganizationSetting[] = [];
  const problems: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const read = organizationSetting.safeParse(entry);
    if (read.success) organizations.push(read.data);
    else {
      problems.push(
        ...read.error.issues.map(({ path, message }) => `entry ${index + 1} ${path.join('.')}: ${message}`),
      );
    }
  }
  const names = organizations.map((organization) => organization.name.toLowerCase());
  if (new Set(names).size < names.length) problems.push('names an organisation twice');
  return { organizations, problems };
};
