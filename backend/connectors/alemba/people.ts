import { Failure, isFailure } from '../../sync/failure.ts';
import type { Principal } from '../../sync/record.ts';
import { outsideAttempt, untilAttemptEnds } from '../attempt.ts';
import type { ConnectorContext } from '../connector.ts';
import type { AlembaClient, Row } from './client.ts';
import { equals, isRef } from './filter.ts';
import type { AlembaSettings } from './settings.ts';

export interface People {
  /** The person of the session. */
  me(): Promise<Principal>;
  /** By e-mail address; undefined when no one, or more than one, has it. */
  find(person: Principal): Promise<Principal | undefined>;
}

const foundForMs = 10 * 60_000;
const notFoundForMs = 60_000;
/** A directory of that size is asked again rather than kept in memory. */
const maxKept = 5000;

export function createPeople(
  context: ConnectorContext,
  client: AlembaClient,
  settings: AlembaSettings,
): People {
  const select = `Ref,Name,Email:${settings.emailProperty}`;
  const kept = new Map<string, { person: Principal | undefined; untilMs: number }>();
  let me: Promise<Principal> | undefined;

  const one = (rows: readonly Row[]): Principal => {
    const [row] = rows;
    if (row === undefined)
      throw new Failure({ kind: 'forbidden', message: 'The session has no person of its own' });
    return readPerson(row);
  };

  const askWhoIAm = async (): Promise<Principal> => {
    try {
      return one(
        await client.search('person.me', '/person', { $filter: 'Ref==@UserId', $select: select, $top: 2 }),
      );
    } catch (error) {
      // `@UserId` is documented as an augmenter; where it is not one for filters, it can be selected.
      if (!isFailure(error) || error.kind !== 'rejected') throw error;
      const [row] = await client.search('person.me', '/person', { $select: 'UserId:@UserId', $top: 1 });
      const id = Number(row?.UserId);
      return one(
        await client.search('person.me', '/person', { $filter: equals('Ref', id), $select: select, $top: 2 }),
      );
    }
  };

  const ask = async (email: string): Promise<Principal | undefined> => {
    const filter = equals(settings.emailProperty, email);
    const rows = await client.search('person.find', '/person', { $filter: filter, $select: select, $top: 3 });
    const same = rows.map(readPerson).filter((person) => person.email?.toLowerCase() === email.toLowerCase());
    return same.length === 1 ? same[0] : undefined;
  };

  return {
    me() {
      me ??= outsideAttempt(askWhoIAm).catch((error: unknown) => {
        me = undefined;
        throw error;
      });
      return untilAttemptEnds(me);
    },
    async find({ email = '' }) {
      const key = email.trim();
      if (key === '') return undefined;
      const nowMs = context.now().getTime();
      const known = kept.get(key.toLowerCase());
      if (known !== undefined && known.untilMs > nowMs) return known.person;
      // Filters are case sensitive: as it is spelt here, then in lower case.
      const person =
        (await ask(key)) ?? (key === key.toLowerCase() ? undefined : await ask(key.toLowerCase()));
      if (kept.size >= maxKept) kept.clear();
      kept.set(key.toLowerCase(), { person, untilMs: nowMs + (person ? foundForMs : notFoundForMs) });
      return person;
    },
  };
}

export function readPerson(row: Row): Principal {
  const { Ref, Name, Email } = row;
  return {
    kind: 'principal',
    id: String(Ref),
    ...(typeof Name === 'string' && Name !== '' && { name: Name }),
    ...(typeof Email === 'string' && Email !== '' && { email: Email }),
  };
}

/**
 * The Ref to write for a person that may come from the other side, whose ids mean nothing here: the e-mail address
 * decides, and only a person without one is taken by its number.
 */
export async function refOf(people: People, person: Principal): Promise<number | undefined> {
  if (person.email !== undefined) {
    const found = await people.find(person);
    return found === undefined ? undefined : Number(found.id);
  }
  return isRef(person.id) ? Number(person.id) : undefined;
}
