import { isFailure } from '../../sync/failure.ts';
import type { ConnectorContext } from '../connector.ts';
import type { AlembaClient, Row } from './client.ts';
import { equals, isRef } from './filter.ts';
import { createLastGood, type LastGood } from './last-good.ts';
import { readMetadata } from './properties.ts';

/**
 * Calls of one IPK status have an entity of their own (`incident`, `problem`), which their `_context` names in place of
 * `call` (Programmers' Guide, create and search): its metadata tells which properties they have. A template fixes the
 * IPK status, a type is used with a few: which ones, calls that are there tell.
 */
export interface EntityProperties {
  /** What calls of the template, else of the type, have; undefined where that cannot be told. */
  of(chosen: { type: string; template: string }): Promise<ReadonlySet<string> | undefined>;
}

const ttlMs = 10 * 60_000;
/** As many calls as one page of a search holds. */
const sampleSize = 100;
/** An installation has a few hundred types and templates; an admin tries a handful. */
const maxKept = 200;

export function createEntityProperties(context: ConnectorContext, client: AlembaClient): EntityProperties {
  const kept = new Map<string, LastGood<ReadonlySet<string> | undefined>>();

  const namesOf = async (entity: string): Promise<string[]> =>
    readMetadata(await client.get('entity.metadata', `/${entity}/$metadata`)).map(({ name }) => name);

  const load = async ($filter: string): Promise<ReadonlySet<string> | undefined> => {
    const sample = { $select: 'Ref', $filter, $orderby: 'LastActionDate desc', $top: sampleSize };
    const rows = await client.search('call.entities', '/call', sample);
    const entities = [...new Set(rows.map(entityOf))];
    // Nothing is known of calls that name no entity of their own, nor of those that are not there yet.
    if (entities.length === 0 || !entities.every((entity) => entity !== undefined)) return undefined;
    const lists = await Promise.all(entities.map(namesOf));
    return lists.some((names) => names.length === 0) ? undefined : new Set(lists.flat());
  };

  return {
    async of({ type, template }) {
      const [property, value] = template === '' ? ['Type', type] : ['Template', template];
      if (!isRef(value)) return undefined;
      const filter = equals(property, Number(value));
      let names = kept.get(filter);
      if (names === undefined) {
        if (kept.size >= maxKept) kept.clear();
        names = createLastGood({
          load: () => load(filter),
          ttlMs,
          now: context.now,
          failed: (error) =>
            context.log('alemba.metadata_kept', { what: filter, reason: (error as Error).message }),
        });
        kept.set(filter, names);
      }
      try {
        return await names.get();
      } catch (error) {
        // Advice for whoever makes a mapping: a description is good without it.
        if (!isFailure(error)) throw error;
        context.log('alemba.entity_unknown', { filter, reason: error.message });
        return undefined;
      }
    },
  };
}

const entityOf = ({ _context }: Row): string | undefined => {
  const name =
    typeof _context === 'string' ? /\/([a-z][a-z-]*)\/\$metadata$/i.exec(_context)?.[1] : undefined;
  return name?.toLowerCase() === 'call' ? undefined : name;
};
