import type { ConnectorContext } from '../connectors/connector.ts';
import type { RestVersion } from './api-versions.ts';

/** How the backend itself signs in. Secrets come through `context.secret`: `pat` or `clientSecret`. */
export type AzureDevOpsAuth = { kind: 'pat' } | { kind: 'entra'; tenantId: string; clientId: string };

/** What the client gets to work with; one per organisation or Server collection. */
export interface AzureDevOpsContext extends Omit<ConnectorContext, 'settings'> {
  /** Services: `https://dev.azure.com/fabrikam`. Server: `https://tfs.example.com/tfs/DefaultCollection`. */
  organizationUrl: string;
  /** Where identities are looked up. Default: `vssps.dev.azure.com` for Services, the collection itself for Server. */
  identitiesUrl?: string;
  /** Default: `https://login.microsoftonline.com`. */
  entraUrl?: string;
  auth: AzureDevOpsAuth;
  /** Pinned REST version; without it the newest released one that the server takes is found once. */
  apiVersion?: RestVersion;
  /**
   * A state that cannot be reached in one step may be reached over at most two others. Off by default: every step
   * leaves a revision and runs the rules of the state in between.
   */
  allowStatePath?: boolean;
  /** The system asked for a pause although it answered (Retry-After or a used-up X-RateLimit on a 200). */
  slowDown?(delayMs: number): void;
}
