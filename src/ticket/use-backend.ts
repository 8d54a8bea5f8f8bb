import { useCallback, useEffect, useState } from 'react';
import { type Client, createClient } from '../api/client.ts';
import { type ApiProblem, asProblem } from '../api/problem.ts';
import { type BackendAddress, readBackendAddress, trustBackend } from '../host/backend-address.ts';
import { accessToken, appToken, type HostContext } from '../host/sdk.ts';

export type Backend =
  | { state: 'finding' }
  | { state: 'unset' }
  | { state: 'changed'; url: string; previous: string; accept(): void }
  | { state: 'failed'; problem: ApiProblem; retry(): void }
  | { state: 'ready'; client: Client; url: string };

/** A client for an address, opened with the tokens of the person at the screen. */
export const clientFor = (host: HostContext, backendUrl: string, projectId: string | undefined): Client =>
  createClient({
    backendUrl,
    organization: host.organization.name,
    hostId: host.organization.id,
    projectId,
    appToken,
    accessToken,
  });

/**
 * The backend for a project: the one that the work item is in, which may not be the page's (a work item opened from a
 * search or a query over several projects).
 */
export function useBackend(host: HostContext, project: string | undefined): Backend {
  const [address, setAddress] = useState<BackendAddress | { kind: 'failed'; problem: ApiProblem }>();
  const [client, setClient] = useState<Client>();
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((before) => before + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` asks for another reading.
  useEffect(() => {
    let current = true;
    readBackendAddress(host.extensionId).then(
      (found) => current && setAddress(found),
      (reason) => current && setAddress({ kind: 'failed', problem: asProblem(reason) }),
    );
    return () => {
      current = false;
    };
  }, [host, turn]);

  const url = address?.kind === 'known' ? address.url : undefined;
  const projectId = !project || project === host.project?.name ? (host.project?.id ?? project) : project;
  useEffect(() => {
    setClient(url ? clientFor(host, url, projectId) : undefined);
  }, [host, url, projectId]);

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
