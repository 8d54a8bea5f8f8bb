import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts';
import { openTestStore } from './postgres.ts';

export type TestSandbox = Sandbox & { dataDir: string };

/** The whole sandbox on free ports, with a database and a data folder of its own; `close` removes both. */
export async function startTestSandbox(
  options: Partial<Pick<SandboxOptions, 'isSeeded' | 'environment'>> = {},
): Promise<TestSandbox> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tandem-sandbox-'));
  const store = await openTestStore();
  const clean = async () => {
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const sandbox = await startSandbox({
      ports: { home: 0, backend: 0, azureDevOps: 0, alemba: 0, extension: 0 },
      dataDir,
      databaseUrl: await store.createDatabase(),
      // A build made elsewhere, for a machine that cannot build or a tree that is being worked on.
      ...(process.env.SANDBOX_EXTENSION_DIR && { extensionFolder: process.env.SANDBOX_EXTENSION_DIR }),
      ...options,
    });
    const close = async () => {
      await sandbox.close();
      await clean();
    };
    return { ...sandbox, dataDir, close };
  } catch (error) {
    await clean();
    throw error;
  }
}
