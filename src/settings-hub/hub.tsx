import { createContext, useContext } from 'react';
import type { Api, Session } from '../api/types.ts';
import type { HostContext } from '../host/sdk.ts';

/** What every part of the hub needs. */
export interface Hub {
  host: HostContext;
  api: Api;
  session: Session;
  /** Of the session; every route of the hub names it. */
  projectId: string;
  backendUrl: string;
  /** The place inside the hub, such as ['mappings', '<id>']. */
  place: string[];
  go(...place: string[]): void;
  say(message: string): void;
  /** While true, leaving the place asks first. */
  setUnsaved(unsaved: boolean): void;
}

const context = createContext<Hub | undefined>(undefined);

export const HubProvider = context.Provider;

export function useHub(): Hub {
  const hub = useContext(context);
  if (!hub) throw new Error('This part is rendered outside the hub.');
  return hub;
}
