import type { RouteName } from '../../backend/contract/routes.ts';

declare const __ROUTES__: Record<RouteName, { method: string; path: string }>;

/** Method and path of every route, taken from the contract when the extension is built. */
export const routeTable = __ROUTES__;
