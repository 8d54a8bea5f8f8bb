import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../support/child.ts';
import type { Figure } from './figures.ts';

/** Seconds from the command to "ready": on an empty folder, and again on the store that it left. */
export async function coldStart(): Promise<Figure[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tandem-bench-start-'));
  const once = async (): Promise<number> => {
    const startedAt = performance.now();
    const backend = await startChild(
      'backend/main.ts',
      [],
      { DATA_DIR: dataDir, PORT: '0', TANDEM_SANDBOX: 'true', LOG_LEVEL: 'info' },
      (line) => (line.includes('backend.ready') ? true : undefined),
    );
    const seconds = (performance.now() - startedAt) / 1000;
    await backend.stop();
    return seconds;
  };
  const first = await once();
  const next = [await once(), await once(), await once()].sort((a, b) => a - b)[1] as number;
  await rm(dataDir, { recursive: true, force: true });
  return [
    { name: 'start on an empty folder', value: first, unit: 's' },
    { name: 'start on an existing store', value: next, unit: 's', target: { atMost: 3 } },
  ];
}
