import type { Faults } from '../../faults.ts';
import type { Ledger } from '../../ledger.ts';
import type { MovableClock } from './clock.ts';
import type { AttachmentFiles } from './files.ts';
import type { Sessions } from './sessions.ts';
import type { AlembaStore } from './store.ts';
import type { Webhooks } from './webhooks.ts';

/** The parts of one simulated system, as the routes see them. */
export interface AlembaSystem {
  name: string;
  pageSize: number;
  store: AlembaStore;
  sessions: Sessions;
  webhooks: Webhooks;
  files: AttachmentFiles;
  ledger: Ledger;
  faults: Faults;
  clock: MovableClock;
  /** Back to the seed: records, sessions, webhooks, faults, settings and ledger. */
  reset: () => Promise<void>;
}
