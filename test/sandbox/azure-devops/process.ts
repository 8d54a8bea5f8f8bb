/** The Agile process: types, states, transitions with their reasons, and the fields of each type. */
export interface StateDefinition {
  name: string;
  color: string;
  category: 'Proposed' | 'InProgress' | 'Resolved' | 'Completed' | 'Removed';
}

export interface Transition {
  to: string;
  /** The first is the default. */
  reasons: string[];
}

export interface WorkItemTypeDefinition {
  name: string;
  referenceName: string;
  description: string;
  color: string;
  icon: string;
  states: StateDefinition[];
  /** By the state left; `''` holds the states in which an item may be created. */
  transitions: Record<string, Transition[]>;
  fields: string[];
  requiredFields: string[];
}

const proposed = (name: string): StateDefinition => ({ name, color: 'b2b2b2', category: 'Proposed' });
const inProgress = (name: string): StateDefinition => ({ name, color: '007acc', category: 'InProgress' });
const resolved: StateDefinition = { name: 'Resolved', color: 'ff9d00', category: 'Resolved' };
const closed: StateDefinition = { name: 'Closed', color: '339933', category: 'Completed' };
const removed: StateDefinition = { name: 'Removed', color: 'ffffff', category: 'Removed' };

const commonFields = [
  'System.Id',
  'System.AreaId',
  'System.AreaPath',
  'System.TeamProject',
  'System.NodeName',
  'System.Rev',
  'System.AuthorizedDate',
  'System.RevisedDate',
  'System.IterationId',
  'System.IterationPath',
  'System.WorkItemType',
  'System.State',
  'System.Reason',
  'System.AssignedTo',
  'System.CreatedDate',
  'System.CreatedBy',
  'System.ChangedDate',
  'System.ChangedBy',
  'System.AuthorizedAs',
  'System.PersonId',
  'System.Watermark',
  'System.CommentCount',
  'System.Title',
  'System.Description',
  'System.History',
  'System.Tags',
  'System.Parent',
  'System.BoardColumn',
  'System.BoardColumnDone',
  'Microsoft.VSTS.Common.StateChangeDate',
  'Microsoft.VSTS.Common.ActivatedDate',
  'Microsoft.VSTS.Common.ActivatedBy',
  'Microsoft.VSTS.Common.ClosedDate',
  'Microsoft.VSTS.Common.ClosedBy',
  'Microsoft.VSTS.Common.Priority',
  'Microsoft.VSTS.Common.StackRank',
  'Custom.TicketNumber',
];
const resolvedFields = [
  'Microsoft.VSTS.Common.ResolvedDate',
  'Microsoft.VSTS.Common.ResolvedBy',
  'Microsoft.VSTS.Common.ResolvedReason',
];
const required = ['System.AreaPath', 'System.IterationPath', 'System.State', 'System.Title'];

const bug: WorkItemTypeDefinition = {
  name: 'Bug',
  referenceName: 'Microsoft.VSTS.WorkItemTypes.Bug',
  description: 'Describes a divergence between required and actual behavior, and tracks its correction.',
  color: 'CC293D',
  icon: 'icon_insect',
  // An Agile bug has no Removed state in the current process template.
  states: [proposed('New'), inProgress('Active'), resolved, closed],
  transitions: {
    '': [
      { to: 'New', reasons: ['New', 'Build Failure'] },
      { to: 'Active', reasons: ['Approved', 'Investigate'] },
    ],
    New: [
      { to: 'Active', reasons: ['Approved', 'Investigate'] },
      {
        to: 'Resolved',
        reasons: ['Fixed', 'As Designed', 'Cannot Reproduce', 'Deferred', 'Duplicate', 'Obsolete'],
      },
      { to: 'Closed', reasons: ['As Designed', 'Cannot Reproduce', 'Deferred', 'Duplicate', 'Obsolete'] },
    ],
    Active: [
      { to: 'New', reasons: ['Not Approved'] },
      {
        to: 'Resolved',
        reasons: ['Fixed', 'As Designed', 'Cannot Reproduce', 'Deferred', 'Duplicate', 'Obsolete'],
      },
      { to: 'Closed', reasons: ['As Designed', 'Cannot Reproduce', 'Deferred', 'Duplicate', 'Obsolete'] },
    ],
    Resolved: [
      { to: 'Active', reasons: ['Not fixed', 'Test Failed'] },
      { to: 'Closed', reasons: ['Verified', 'Fixed'] },
    ],
    Closed: [
      { to: 'Active', reasons: ['Regression', 'Reactivated', 'Closed in Error'] },
      { to: 'New', reasons: ['Reactivated'] },
    ],
  },
  fields: [
    ...commonFields,
    ...resolvedFields,
    'Microsoft.VSTS.Common.Severity',
    'Microsoft.VSTS.Common.ValueArea',
    'Microsoft.VSTS.Common.Activity',
    'Microsoft.VSTS.Scheduling.StoryPoints',
    'Microsoft.VSTS.Scheduling.OriginalEstimate',
    'Microsoft.VSTS.Scheduling.RemainingWork',
    'Microsoft.VSTS.Scheduling.CompletedWork',
    'Microsoft.VSTS.TCM.ReproSteps',
    'Microsoft.VSTS.TCM.SystemInfo',
    'Microsoft.VSTS.Build.FoundIn',
  ],
  requiredFields: [...required, 'Microsoft.VSTS.Common.Severity', 'Microsoft.VSTS.Common.ValueArea'],
};

