import type { ConnectorContext } from '../connector.ts';
import type { AlembaClient } from './client.ts';
import type { EntityProperties } from './entity-properties.ts';
import type { People } from './people.ts';
import type { Schema } from './schema.ts';
import type { AlembaSettings } from './settings.ts';
import type { StatusTable } from './status.ts';

/** What the parts of one connection share. */
export interface Alemba {
  context: ConnectorContext;
  settings: AlembaSettings;
  client: AlembaClient;
  schema: Schema;
  entityProperties: EntityProperties;
  statuses: StatusTable;
  people: People;
  /** Status of calls as last read, with the revision that it belongs to: saves a reading before a write. */
  recent: Recent;
  /** Unlocks that are tried again later, by call; whoever locks the call anew ends them. */
  lateUnlocks: Map<string, AbortController>;
}

export interface Recent {
  note(id: string, revision: string, status: string): void;
  /** Undefined when the call was not read at exactly this revision. */
  statusAt(id: string, revision: string): string | undefined;
}

/** Readings are followed by their writes within seconds; a few thousand calls are minutes of work. */
const maxRecent = 5000;

export function createRecent(): Recent {
  const kept = new Map<string, { revision: string; status: string }>();
  return {
    note(id, revision, status) {
      kept.delete(id);
      kept.set(id, { revision, status });
      const [oldest] = kept.keys();
      if (kept.size > maxRecent && oldest !== undefined) kept.delete(oldest);
    },
    statusAt(id, revision) {
      const known = kept.get(id);
      return known?.revision === revision ? known.status : undefined;
    },
  };
}

/** Path of a route from the settings. */
export const fillRoute = (route: string, values: Readonly<Record<string, string>>): string =>
  route.replaceAll(/\{(\w+)\}/g, (all, name: string) =>
    values[name] === undefined ? all : encodeURIComponent(values[name]),
  );
