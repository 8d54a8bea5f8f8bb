import { parseArgs } from 'node:util';
import { largeAttachment } from './attachment.ts';
import { burst, changeAtRate } from './changes.ts';
import { type Figure, isMet, printTable } from './figures.ts';
import { hookAnswers } from './hooks.ts';
import { lanes } from './lanes.ts';
import { panelFigures } from './panel.ts';
import { addPairs, openSite, type Site, watchMemory } from './site.ts';
import { coldStart } from './start.ts';

/**
 * `npm run bench`: the product on this machine, simulators and load included, measured from outside. `--quick` takes a
 * tenth of the sizes. Prints a table (`+` met, `!` missed) and one line of JSON.
 */
const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const size = values.quick ? 0.1 : 1;
const wants = (name: string) => values.only === undefined || values.only.split(',').includes(name);
const figures: Figure[] = [];
const add = (...more: Figure[]) => {
  printTable(more);
  figures.push(...more);
};

if (wants('start')) add(...(await coldStart()));
if (wants('panel')) add(...(await panelFigures()));
// These two bring their own backends.
if (values.only?.split(',').every((name) => name === 'start' || name === 'panel')) finish();

/** As `npm run serve` starts it. */
const heap = { NODE_ARGS: '--max-old-space-size=160 --max-semi-space-size=12' };
const site: Site = await openSite({ env: heap });
const memory = watchMemory(site.rig.backend().process.pid as number);
try {
  add({ name: 'first agreement of linked pairs', value: await addPairs(site, 2000 * size), unit: '/s' });
  if (wants('latency')) {
    add(...(await changeAtRate(site, 50, values.quick ? 5 : 30, '50/s', { p50: 20, p95: 60 })));
    add(...(await changeAtRate(site, 200, values.quick ? 5 : 20, '200/s', { p95: 200 })));
  }
  if (wants('burst')) add(...(await burst(site, 10_000 * size, 500 * size, 10)));
  if (wants('hooks')) add(...(await hookAnswers(site, 1000, values.quick ? 5 : 60)));
  if (wants('sustained') || wants('burst')) await addPairs(site, 8000 * size);
  // The wait for the last change counts: it alone takes 1 to 2 % of 25 s.
  const sustained = { carriedPerSecond: 390 };
  if (wants('sustained')) add(...(await changeAtRate(site, 400, values.quick ? 5 : 25, '400/s', sustained)));
  if (wants('burst')) add(...(await burst(site, 10_000 * size, 10_000 * size, 30)));
  if (wants('attachment')) add(...(await largeAttachment(site, 60)));
  if (wants('lanes')) add(...(await lanes(site, { connectionString: site.databaseUrl }, 50_000 * size)));
  const { peakMb } = memory.stop();
  add({ name: 'backend memory, peak', value: Math.round(peakMb), unit: 'MB', target: { atMost: 250 } });
} finally {
  await site.close();
}
if (wants('distant')) {
  // The same with upstreams that take 20 ms for every answer, as over a network.
  const distant = await openSite({ latencyMs: 20, env: heap });
  try {
    await addPairs(distant, 400 * size);
    add(...(await changeAtRate(distant, 50, values.quick ? 5 : 20, 'upstreams at 20 ms, 50/s', {})));
  } finally {
    await distant.close();
  }
}

finish();

function finish(): never {
  console.log(
    JSON.stringify({
      at: new Date().toISOString(),
      quick: values.quick,
      figures: figures.map((figure) => ({ ...figure, met: isMet(figure) })),
    }),
  );
  process.exit(0);
}
