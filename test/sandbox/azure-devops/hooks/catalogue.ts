import type { Simulator } from '../simulator.ts';

interface InputSpec {
  id: string;
  name: string;
  inputMode?: string;
  isConfidential?: boolean;
  isRequired?: boolean;
  dataType?: string;
  defaultValue?: string;
  possibleValues?: string[];
}

function input(spec: InputSpec): Record<string, unknown> {
  return {
    id: spec.id,
    name: spec.name,
    description: spec.name,
    inputMode: spec.inputMode ?? 'textBox',
    isConfidential: spec.isConfidential ?? false,
    useInDefaultDescription: false,
    validation: { dataType: spec.dataType ?? 'string', isRequired: spec.isRequired ?? false },
    values: {
      inputId: spec.id,
      defaultValue: spec.defaultValue ?? '',
      possibleValues: (spec.possibleValues ?? []).map((value) => ({
        value,
        displayValue: value === '' ? '[Any]' : value,
      })),
      isLimitedToPossibleValues: spec.possibleValues !== undefined,
    },
  };
}

const workItemVersions = ['1.0', '3.1-preview.3', '5.1-preview.3'];
const workItemInputs: InputSpec[] = [
  { id: 'areaPath', name: 'Area path', inputMode: 'combo' },
  {
    id: 'workItemType',
    name: 'Work item type',
    inputMode: 'combo',
    possibleValues: ['', 'Bug', 'Task', 'User Story', 'Issue'],
  },
  { id: 'tag', name: 'Tag' },
];

interface EventSpec {
  id: string;
  name: string;
  versions: string[];
  inputs: InputSpec[];
}

const events: EventSpec[] = [
  {
    id: 'workitem.created',
    name: 'Work item created',
    versions: workItemVersions,
    inputs: [
      ...workItemInputs,
      { id: 'linksChanged', name: 'Links are added or removed', inputMode: 'checkBox' },
    ],
  },
  {
    id: 'workitem.updated',
    name: 'Work item updated',
    versions: workItemVersions,
    inputs: [
      ...workItemInputs,
      { id: 'changedFields', name: 'Field', inputMode: 'combo' },
      { id: 'linksChanged', name: 'Links are added or removed', inputMode: 'checkBox' },
    ],
  },
  { id: 'workitem.deleted', name: 'Work item deleted', versions: workItemVersions, inputs: workItemInputs },
  { id: 'workitem.restored', name: 'Work item restored', versions: workItemVersions, inputs: workItemInputs },
  {
    id: 'workitem.commented',
    name: 'Work item commented on',
    versions: workItemVersions,
    inputs: [...workItemInputs, { id: 'commentPattern', name: 'Comment contains string' }],
  },
  {
    id: 'build.complete',
    name: 'Build completed',
    versions: ['1.0', '2.0'],
    inputs: [{ id: 'definitionName', name: 'Build pipeline' }],
  },
  {
    id: 'git.push',
    name: 'Code pushed',
    versions: ['1.0'],
    inputs: [
      { id: 'repository', name: 'Repository' },
      { id: 'branch', name: 'Branch' },
    ],
  },
];

export function eventTypeView(
  simulator: Simulator,
  eventTypeId: string,
): Record<string, unknown> | undefined {
  const event = events.find((candidate) => candidate.id === eventTypeId);
  if (event === undefined) return undefined;
  return {
    publisherId: 'tfs',
    id: event.id,
    url: `${simulator.organizationUrl}/_apis/hooks/publishers/tfs/eventTypes/${event.id}`,
    name: event.name,
    description: event.name,
    supportedResourceVersions: versionsOf(simulator, event.id),
    inputDescriptors: event.inputs.map(input),
  };
}

/** 5.1 came after Server 2019, which knows the two older versions only. */
export function versionsOf(simulator: Simulator, eventTypeId: string): string[] {
  const versions = events.find((candidate) => candidate.id === eventTypeId)?.versions ?? [];
  return simulator.flavor === 'server-2019'
    ? versions.filter((version) => !version.startsWith('5.1'))
    : versions;
}

export const eventTypeIds = events.map((event) => event.id);

export function publisherView(simulator: Simulator): Record<string, unknown> {
  const url = `${simulator.organizationUrl}/_apis/hooks/publishers/tfs`;
  return {
    id: 'tfs',
    url,
    name: 'Azure DevOps Services',
    description: 'Publishes Azure DevOps events',
    supportedEvents: events.map((event) => eventTypeView(simulator, event.id)),
    inputDescriptors: [input({ id: 'projectId', name: 'Project', inputMode: 'combo', dataType: 'guid' })],
    _links: { self: { href: url } },
  };
}

const details = ['', 'minimal', 'none'];
const messageKinds = ['', 'text', 'html', 'markdown', 'none'];

export function actionView(simulator: Simulator): Record<string, unknown> {
  return {
    id: 'httpRequest',
    consumerId: 'webHooks',
    url: `${simulator.organizationUrl}/_apis/hooks/consumers/webHooks/actions/httpRequest`,
    name: 'Post via HTTP',
    description: 'This action posts a JSON object representation of the event to the specified URL.',
    supportedEventTypes: ['*'],
    supportedResourceVersions: {},
    allowResourceVersionOverride: true,
    inputDescriptors: [
      input({ id: 'url', name: 'URL', dataType: 'uri', isRequired: true }),
      input({ id: 'httpHeaders', name: 'HTTP headers', inputMode: 'textArea' }),
      input({ id: 'basicAuthUsername', name: 'Basic authentication username' }),
      input({
        id: 'basicAuthPassword',
        name: 'Basic authentication password',
        inputMode: 'passwordBox',
        isConfidential: true,
      }),
      input({
        id: 'resourceDetailsToSend',
        name: 'Resource details to send',
        inputMode: 'combo',
        possibleValues: details,
      }),
      input({
        id: 'messagesToSend',
        name: 'Messages to send',
        inputMode: 'combo',
        possibleValues: messageKinds,
      }),
      input({
        id: 'detailedMessagesToSend',
        name: 'Detailed messages to send',
        inputMode: 'combo',
        possibleValues: messageKinds,
      }),
    ],
  };
}

export function consumerView(simulator: Simulator): Record<string, unknown> {
  const url = `${simulator.organizationUrl}/_apis/hooks/consumers/webHooks`;
  return {
    id: 'webHooks',
    url,
    name: 'Web Hooks',
    description: 'Provides event communication via HTTP.',
    imageUrl: '',
    informationUrl: 'https://go.microsoft.com/fwlink/?LinkID=392640',
    authenticationType: 'none',
    inputDescriptors: [],
    actions: [actionView(simulator)],
    _links: { self: { href: url }, actions: { href: `${url}/actions` } },
  };
}
