import type { Simulator } from './simulator.ts';

/** Behaviours that tests switch per simulator, beyond faults and rate limits. */
export interface Toggles {
  /** Answer to a stale `test /rev`: 412 TestPatchOperationFailed (normal) or 409 TF26071 (a race inside the service). */
  conflictStyle: 'testFailed' | 'revisionMismatch';
}

const bySimulator = new WeakMap<Simulator, Toggles>();

export function toggles(simulator: Simulator): Toggles {
  let own = bySimulator.get(simulator);
  if (own === undefined) {
    own = { conflictStyle: 'testFailed' };
    bySimulator.set(simulator, own);
  }
  return own;
}

export const conflictStyle = (simulator: Simulator): Toggles['conflictStyle'] =>
  toggles(simulator).conflictStyle;