const task: WorkItemTypeDefinition = {
  name: 'Task',
  referenceName: 'Microsoft.VSTS.WorkItemTypes.Task',
  description: 'Tracks work that needs to be done.',
  color: 'F2CB1D',
  icon: 'icon_clipboard',
  states: [proposed('New'), inProgress('Active'), closed, removed],
  transitions: {
    '': [{ to: 'New', reasons: ['New'] }],
    New: [
      { to: 'Active', reasons: ['Work started'] },
      { to: 'Closed', reasons: ['Completed', 'Cut', 'Deferred', 'Obsolete'] },
      { to: 'Removed', reasons: ['Removed from the backlog'] },
    ],
    Active: [
      { to: 'New', reasons: ['Work stopped'] },
      { to: 'Closed', reasons: ['Completed', 'Cut', 'Deferred', 'Obsolete'] },
      { to: 'Removed', reasons: ['Removed from the backlog'] },
    ],
    Closed: [
      { to: 'Active', reasons: ['Reactivated'] },
      { to: 'New', reasons: ['Reactivated'] },
    ],
    Removed: [
      { to: 'New', reasons: ['Reconsidered the task'] },
      { to: 'Active', reasons: ['Reconsidered the task'] },
    ],
  },
  fields: [
    ...commonFields,
    'Microsoft.VSTS.Common.Activity',
    'Microsoft.VSTS.Scheduling.OriginalEstimate',
    'Microsoft.VSTS.Scheduling.RemainingWork',
    'Microsoft.VSTS.Scheduling.CompletedWork',
  ],
  requiredFields: required,
};

const userStory: WorkItemTypeDefinition = {
  name: 'User Story',
  referenceName: 'Microsoft.VSTS.WorkItemTypes.UserStory',
  description: 'Tracks an activity the user will be able to perform with the product.',
  color: '009CCC',
  icon: 'icon_book',
  states: [proposed('New'), inProgress('Active'), resolved, closed, removed],
  transitions: {
    '': [{ to: 'New', reasons: ['New'] }],
    New: [
      { to: 'Active', reasons: ['Implementation started'] },
      { to: 'Resolved', reasons: ['Code complete and unit tests pass'] },
      { to: 'Closed', reasons: ['Completed'] },
      { to: 'Removed', reasons: ['Removed from the backlog'] },
    ],
    Active: [
      { to: 'New', reasons: ['Implementation halted'] },
      { to: 'Resolved', reasons: ['Code complete and unit tests pass'] },
      { to: 'Closed', reasons: ['Acceptance tests pass'] },
      { to: 'Removed', reasons: ['Removed from the backlog'] },
    ],
    Resolved: [
      { to: 'Active', reasons: ['Acceptance test fails'] },
      { to: 'Closed', reasons: ['Acceptance tests pass'] },
    ],
    Closed: [
      { to: 'Active', reasons: ['Reintroduced in scope'] },
      { to: 'New', reasons: ['Reintroduced in scope'] },
    ],
    Removed: [{ to: 'New', reasons: ['Reconsidering the User Story'] }],
  },
  fields: [
    ...commonFields,
    ...resolvedFields,
    'Microsoft.VSTS.Common.ValueArea',
    'Microsoft.VSTS.Common.Risk',
    'Microsoft.VSTS.Common.AcceptanceCriteria',
    'Microsoft.VSTS.Scheduling.StoryPoints',
  ],
  requiredFields: [...required, 'Microsoft.VSTS.Common.ValueArea'],
};

const issue: WorkItemTypeDefinition = {
  name: 'Issue',
  referenceName: 'Microsoft.VSTS.WorkItemTypes.Issue',
  description: 'Tracks an obstacle to progress.',
  color: 'B4009E',
  icon: 'icon_traffic_cone',
  states: [inProgress('Active'), closed],
  transitions: {
    '': [{ to: 'Active', reasons: ['New'] }],
    Active: [{ to: 'Closed', reasons: ['Issue Resolved', 'Cut', 'Deferred', 'Obsolete'] }],
    Closed: [{ to: 'Active', reasons: ['Reactivated'] }],
  },
  fields: [...commonFields, 'Microsoft.VSTS.Scheduling.DueDate'],
  requiredFields: required,
};

export const agileTypes: WorkItemTypeDefinition[] = [bug, task, userStory, issue];

export function findType(name: string): WorkItemTypeDefinition | undefined {
  const wanted = name.toLowerCase();
  return agileTypes.find(
    (type) => type.name.toLowerCase() === wanted || type.referenceName.toLowerCase() === wanted,
  );
}

export function startingState(type: WorkItemTypeDefinition): string {
  return type.transitions['']?.[0]?.to ?? type.states[0]?.name ?? 'New';
}

export function transition(type: WorkItemTypeDefinition, from: string, to: string): Transition | undefined {
  return type.transitions[from]?.find((candidate) => candidate.to.toLowerCase() === to.toLowerCase());
}
