import { readWorkItem } from '../support/two-sides.ts';
import { type Figure, spread } from './figures.ts';
import { atRate, cpuSeconds, drained, inParallel, type Site } from './site.ts';

interface Effect {
  at: string;
  recordId: string;
  detail: { field: string; to: unknown };
}

/** Changes titles in Azure DevOps at an even pace and measures until the call has them. */
export async function changeAtRate(
  site: Site,
  perSecond: number,
  seconds: number,
  name: string,
  targets: { p50?: number; p95?: number },
): Promise<Figure[]> {
  const { rig } = site;
  await rig.control('alemba', 'DELETE', '/ledger');
  await rig.control('azure', 'DELETE', '/ledger');
  const count = perSecond * seconds;
  const sentAt = new Map<string, number>();
  const round = Math.random().toString(36).slice(2, 6);
  const cpuBefore = await cpuSeconds(rig.backend().process.pid as number);
  const startedAt = Date.now();
  await atRate(perSecond, count, async (index) => {
    const pair = site.pairs[index % site.pairs.length] as Site['pairs'][number];
    const title = `Title ${round} ${index}`;
    sentAt.set(title, Date.now());
    await rig.control('azure', 'POST', '/act', {
      do: 'update',
      id: pair.workItemId,
      fields: { 'System.Title': title },
    });
  });
  await drained(site, 60_000);
  const endedAt = Date.now();
  const cpuMs = ((await cpuSeconds(rig.backend().process.pid as number)) - cpuBefore) * 1000;
  const { entries: effects } = await rig.control<{ entries: Effect[] }>(
    'alemba',
    'GET',
    '/ledger?kind=effect&effect=field.updated&limit=1000000',
  );
  const arrived = new Map<string, number>();
  let doubled = 0;
  for (const effect of effects) {
    if (effect.detail.field !== 'Subject') continue;
    const title = String(effect.detail.to);
    if (arrived.has(title)) doubled += 1;
    else arrived.set(title, Date.parse(effect.at));
  }
  const delays: number[] = [];
  // A later title of the same pair may overtake an earlier one: only the newest must arrive.
  const newest = new Map<number, string>();
  for (let index = 0; index < count; index += 1)
    newest.set(index % site.pairs.length, `Title ${round} ${index}`);
  let lost = 0;
  for (const title of newest.values()) if (!arrived.has(title)) lost += 1;
  for (const [title, at] of arrived) {
    const sent = sentAt.get(title);
    if (sent !== undefined) delays.push(at - sent);
  }
  const requests = await requestsPerChange(site, count);
  return [
    ...spread(`${name}: hook to call`, delays, targets),
    { name: `${name}: lost`, value: lost, unit: '', target: { atMost: 0 } },
    { name: `${name}: doubled`, value: doubled, unit: '', target: { atMost: 0 } },
    { name: `${name}: carried over`, value: arrived.size / ((endedAt - startedAt) / 1000), unit: '/s' },
    { name: `${name}: processor time of the backend a change`, value: cpuMs / count, unit: 'ms' },
    ...requests.map((figure) => ({ ...figure, name: `${name}: ${figure.name}` })),
  ];
}

const reads = /\.(read|batch|search|list)$/;
const writes = /\.(update|patch)$/;

/** By route, and what the aim is about: readings and writes of one side. A lock belongs to its write. */
async function requestsPerChange(site: Site, count: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const system of ['azure', 'alemba'] as const) {
    const { requests } = await site.rig.control<{ requests: Record<string, number> }>(
      system,
      'GET',
      '/ledger/counts',
    );
    for (const [kind, routes] of Object.entries({ readings: reads, writes })) {
      const times = Object.entries(requests).reduce(
        (sum, [route, n]) => (routes.test(route) ? sum + n : sum),
        0,
      );
      figures.push({
        name: `${kind} a change, ${system}`,
        value: Math.round((times / count) * 100) / 100,
        unit: '',
        target: { atMost: 1 },
      });
    }
    for (const [route, times] of Object.entries(requests)) {
      if (times / count >= 0.01)
        figures.push({
          name: `requests a change, ${system} ${route}`,
          value: Math.round((times / count) * 100) / 100,
          unit: '',
        });
    }
  }
  return figures;
}

/** Writes `count` changes over `over` work items as fast as Azure DevOps takes them, and waits until all is quiet. */
export async function burst(
  site: Site,
  count: number,
  over: number,
  atMostSeconds: number,
): Promise<Figure[]> {
  const { rig } = site;
  await rig.control('alemba', 'DELETE', '/ledger');
  const round = Math.random().toString(36).slice(2, 6);
  const startedAt = performance.now();
  await inParallel(count, 32, async (index) => {
    const pair = site.pairs[index % over] as Site['pairs'][number];
    const title = `Burst ${round} ${index}`;
    await rig.control('azure', 'POST', '/act', {
      do: 'update',
      id: pair.workItemId,
      fields: { 'System.Title': title },
    });
  });
  const writtenSeconds = (performance.now() - startedAt) / 1000;
  await drained(site, 120_000);
  const seconds = (performance.now() - startedAt) / 1000;
  let lost = 0;
  await inParallel(over, 32, async (index) => {
    const pair = site.pairs[index] as Site['pairs'][number];
    const [workItem, call] = await Promise.all([
      readWorkItem(rig, pair.workItemId),
      rig.control<{ Subject: string }>('alemba', 'GET', `/calls/${pair.callRef}`),
    ]);
    if (call.Subject !== workItem.title) lost += 1;
  });
  const name = `burst of ${count} over ${over}`;
  return [
    { name: `${name}: written in`, value: writtenSeconds, unit: 's' },
    { name: `${name}: drained in`, value: seconds, unit: 's', target: { atMost: atMostSeconds } },
    { name: `${name}: lost`, value: lost, unit: '', target: { atMost: 0 } },
  ];
}
