export type FieldType =
  | 'string'
  | 'integer'
  | 'dateTime'
  | 'plainText'
  | 'html'
  | 'treePath'
  | 'history'
  | 'double'
  | 'boolean';

export interface FieldDefinition {
  referenceName: string;
  name: string;
  type: FieldType;
  isIdentity: boolean;
  /** Kept by the system; a patch that sets it is refused (TF26198-like) unless rules are bypassed. */
  readOnly: boolean;
  allowedValues: (string | number)[] | undefined;
  defaultValue: string | number | undefined;
  /** Sent only with $expand=fields|all, by name, or in `revision` of the reporting API. */
  expandedOnly: boolean;
}

interface FieldOptions {
  isIdentity?: boolean;
  readOnly?: boolean;
  allowedValues?: (string | number)[];
  defaultValue?: string | number;
  expandedOnly?: boolean;
}

function field(
  referenceName: string,
  name: string,
  type: FieldType,
  options: FieldOptions = {},
): FieldDefinition {
  return {
    referenceName,
    name,
    type,
    isIdentity: options.isIdentity ?? false,
    readOnly: options.readOnly ?? false,
    allowedValues: options.allowedValues,
    defaultValue: options.defaultValue,
    expandedOnly: options.expandedOnly ?? false,
  };
}

const system = { readOnly: true } as const;
const hidden = { readOnly: true, expandedOnly: true } as const;

