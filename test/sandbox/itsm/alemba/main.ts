import { parseArgs } from 'node:util';
import { startAlemba } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'latency-ms': { type: 'string', default: '0' },
    system: { type: 'string', default: 'Production' },
    'no-seed': { type: 'boolean', default: false },
  },
});

const simulator = await startAlemba({
  port: Number(values.port),
  latencyMs: Number(values['latency-ms']),
  system: values.system,
  seed: !values['no-seed'],
});
const { url, baseUrl } = simulator;
process.stdout.write(`${JSON.stringify({ ready: true, url, baseUrl, agentUrl: `${url}/agent` })}\n`);

let closing = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (closing) return;
    closing = true;
    simulator.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  });
}
