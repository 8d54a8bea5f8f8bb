import { until } from '../support/rig.ts';
import { readCall } from '../support/two-sides.ts';
import type { Figure } from './figures.ts';
import { drained, type Site, watchMemory } from './site.ts';

const megabyte = 1024 * 1024;

/** One large file from a work item to its call: how long, and how much the backend's memory grows meanwhile. */
export async function largeAttachment(site: Site, sizeMb: number): Promise<Figure[]> {
  const { rig } = site;
  const pair = site.pairs[0] as Site['pairs'][number];
  const name = `dump-${Date.now()}.bin`;
  await drained(site, 60_000);
  const before = await settledMemory(site);
  const memory = watchMemory(rig.backend().process.pid as number);
  const startedAt = performance.now();
  await attach(site, pair.workItemId, name, Buffer.alloc(sizeMb * megabyte, 7));
  await until(
    'the call has the file',
    async () => (await readCall(rig, pair.callRef)).files.includes(name) || undefined,
    120_000,
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const { peakMb } = memory.stop();
  return [
    { name: `attachment of ${sizeMb} MB carried over in`, value: seconds, unit: 's' },
    {
      name: `attachment of ${sizeMb} MB: backend memory added`,
      value: Math.max(0, Math.round(peakMb - before)),
      unit: 'MB',
      target: { atMost: 64 },
    },
  ];
}

async function settledMemory(site: Site): Promise<number> {
  const memory = watchMemory(site.rig.backend().process.pid as number);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return memory.stop().lastMb;
}

/** As the web form does it: upload, then the relation. */
async function attach(site: Site, workItemId: number, name: string, content: Buffer): Promise<void> {
  const { organizationUrl, users } = site.rig.azure;
  const headers = { authorization: `Bearer ${users.contributor?.accessToken}` };
  const upload = await fetch(
    `${organizationUrl}/Fabrikam/_apis/wit/attachments?fileName=${name}&api-version=7.1`,
    {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/octet-stream' },
      body: new Uint8Array(content),
    },
  );
  const { url } = (await upload.json()) as { url: string };
  const answer = await fetch(
    `${organizationUrl}/Fabrikam/_apis/wit/workitems/${workItemId}?api-version=7.1`,
    {
      method: 'PATCH',
      headers: { ...headers, 'content-type': 'application/json-patch+json' },
      body: JSON.stringify([
        { op: 'add', path: '/relations/-', value: { rel: 'AttachedFile', url, attributes: {} } },
      ]),
    },
  );
  if (!answer.ok) throw new Error(`The file could not be attached: ${await answer.text()}`);
}
