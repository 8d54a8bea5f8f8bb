import { readWorkItem } from '../support/two-sides.ts';
import { type Figure, spread } from './figures.ts';
import { cpuSeconds, drained, inParallel, type Site } from './site.ts';

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
  targets: { p50?: number; p95?: number; carriedPerSecond?: number },
): Promise<Figure[]> {
  const { rig } = site;
  await rig.control('alemba', 'DELETE', '/ledger');
  await rig.control('azure', 'DELETE', '/ledger');
  const count = perSecond * seconds;
  const ids = site.pairs.map((pair) => pair.workItemId);
  const title = `Title ${Math.random().toString(36).slice(2, 6)}`;
  const cpuBefore = await cpuSeconds(rig.backend().process.pid as number);
  const startedAt = Date.now();
  const { editedAt } = await edit(site, { ids, title, count, perSecond });
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
  for (let index = 0; index < count; index += 1) newest.set(index % ids.length, `${title} ${index}`);
  let lost = 0;
  for (const title of newest.values()) if (!arrived.has(title)) lost += 1;
  for (const [index, edited] of editedAt.entries()) {
    const at = arrived.get(`${title} ${index}`);
    if (at !== undefined) delays.push(at - edited);
  }
  const requests = await requestsPerChange(site, count);
  return [
    ...spread(`${name}: hook to call`, delays, targets),
    { name: `${name}: lost`, value: lost, unit: '', target: { atMost: 0 } },
    { name: `${name}: doubled`, value: doubled, unit: '', target: { atMost: 0 } },
    {
      name: `${name}: carried over`,
      value: arrived.size / ((endedAt - startedAt) / 1000),
      unit: '/s',
      ...(targets.carriedPerSecond !== undefined && { target: { atLeast: targets.carriedPerSecond } }),
    },
    { name: `${name}: processor time of the backend a change`, value: cpuMs / count, unit: 'ms' },
    ...requests.map((figure) => ({ ...figure, name: `${name}: ${figure.name}` })),
  ];
}

/** Edits of titles, made inside the simulator (test/sandbox/azure-devops/load.ts). */
const edit = ({ rig }: Site, load: { ids: number[]; title: string; count: number; perSecond?: number }) =>
  rig.control<{ editedAt: number[] }>('azure', 'POST', '/load', load);

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
  const ids = site.pairs.slice(0, over).map((pair) => pair.workItemId);
  const title = `Burst ${Math.random().toString(36).slice(2, 6)}`;
  const startedAt = performance.now();
  await edit(site, { ids, title, count });
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
