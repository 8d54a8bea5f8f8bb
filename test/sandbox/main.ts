import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { AlreadyRunning } from './instance.ts';
import { startSandbox } from './sandbox.ts';

const usage = `npm start: Tandem in a sandbox, with a simulated Azure DevOps and a simulated Alemba.

  npm start -- [--port 7070] [--backend-port 7080] [--azure-devops-port 7081] [--alemba-port 7082]
               [--extension-port 7083] [--data-dir .tandem]

The same in the environment: SANDBOX_PORT, SANDBOX_BACKEND_PORT, SANDBOX_AZURE_DEVOPS_PORT, SANDBOX_ALEMBA_PORT,
SANDBOX_EXTENSION_PORT, SANDBOX_DATA_DIR, and DATABASE_URL for a PostgreSQL of your own. A port that is taken gives way
to the next free one. Everything lies in the data folder: without it the next start begins from the seed.`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: process.env.SANDBOX_PORT ?? '7070' },
    'backend-port': { type: 'string', default: process.env.SANDBOX_BACKEND_PORT ?? '7080' },
    'azure-devops-port': { type: 'string', default: process.env.SANDBOX_AZURE_DEVOPS_PORT ?? '7081' },
    'alemba-port': { type: 'string', default: process.env.SANDBOX_ALEMBA_PORT ?? '7082' },
    'extension-port': { type: 'string', default: process.env.SANDBOX_EXTENSION_PORT ?? '7083' },
    'data-dir': { type: 'string', default: process.env.SANDBOX_DATA_DIR ?? '.tandem' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  if (values.help) return console.log(usage);
  const startedAtMs = performance.now();
  const sandbox = await startSandbox({
    ports: {
      home: portOf('port'),
      backend: portOf('backend-port'),
      azureDevOps: portOf('azure-devops-port'),
      alemba: portOf('alemba-port'),
      extension: portOf('extension-port'),
    },
    dataDir: resolve(values['data-dir']),
    ...(process.env.DATABASE_URL && { databaseUrl: process.env.DATABASE_URL }),
    say: (line) => console.log(line),
  });
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(`\nTandem’s sandbox is ready (${seconds} s). Open\n\n    ${sandbox.url}\n\nCtrl+C ends it.`);
  let isStopping = false;
  const stop = () => {
    // A second signal means now.
    if (isStopping) process.exit(1);
    isStopping = true;
    sandbox.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

function portOf(
  name: 'port' | 'backend-port' | 'azure-devops-port' | 'alemba-port' | 'extension-port',
): number {
  const port = Number(values[name]);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new Error(`--${name} must be a port from 0 to 65535.`);
}

main().catch((error: unknown) => {
  // The first one is what the person wants; that is no failure.
  if (error instanceof AlreadyRunning) {
    console.log(`${error.message} Open\n\n    ${error.url}\n`);
    return;
  }
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
