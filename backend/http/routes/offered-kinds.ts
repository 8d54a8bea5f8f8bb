import type { ConnectorManifest, ListedConnector } from '../../contract/connector-manifest.ts';
import { azureDevOps } from '../../store/connections.ts';
import type { ProblemError } from '../problem.ts';
import { manifestOf } from './connection-view.ts';
import { invalidField } from './input-problems.ts';
import type { Services } from './services.ts';

type Offer = Pick<Services, 'manifests' | 'isOffered'>;

/** What can be added, and what is there: its form is drawn from its manifest, whether more may be added or not. */
export const listedConnectors = (services: Offer, present: ReadonlySet<string>): ListedConnector[] =>
  services.manifests
    .map((manifest) => ({ ...manifest, offered: services.isOffered(manifest.kind) }))
    .filter(({ kind, offered }) => offered || present.has(kind));

/** The operator's choice; an admin can only ask for another one. */
export const notOffered = (name: string): ProblemError =>
  invalidField(
    'kind',
    `New connections to ${name} are not offered here`,
    'Choose a kind that is listed, or have the operator add it to CONNECTORS.',
  );

export const unknownKind = (kind: string): ProblemError =>
  invalidField('kind', `There is no connector of kind "${kind.slice(0, 60)}"`, 'Choose one that is listed.');

/** The manifest of a kind of which a connection may be added. */
export function creatableManifest(services: Offer, kind: string): ConnectorManifest {
  if (kind === azureDevOps) {
    throw invalidField(
      'kind',
      'Azure DevOps is connected already',
      'Change the connection that is there; the operator adds organisations.',
    );
  }
  const manifest = manifestOf(services, kind);
  if (manifest === undefined) throw unknownKind(kind);
  if (!services.isOffered(kind)) throw notOffered(manifest.name);
  return manifest;
}
