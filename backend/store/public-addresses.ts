import type { Sql } from './pool.ts';

/** More former addresses than anybody moves through; a sandbox that changes its port at each start makes many. */
const kept = 20;

/** All addresses under which the tenant's hooks reached the backend, the present one first. */
export const listAddresses = async (sql: Sql): Promise<string[]> =>
  (await sql.rows<{ url: string }>('select url from public_address order by used_at desc, url')).map(
    ({ url }) => url,
  );

/** Makes this the present address. True when another one was present until now. */
export async function rememberAddress(sql: Sql, tenant: number, url: string): Promise<boolean> {
  const [before] = await listAddresses(sql);
  await sql.rows(
    `insert into public_address (tenant, url) values ($1, $2)
     on conflict (tenant, url) do update set used_at = clock_timestamp()`,
    [tenant, url],
  );
  await sql.rows(
    `delete from public_address where url not in (select url from public_address order by used_at desc limit $1)`,
    [kept],
  );
  return before !== undefined && before !== url;
}
