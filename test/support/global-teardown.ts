import { stopTestStore } from './postgres.ts';

/** Runs once after all test files. */
export default async function globalTeardown(): Promise<void> {
  await stopTestStore();
}
