import { connectorKinds, startBackend } from './compose/backend.ts';
import { ConfigError, loadConfig } from './config.ts';

/** `npm run serve`: the production backend. Everything that it needs is in the environment; see README. */
const milliseconds = (name: string): number | undefined => {
  const value = Number(process.env[name]);
  return Number.isFinite(value) && value >= 50 ? value : undefined;
};

try {
  const config = loadConfig(process.env, {
    sandbox: process.env.TANDEM_SANDBOX === 'true',
    connectorKinds,
  });
  const pace = {
    sweepEveryMs: milliseconds('SWEEP_EVERY_MS'),
    watchdogEveryMs: milliseconds('WATCHDOG_EVERY_MS'),
    leaseMs: milliseconds('LEASE_MS'),
    stuckAfterMs: milliseconds('STUCK_AFTER_MS'),
  };
  const given = Object.fromEntries(Object.entries(pace).filter(([, value]) => value !== undefined));
  const backend = await startBackend(config, given);
  let stopping = false;
  const stop = () => {
    // A second signal means now.
    if (stopping) process.exit(1);
    stopping = true;
    backend.close().then(
      () => process.exit(0),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
} catch (error) {
  console.error(wordsOf(error));
  process.exit(1);
}

function wordsOf(error: unknown): unknown {
  if (error instanceof ConfigError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return 'The address is taken: another Tandem, or another program, listens there. Stop it, or set PORT to a free port.';
  }
  return error;
}
