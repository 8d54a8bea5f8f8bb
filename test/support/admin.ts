import pg from 'pg';
import type { Problem } from '../../backend/contract/problem.ts';
import { type RouteName, type Routes, routes } from '../../backend/contract/routes.ts';
import { openTestStore } from './postgres.ts';
import { type ApiInput, alembaSettings, type Rig, startRig } from './rig.ts';

/** The whole product as the admin of a project drives it, with nothing set up yet. */
export interface Admin {
  rig: Rig;
  projectId: string;
  databaseUrl: string;
  /** As the rig's, with the project filled in and the answer held against the contract. */
  call<N extends RouteName>(name: N, input?: ApiInput): Promise<Routes[N]['response']['_output']>;
  /** The problem that the call is refused with. Throws when it is not refused. */
  refused(name: RouteName, input?: ApiInput, as?: string): Promise<Problem & { status: number }>;
  /** What stands in the store, past row level security. */
  rows<R = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<R[]>;
  connectAlemba(name?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startAdmin(): Promise<Admin> {
  const store = await openTestStore();
  const databaseUrl = await store.createDatabase();
  const rig = await startRig({ databaseUrl });
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const projectId = rig.azure.project.id;
  const whole = (input: ApiInput = {}) => ({ ...input, params: { projectId, ...input.params } });
  const admin: Admin = {
    rig,
    projectId,
    databaseUrl,
    async call(name, input) {
      return routes[name].response.parse(await rig.api(name, whole(input))) as never;
    },
    async refused(name, input, as) {
      const { status, body } = await rig.ask(name, whole(input), as);
      if (status < 400) throw new Error(`${name} was not refused: ${JSON.stringify(body)}`);
      return { ...(body as Problem), status };
    },
    rows: async <R>(sql: string, values: readonly unknown[] = []) =>
      (await client.query(sql, [...values])).rows as R[],
    async connectAlemba(name = 'Alemba') {
      const connection = await admin.call('createConnection', {
        body: {
          kind: 'alemba',
          name,
          settings: alembaSettings(rig.alemba.baseUrl),
          secrets: { password: 'sandbox' },
        },
      });
      return connection.id;
    },
    async close() {
      await client.end();
      await rig.close();
      await store.close();
    },
  };
  return admin;
}
