import type { Handlers } from '../handlers.ts';
import { activityHandlers } from './activity.ts';
import { backfillHandlers } from './backfills.ts';
import { conflictHandlers } from './conflicts.ts';
import { connectionHandlers } from './connections.ts';
import { conversationHandlers } from './conversation.ts';
import { hookFilterHandlers } from './hook-filter.ts';
import { linkHandlers } from './links.ts';
import { mappingHandlers } from './mappings.ts';
import { overviewHandlers } from './overview.ts';
import { panelHandlers } from './panel.ts';
import type { Services } from './services.ts';
import { subscriptionHandlers } from './subscriptions.ts';
import { ticketCreateHandlers } from './ticket-create.ts';

/** A handler for every route of the contract; the type says so when one is forgotten. */
export const allHandlers = (services: Services): Handlers => ({
  ...panelHandlers(services),
  ...ticketCreateHandlers(services),
  ...linkHandlers(services),
  ...conversationHandlers(services),
  ...conflictHandlers(services),
  ...connectionHandlers(services),
  ...mappingHandlers(services),
  ...backfillHandlers(services),
  ...subscriptionHandlers(services),
  ...hookFilterHandlers(services),
  ...activityHandlers(services),
  ...overviewHandlers(services),
});
