import type { Handlers } from '../handlers.ts';
import { activityHandlers } from './activity.ts';
import { backfillHandlers } from './backfills.ts';
import { connectionHandlers } from './connections.ts';
import { linkHandlers } from './links.ts';
import { mappingHandlers } from './mappings.ts';
import { overviewHandlers } from './overview.ts';
import type { Services } from './services.ts';
import { subscriptionHandlers } from './subscriptions.ts';

/** A handler for every route of the contract; the type says so when one is forgotten. */
export const allHandlers = (services: Services): Handlers => ({
  ...linkHandlers(services),
  ...connectionHandlers(services),
  ...mappingHandlers(services),
  ...backfillHandlers(services),
  ...subscriptionHandlers(services),
  ...activityHandlers(services),
  ...overviewHandlers(services),
});
