import { activityRoutes } from './activity.ts';
import { connectionRoutes } from './connections.ts';
import { linkRoutes } from './links.ts';
import { mappingRoutes } from './mappings.ts';
import { overviewRoutes } from './overview.ts';
import { openSession } from './session.ts';
import { subscriptionRoutes } from './subscriptions.ts';

/** Every route of the HTTP API by name; server, client and the OpenAPI document derive from it. */
export const routes = {
  openSession,
  ...linkRoutes,
  ...connectionRoutes,
  ...mappingRoutes,
  ...subscriptionRoutes,
  ...activityRoutes,
  ...overviewRoutes,
};

export type Routes = typeof routes;
export type RouteName = keyof Routes;
