import type { HookDispatcher } from './hooks/delivery.ts';
import type { Subscription } from './hooks/subscriptions.ts';
import type { Simulator } from './simulator.ts';
import type { StoreSnapshot } from './store.ts';
import type { ProjectRole } from './users.ts';

/** All that a simulated organisation holds but the history of its deliveries; tokens are made anew at each start. */
export interface AzureDevOpsSnapshot {
  store: StoreSnapshot;
  /** By user id. */
  roles: [string, [string, ProjectRole][]][];
  subscriptions: Subscription[];
}

export function snapshotOf(simulator: Simulator, hooks: HookDispatcher): AzureDevOpsSnapshot {
  return {
    store: simulator.store.snapshot(),
    roles: simulator.users.all.map(({ id, roles }) => [id, [...roles]]),
    subscriptions: [...hooks.subscriptions.values()].map((subscription) => ({
      ...subscription,
      notifications: [],
    })),
  };
}

export function restoreFrom(
  snapshot: AzureDevOpsSnapshot,
  simulator: Simulator,
  hooks: HookDispatcher,
): void {
  simulator.store.restore(snapshot.store);
  for (const [id, roles] of snapshot.roles) {
    const user = simulator.users.byId(id);
    if (user !== undefined) user.roles = new Map(roles);
  }
  for (const subscription of snapshot.subscriptions) hooks.subscriptions.set(subscription.id, subscription);
}
