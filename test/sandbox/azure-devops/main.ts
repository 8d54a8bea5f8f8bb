import { parseArgs } from 'node:util';
import { startAzureDevOps } from './server.ts';
import type { Flavor } from './simulator.ts';

/** Stand-alone: `node test/sandbox/azure-devops/main.ts --port 8090 --flavor services`. One JSON line when ready. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      organization: { type: 'string', default: 'fabrikam' },
      flavor: { type: 'string', default: 'services' },
      latencyMs: { type: 'string', default: '0' },
      appTokenSecret: { type: 'string' },
    },
  });
  const simulator = await startAzureDevOps({
    port: Number(values.port),
    host: values.host,
    organization: values.organization,
    flavor: values.flavor as Flavor,
    latencyMs: Number(values.latencyMs),
    ...(values.appTokenSecret === undefined ? {} : { appTokenSecret: values.appTokenSecret }),
  });
  const ready = {
    ready: true,
    url: simulator.url,
    organizationUrl: simulator.organizationUrl,
    identityUrl: simulator.identityUrl,
    organizationId: simulator.organizationId,
    appTokenAudience: simulator.appTokenAudience,
    pid: process.pid,
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  const stop = () => void simulator.close().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

await main();
