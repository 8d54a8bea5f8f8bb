import { alemba } from './alemba/index.ts';
import type { Connector } from './connector.ts';

/** Every kind of ticket system that a connection can have. A new connector is one line here. */
const list: readonly Connector[] = [alemba];

export const connectors: ReadonlyMap<string, Connector> = new Map(
  list.map((connector) => [connector.manifest.kind, connector]),
);
