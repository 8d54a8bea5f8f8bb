/** The kind under which the backend lists Azure DevOps itself beside the service desks. */
const ownKind = 'azure-devops';

export const isDesk = ({ kind }: { kind: string }): boolean => kind !== ownKind;
