import { useCallback, useEffect, useState } from 'react';
import type { Client } from '../api/client.ts';
import { type ApiProblem, addressProblem } from '../api/problem.ts';
import { type BackendAddress, readBackendAddress, trustBackend } from '../host/backend-address.ts';
import type { HostContext } from '../host/sdk.ts';
import { clientFor, projectOf } from './client-for.ts';

export type Backend =
  | { state: 'finding' }
  | { state: 'unset' }
  | { state: 'changed'; url: string; previous: string; accept(): void }
  | { state: 'failed'; problem: ApiProblem; retry(): void }
  | { state: 'ready'; client: Client; url: string };

/**
 * The backend for a project: the one that the work item is in, which may not be the page's (a work item opened from a
 * search or a query over several projects).
 */
export function useBackend(host: HostContext, project: string | undefined): Backend {
  const [address, setAddress] = useState<BackendAddress | { kind: 'failed'; problem: ApiProblem }>();
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((before) => before + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` asks for another reading.
  useEffect(() => {
    let current = true;
    readBackendAddress(host.extensionId).then(
      (found) => current && setAddress(found),
      (reason) => current && setAddress({ kind: 'failed', problem: addressProblem(reason) }),
    );
    return () => {
      current = false;
    };
  }, [host, turn]);

  const url = address?.kind === 'known' ? address.url : undefined;
  const projectId = projectOf(host, project);
  const client = url ? clientFor(host, url, projectId) : undefined;

  if (!address) return { state: 'finding' };
  if (address.kind === 'unset') return { state: 'unset' };
  if (address.kind === 'failed') return { state: 'failed', problem: address.problem, retry: again };
  if (address.kind === 'changed') {
    const accept = () => {
      trustBackend(address.url);
      again();
    };
    return { state: 'changed', url: address.url, previous: address.previous, accept };
  }
  return client ? { state: 'ready', client, url: address.url } : { state: 'finding' };
}
