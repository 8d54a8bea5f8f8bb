import type { Connection } from '../../backend/contract/connections.ts';

/** Azure DevOps stands in the list of connections too, because it can be tested and paused; it is no ticket system. */
export const isTicketSystem = ({ kind }: Pick<Connection, 'kind'>): boolean => kind !== 'azure-devops';
