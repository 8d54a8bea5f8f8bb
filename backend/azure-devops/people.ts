import { z } from 'zod';
import type { Principal } from '../sync/record.ts';
import type { Client } from './client.ts';

const property = z.object({ $value: z.unknown() });

const identityList = z.object({
  value: z.array(
    z
      .object({
        id: z.string(),
        providerDisplayName: z.string().nullish(),
        customDisplayName: z.string().nullish(),
        isActive: z.boolean().nullish(),
        isContainer: z.boolean().nullish(),
        properties: z.record(z.string(), property).nullish(),
      })
      .nullable(),
  ),
});

type WireIdentityRecord = NonNullable<z.infer<typeof identityList>['value'][number]>;

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The one active person with this mail address; see `RecordSystem.findPerson` (Microsoft: ims/identities/read). */
export const findPerson = async (client: Client, person: Principal): Promise<Principal | undefined> => {
  const mail = [person.email, person.login, person.id].find((text) => text?.includes('@'))?.toLowerCase();
  // Ids of other systems may look like ours, so they count only for people without an address.
  if (mail === undefined && !guid.test(person.id)) return undefined;
  const { value } = await client.json(
    {
      method: 'GET',
      host: 'identities',
      path: 'identities',
      resource: 'identities',
      route: 'identities.find',
      query:
        mail === undefined
          ? { identityIds: person.id, queryMembership: 'None' }
          : { searchFilter: 'MailAddress', filterValue: mail, queryMembership: 'None' },
    },
    identityList,
  );
  const people = value.filter(
    (found): found is WireIdentityRecord =>
      found !== null && found.isActive !== false && found.isContainer !== true,
  );
  const exact = people.filter((found) => mail === undefined || addressesOf(found).includes(mail));
  const unique = new Map(exact.map((found) => [found.id, found]));
  const [only] = unique.values();
  return unique.size === 1 && only ? principalOfRecord(only) : undefined;
};

const textOf = (record: WireIdentityRecord, name: string): string | undefined => {
  const value = record.properties?.[name]?.$value;
  return typeof value === 'string' && value !== '' ? value : undefined;
};

const addressesOf = (record: WireIdentityRecord): string[] =>
  [textOf(record, 'Mail'), textOf(record, 'Account')].flatMap((text) => text?.toLowerCase() ?? []);

const principalOfRecord = (record: WireIdentityRecord): Principal => {
  const name = record.providerDisplayName ?? record.customDisplayName;
  const email = textOf(record, 'Mail');
  const login = textOf(record, 'Account') ?? email;
  return {
    kind: 'principal',
    id: record.id,
    ...(name && { name }),
    ...(email && { email }),
    ...(login && { login }),
  };
};
