import type { ConnectorContext } from '../connector.ts';
import type { AlembaClient } from './client.ts';
import { createLastGood } from './last-good.ts';
import {
  kindByName,
  mergeMetadata,
  type Property,
  type PropertyKind,
  readChoices,
  readMetadata,
} from './properties.ts';
import { type Relation, readRelations } from './relations.ts';

/** Which properties a call has in this installation. */
export interface Schema {
  /** Asks for metadata only when one of the names is not a property that every system has. */
  kinds(names: readonly string[]): Promise<ReadonlyMap<string, PropertyKind>>;
  properties(): Promise<ReadonlyMap<string, Property>>;
  /** What a new call's properties do to each other. */
  relations(): Promise<readonly Relation[]>;
  /** Rows of a lookup entity; empty when this installation does not have it. */
  lookup(entity: string): Promise<readonly { id: string; name: string }[]>;
}

const ttlMs = 10 * 60_000;
/** Statuses, types and templates are tens to a few hundred; a lookup of persons or assets is not for a picker. */
const maxChoices = 1000;

export function createSchema(context: ConnectorContext, client: AlembaClient): Schema {
  const failed = (what: string) => (error: unknown) =>
    context.log('alemba.metadata_kept', { what, reason: (error as Error).message });

  const metadata = createLastGood({
    load: async () => {
      const [all, create] = await Promise.all([
        client.get('call.metadata', '/call/$metadata'),
        client.get('call.createOptions', '/call/$create?$options'),
      ]);
      return {
        properties: mergeMetadata(readMetadata(all), readMetadata(create)),
        relations: readRelations(create),
      };
    },
    ttlMs,
    now: context.now,
    failed: failed('call'),
  });

  const lookups = new Map<
    string,
    ReturnType<typeof createLastGood<readonly { id: string; name: string }[]>>
  >();
  const lookupOf = (entity: string) => {
    let lookup = lookups.get(entity);
    if (lookup === undefined) {
      lookup = createLastGood({
        load: async () => {
          const query = { $select: 'Ref,Name', $top: maxChoices };
          return readChoices(await client.search('lookup.list', `/${entity}`, query)) ?? [];
        },
        ttlMs,
        now: context.now,
        failed: failed(entity),
      });
      lookups.set(entity, lookup);
    }
    return lookup;
  };

  return {
    async kinds(names) {
      const known = new Map<string, PropertyKind>();
      const unknown: string[] = [];
      for (const name of names) {
        const kind = kindByName(name);
        if (kind === undefined) unknown.push(name);
        else known.set(name, kind);
      }
      if (unknown.length === 0) return known;
      const { properties } = await metadata.get();
      for (const name of unknown) {
        const property = properties.get(name);
        if (property !== undefined) known.set(name, property.kind);
      }
      return known;
    },
    properties: async () => (await metadata.get()).properties,
    relations: async () => (await metadata.get()).relations,
    lookup: (entity) => lookupOf(entity).get(),
  };
}
