import type { ServiceHookKeeper } from '../../compose/hook-keeper.ts';
import type { Secrets } from '../../compose/secrets.ts';
import type { OpenSystems } from '../../compose/systems.ts';
import type { AddressGuard } from '../../connectors/address-guard.ts';
import type { ConnectorManifest } from '../../contract/connector-manifest.ts';
import type { EngineContext } from '../../engine/ports.ts';
import type { Downloads } from '../../security/download-token.ts';

/** What the handlers work with; made by the composition root. */
export interface Services {
  engine: EngineContext;
  systems: OpenSystems;
  secrets: Secrets;
  hooks: ServiceHookKeeper;
  /** Declarations from which forms are drawn, that of Azure DevOps first. */
  manifests: readonly ConnectorManifest[];
  /** Whether connections of this kind may be added; those that are there need no leave. */
  isOffered(kind: string): boolean;
  /** Name under which the intake looks for the secret of a connection's hooks. */
  hookSecretName(kind: string): string;
  guard: AddressGuard;
  /** Takes secrets out of a text. */
  redact(text: string): string;
  /** Address under which the backend is reached from outside, without a slash at the end. */
  publicUrl: string;
  panelChanges: PanelChanges;
  downloads: Downloads;
  /** The number that sessions of the tenant must carry; undefined when it has none. */
  sessionGeneration(tenant: number): Promise<number | undefined>;
}

/** Tells waiting requests that a link of the tenant changed. */
export interface PanelChanges {
  /** Changes of the tenant so far; asked before reading, so that none is missed between reading and waiting. */
  count(tenant: number): number;
  /** Resolves once the tenant has had more changes than `since`, after `timeoutMs`, or when `signal` aborts. */
  next(tenant: number, since: number, timeoutMs: number, signal: AbortSignal): Promise<void>;
}