/** Order as the service sends fields: the system's own first, then the process's. */
export const builtInFields: FieldDefinition[] = [
  field('System.Id', 'ID', 'integer', hidden),
  field('System.AreaId', 'Area ID', 'integer', hidden),
  field('System.AreaPath', 'Area Path', 'treePath'),
  field('System.TeamProject', 'Team Project', 'string', system),
  field('System.NodeName', 'Node Name', 'string', hidden),
  field('System.Rev', 'Rev', 'integer', hidden),
  field('System.AuthorizedDate', 'Authorized Date', 'dateTime', hidden),
  field('System.RevisedDate', 'Revised Date', 'dateTime', hidden),
  field('System.IterationId', 'Iteration ID', 'integer', hidden),
  field('System.IterationPath', 'Iteration Path', 'treePath'),
  field('System.WorkItemType', 'Work Item Type', 'string', system),
  field('System.State', 'State', 'string'),
  field('System.Reason', 'Reason', 'string'),
  field('System.AssignedTo', 'Assigned To', 'string', { isIdentity: true }),
  field('System.CreatedDate', 'Created Date', 'dateTime', system),
  field('System.CreatedBy', 'Created By', 'string', { isIdentity: true, readOnly: true }),
  field('System.ChangedDate', 'Changed Date', 'dateTime', system),
  field('System.ChangedBy', 'Changed By', 'string', { isIdentity: true, readOnly: true }),
  field('System.AuthorizedAs', 'Authorized As', 'string', { isIdentity: true, ...hidden }),
  field('System.PersonId', 'Person ID', 'integer', hidden),
  field('System.Watermark', 'Watermark', 'integer', hidden),
  field('System.CommentCount', 'Comment Count', 'integer', system),
  field('System.Title', 'Title', 'string'),
  field('System.BoardColumn', 'Board Column', 'string', system),
  field('System.BoardColumnDone', 'Board Column Done', 'boolean', system),
  field('System.Description', 'Description', 'html'),
  field('System.History', 'History', 'history'),
  field('System.Tags', 'Tags', 'plainText'),
  field('System.Parent', 'Parent', 'integer', system),
  field('System.IsDeleted', 'Is Deleted', 'boolean', hidden),
  field('Microsoft.VSTS.Common.StateChangeDate', 'State Change Date', 'dateTime', system),
  field('Microsoft.VSTS.Common.ActivatedDate', 'Activated Date', 'dateTime', system),
  field('Microsoft.VSTS.Common.ActivatedBy', 'Activated By', 'string', { isIdentity: true, readOnly: true }),
  field('Microsoft.VSTS.Common.ResolvedDate', 'Resolved Date', 'dateTime', system),
  field('Microsoft.VSTS.Common.ResolvedBy', 'Resolved By', 'string', { isIdentity: true, readOnly: true }),
  field('Microsoft.VSTS.Common.ResolvedReason', 'Resolved Reason', 'string', system),
  field('Microsoft.VSTS.Common.ClosedDate', 'Closed Date', 'dateTime', system),
  field('Microsoft.VSTS.Common.ClosedBy', 'Closed By', 'string', { isIdentity: true, readOnly: true }),
  field('Microsoft.VSTS.Common.Priority', 'Priority', 'integer', {
    allowedValues: [1, 2, 3, 4],
    defaultValue: 2,
  }),
  field('Microsoft.VSTS.Common.Severity', 'Severity', 'string', {
    allowedValues: ['1 - Critical', '2 - High', '3 - Medium', '4 - Low'],
    defaultValue: '3 - Medium',
  }),
  field('Microsoft.VSTS.Common.ValueArea', 'Value Area', 'string', {
    allowedValues: ['Architectural', 'Business'],
    defaultValue: 'Business',
  }),
  field('Microsoft.VSTS.Common.Risk', 'Risk', 'string', {
    allowedValues: ['1 - High', '2 - Medium', '3 - Low'],
  }),
  field('Microsoft.VSTS.Common.StackRank', 'Stack Rank', 'double'),
  field('Microsoft.VSTS.Common.Activity', 'Activity', 'string', {
    allowedValues: ['Deployment', 'Design', 'Development', 'Documentation', 'Requirements', 'Testing'],
  }),
  field('Microsoft.VSTS.Common.AcceptanceCriteria', 'Acceptance Criteria', 'html'),
  field('Microsoft.VSTS.Scheduling.StoryPoints', 'Story Points', 'double'),
  field('Microsoft.VSTS.Scheduling.OriginalEstimate', 'Original Estimate', 'double'),
  field('Microsoft.VSTS.Scheduling.RemainingWork', 'Remaining Work', 'double'),
  field('Microsoft.VSTS.Scheduling.CompletedWork', 'Completed Work', 'double'),
  field('Microsoft.VSTS.Scheduling.DueDate', 'Due Date', 'dateTime'),
  field('Microsoft.VSTS.TCM.ReproSteps', 'Repro Steps', 'html'),
  field('Microsoft.VSTS.TCM.SystemInfo', 'System Info', 'html'),
  field('Microsoft.VSTS.Build.FoundIn', 'Found In', 'string'),
  field('Custom.TicketNumber', 'Ticket Number', 'string'),
];

const operationsByType: Record<string, string[]> = {
  treePath: ['Under', 'NotUnder', 'Equals', 'NotEquals', 'In'],
  html: ['ContainsWords', 'NotContainsWords', 'IsEmpty', 'IsNotEmpty'],
  history: ['ContainsWords', 'NotContainsWords'],
  plainText: ['Contains', 'NotContains'],
};

export function supportedOperations(type: FieldType): { referenceName: string; name: string }[] {
  const names = operationsByType[type] ?? ['Equals', 'NotEquals', 'GreaterThan', 'LessThan', 'In'];
  return names.map((name) => ({ referenceName: `SupportedOperations.${name}`, name }));
}

/** Look-up by reference name or display name, without regard to case, as the service does. */
export class FieldCatalogue {
  readonly all: FieldDefinition[];
  #byName = new Map<string, FieldDefinition>();

  constructor(definitions: FieldDefinition[] = builtInFields) {
    this.all = definitions;
    for (const definition of definitions) {
      this.#byName.set(definition.referenceName.toLowerCase(), definition);
      this.#byName.set(definition.name.toLowerCase(), definition);
    }
  }

  find(referenceOrName: string): FieldDefinition | undefined {
    return this.#byName.get(referenceOrName.toLowerCase());
  }
}
