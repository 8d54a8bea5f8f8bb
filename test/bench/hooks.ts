import { Pool } from 'undici';
import { type Figure, spread } from './figures.ts';
import { atRate, drained, type Site } from './site.ts';

/** Posts service hooks of revisions that are known already, at an even pace, and measures the answers. */
export async function hookAnswers(site: Site, perSecond: number, seconds: number): Promise<Figure[]> {
  const { rig, sql } = site;
  const { rows } = await sql.query<{ hook_id: string }>(
    `select hook_id from connection where id = 'azure-devops'`,
  );
  const subscriptions = await rig.control<{ subscriptions: { consumerInputs: Record<string, string> }[] }>(
    'azure',
    'GET',
    '/state',
  );
  const password = await hookPassword(site);
  const pool = new Pool(rig.backendUrl(), { connections: 64, pipelining: 1 });
  const headers = {
    'content-type': 'application/json',
    authorization: `Basic ${Buffer.from(`tandem:${password}`).toString('base64')}`,
  };
  const before = await received(site);
  const answersMs: number[] = [];
  const statuses = new Map<number, number>();
  await atRate(perSecond, perSecond * seconds, async (index) => {
    const pair = site.pairs[index % site.pairs.length] as Site['pairs'][number];
    const startedAt = performance.now();
    const answer = await pool.request({
      method: 'POST',
      path: `/hooks/${rows[0]?.hook_id}`,
      headers,
      body: hookBody(pair.workItemId, index),
    });
    await answer.body.dump();
    answersMs.push(performance.now() - startedAt);
    statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
  });
  await pool.close();
  await drained(site, 120_000);
  const accepted = statuses.get(200) ?? 0;
  void subscriptions;
  return [
    ...spread(`hook answers at ${perSecond}/s for ${seconds} s`, answersMs, { p99: 100 }),
    { name: 'hook answers: not 200', value: perSecond * seconds - accepted, unit: '', target: { atMost: 0 } },
    {
      name: 'hook answers: answered and not stored',
      value: accepted - ((await received(site)) - before),
      unit: '',
      target: { atMost: 0 },
    },
  ];
}

const received = async (site: Site): Promise<number> =>
  Number(
    (await site.sql.query<{ received: string }>('select received from books where tenant = 1')).rows[0]
      ?.received ?? 0,
  );

/** A password for hooks that are entered by hand, made through the product's own API. */
async function hookPassword(site: Site): Promise<string> {
  const { rig } = site;
  const { password } = await rig.api('revealManualPassword', { params: { projectId: rig.azure.project.id } });
  return password;
}

const hookBody = (workItemId: number, index: number): string =>
  JSON.stringify({
    subscriptionId: '00000000-0000-4000-a000-000000000001',
    notificationId: index + 1,
    id: `00000000-0000-4000-a000-${String(index).padStart(12, '0')}`,
    eventType: 'workitem.updated',
    publisherId: 'tfs',
    message: null,
    detailedMessage: null,
    resource: {
      id: 1,
      workItemId,
      rev: 1,
      revisedBy: null,
      fields: { 'System.Rev': { oldValue: 0, newValue: 1 } },
      revision: { id: workItemId, rev: 1 },
    },
    resourceVersion: '5.1-preview.3',
    resourceContainers: { collection: { id: 'c' }, project: { id: 'p' } },
    createdDate: new Date().toISOString(),
    padding: 'x'.repeat(1200),
  });
