import type { ConnectorManifest, SettingField } from '../../contract/connector-manifest.ts';

type Extra = Partial<Omit<SettingField, 'name' | 'label' | 'help'>>;

const setting = (name: string, label: string, help: string, extra: Extra = {}): SettingField => ({
  name,
  label,
  help,
  type: 'text',
  required: false,
  advanced: false,
  ...extra,
});

const advanced = (name: string, label: string, help: string, extra: Extra = {}): SettingField =>
  setting(name, label, help, { advanced: true, ...extra });

const reference = { pattern: { source: '^\\d*$', message: 'Enter the number (Ref) of the record' } };
const property = {
  pattern: {
    source: '^[A-Za-z_][A-Za-z0-9_.]*$',
    message: 'Enter the name of a property, for example CustomString1',
  },
};
const optionalProperty = {
  pattern: {
    source: '^([A-Za-z_][A-Za-z0-9_.]*)?$',
    message: 'Enter the name of a property, or leave it empty',
  },
};
const route = { pattern: { source: '^/\\S*$', message: 'Enter a path that begins with /' } };

const basics: SettingField[] = [
  setting(
    'address',
    'Address of the system',
    'Server and system, as in the browser: https://server/Production',
    {
      type: 'url',
      required: true,
      placeholder: 'https://alemba.example.com/Production',
    },
  ),
  setting('apiVersion', 'API version', 'Version 2 is what current systems use.', {
    type: 'choice',
    default: 'v2',
    choices: [
      { id: 'v1', name: 'v1' },
      { id: 'v2', name: 'v2' },
    ],
  }),
  setting(
    'clientId',
    'API client id',
    'The GUID of the API client that an administrator registered for Tandem.',
    {
      required: true,
      placeholder: '3566bf8b-08bc-5655-9f61-f21d2bfb1e90',
    },
  ),
  setting(
    'username',
    'Login ID',
    'An analyst that nobody uses interactively, with the right to create and update calls. It holds one licence.',
    { required: true },
  ),
  setting(
    'partition',
    'Partition',
    'Number of the partition for new calls; leave empty when partitioning is off.',
    reference,
  ),
  setting(
    'call.template',
    'Call template',
    'Number of the template for new calls, unless the mapping names one.',
    reference,
  ),
  setting('call.type', 'Type', 'Number of the type for new calls without a template.', reference),
  setting(
    'call.ipkStatus',
    'IPK status',
    'Number of the IPK status for new calls without a template (1 is Incident).',
    {
      ...reference,
      default: '1',
    },
  ),
  setting('call.ipkStream', 'IPK stream', 'Number of the IPK stream for new calls without a template.', {
    ...reference,
    default: '0',
  }),
  setting(
    'correlation.field',
    'Correlation field',
    'A custom string that Tandem has for itself: it finds a call again after a lost answer.',
    { ...property, required: true, default: 'CustomString1' },
  ),
  setting(
    'backlink.field',
    'Link field',
    'A custom string that receives the address of the work item; may be empty.',
    optionalProperty,
  ),
];

const session: SettingField[] = [
  advanced('auth.tokenPath', 'Token path', 'Below the address of the system.', {
    ...route,
    default: '/alemba.web/oauth/login',
  }),
  advanced(
    'auth.grant',
    'Grant',
    'client_credentials gives a limited session; writing calls needs password.',
    {
      type: 'choice',
      default: 'password',
      choices: [
        { id: 'password', name: 'password' },
        { id: 'client_credentials', name: 'client_credentials' },
      ],
    },
  ),
  advanced('auth.scope', 'Login scope', 'Case sensitive. Writing calls needs an Analyst session.', {
    default: 'session-type:Analyst',
  }),
  advanced(
    'auth.licencePattern',
    'Words for "no free licence"',
    'Regular expression on the error text of a refused login.',
    {
      default: 'licen[cs]e|concurrent|too many sessions|session limit',
    },
  ),
];

const callFields: SettingField[] = [
  advanced('fields.title', 'Title property', 'Property of a call that holds its title.', {
    ...property,
    default: 'Subject',
  }),
  advanced(
    'status.stateField',
    'State of a status',
    'Path from a call status to the name of its call state; may be empty.',
    {
      ...optionalProperty,
      default: 'CallState.Name',
    },
  ),
  advanced(
    'status.categories',
    'Status categories',
    'One per line, number or name = proposed, inProgress, resolved, completed or removed. The rest is guessed.',
    { type: 'multiline', placeholder: '3=inProgress\nCancelled=removed' },
  ),
  advanced(
    'status.actions',
    'Actions of statuses',
    'One per line, number of the status = field, close, reopen or defer. The rest: close for closed ones, else field.',
    { type: 'multiline', placeholder: '3=defer' },
  ),
  advanced(
    'close.fields',
    'Closure fields',
    'Properties that travel with the close action, separated by commas.',
    {
      default: 'ClosureReason',
    },
  ),
  advanced(
    'assignment.fields',
    'Assignment fields',
    'Properties that only a forward action changes, separated by commas.',
    {
      default: 'AssignedGroup,AssignedOfficer',
    },
  ),
  advanced('users.emailProperty', 'E-mail property', 'Property of a person that holds the e-mail address.', {
    ...property,
    default: 'EmailAddress',
  }),
  advanced(
    'web.callAddress',
    'Address of a call',
    'Opens a call in the browser. {address} and {ref} are filled in.',
    {
      default: '{address}/alemba.web/call/{ref}',
    },
  ),
];

const actions: SettingField[] = [
  advanced('bodies.close', 'Body of close', 'JSON; "{status}" becomes the number of the wanted status.', {
    type: 'multiline',
    default: '{"CallStatus":"{status}"}',
  }),
  advanced('bodies.reopen', 'Body of reopen', 'JSON; "{status}" becomes the number of the wanted status.', {
    type: 'multiline',
    default: '{"CallStatus":"{status}"}',
  }),
  advanced('bodies.defer', 'Body of defer', 'JSON; used for statuses that are reached by defer.', {
    type: 'multiline',
    default: '{"$action":{"ActionType":2},"CallStatus":"{status}"}',
  }),
  advanced('bodies.forward', 'Body of forward', 'JSON; the assignment fields are put beside $action.', {
    type: 'multiline',
    default: '{}',
  }),
];

const conversation: SettingField[] = [
  advanced(
    'routes.addComment',
    'Comment route',
    '{ref} becomes the number of the call. defer is the documented way.',
    {
      ...route,
      default: '/call/{ref}/defer',
    },
  ),
  advanced(
    'routes.addCommentFallback',
    'Second comment route',
    'Tried when the first one is not allowed in the state of the call (closed calls); may be empty.',
    { default: '/call/{ref}/note' },
  ),
  advanced('bodies.addComment', 'Body of a comment', 'JSON; {title}, {text} and {html} are filled in.', {
    type: 'multiline',
    default:
      '{"$action":{"ActionType":2,"Description":{"Title":"{title}","Description":"{text}","DescriptionHtml":"{html}"}}}',
  }),
  advanced('comment.title', 'Title of comments', 'Title of the history entries that Tandem writes.', {
    default: 'From Azure DevOps',
  }),
  advanced(
    'comment.visibilityField',
    'Visibility flag',
    'Inside $action and in the history: true when the portal shows the entry. Empty: everything counts as internal.',
    { ...optionalProperty, default: 'VisibleInPortal' },
  ),
  advanced(
    'history.systemField',
    'System flag',
    'Property of a history entry that the system wrote itself; may be empty.',
    {
      ...optionalProperty,
      default: 'IsSystem',
    },
  ),
  advanced(
    'history.systemPattern',
    'Titles of system entries',
    'Regular expression: these entries are not a person’s words.',
    {
      default:
        '^(call (opened|submitted|updated)$|attachment (added|removed)|clock (started|stopped)|email sent|(call )?escalated)',
    },
  ),
];

const files: SettingField[] = [
  advanced('routes.attachmentAdd', 'Upload route', '{ref} becomes the number of the call.', {
    ...route,
    default: '/call/{ref}/attachments',
  }),
  advanced('routes.attachmentList', 'Attachment list route', '{ref} becomes the number of the call.', {
    ...route,
    default: '/call/{ref}/attachment?$filter=BinaryData!=null',
  }),
  advanced(
    'routes.attachmentDownload',
    'Download route',
    '{ref} and {id} are filled in. JSON with base64 or the bytes.',
    {
      ...route,
      default: '/call/{ref}/attachment/{id}?$select=BinaryData',
    },
  ),
  advanced(
    'attachment.historyPattern',
    'Titles of attachment entries',
    'Regular expression: a new entry like this makes Tandem list the attachments.',
    {
      default: 'attach|file added',
    },
  ),
];

const safety: SettingField[] = [
  advanced('lock.conflictPattern', 'Words for a lock conflict', 'Regular expression on the error text.', {
    default: '^Record locked by',
  }),
  advanced(
    'lock.maxWaitSeconds',
    'Wait for a lock (seconds)',
    'Afterwards the update is planned again later.',
    {
      type: 'number',
      default: 3,
      min: 0,
      max: 30,
    },
  ),
  advanced(
    'lock.check',
    'Check before a write',
    'Reading the revision under the lock costs a request and leaves no gap. Without it, an edit between the reading and the lock is noticed only after the write.',
    {
      type: 'choice',
      default: 'read',
      choices: [
        { id: 'read', name: 'Read the revision under the lock' },
        { id: 'answer', name: 'Compare with the answers only' },
      ],
    },
  ),
  advanced(
    'changes.overlapSeconds',
    'Overlap of sweeps (seconds)',
    'How late a change may become visible and still be found.',
    {
      type: 'number',
      default: 120,
      min: 2,
      max: 86_400,
    },
  ),
  advanced('changes.pageSize', 'Page of sweeps', 'Calls per request.', {
    type: 'number',
    default: 100,
    min: 1,
    max: 1000,
  }),
];

/** Settings of one Alemba system. Defaults stand for what the vendor documents, `advanced` for what it does not. */
export const manifest: ConnectorManifest = {
  kind: 'alemba',
  name: 'Alemba Service Manager',
  ticketNoun: 'call',
  description: 'Calls, requests and tasks of an Alemba Service Manager (ASM) system through its REST API.',
  documentationUrl: 'https://docs.alemba.com',
  settings: [...basics, ...session, ...callFields, ...actions, ...conversation, ...files, ...safety],
  secrets: [
    {
      name: 'password',
      label: 'Password',
      help: 'Password of the login ID.',
      required: true,
      endHelp:
        'Where passwords of analysts have to be changed after some time, the administrator of the system knows the day.',
      origin: 'typed',
    },
    {
      name: 'clientSecret',
      label: 'Client secret',
      help: 'Only when the API client has one.',
      required: false,
      endHelp: 'The administrator who registered the API client knows whether it has one.',
      origin: 'typed',
    },
    {
      name: 'webhookSecret',
      label: 'Webhook secret',
      help: 'Made by Tandem; enter it as "Secret" in the webhook of the Alemba system.',
      required: false,
      origin: 'generated',
    },
  ],
  capabilities: {
    create: true,
    transition: 'both',
    commentsRead: true,
    commentsWrite: true,
    commentVisibility: 'both',
    attachmentsRead: true,
    attachmentsWrite: true,
    attachmentsMaxBytes: 60 * 1024 * 1024,
    concurrency: 'lock',
    changeFeed: 'timestamp',
    webhook: 'admin',
    richText: 'html',
    priorities: true,
    assignee: true,
    templates: true,
    // Partitions hide a call as `RecordNotFound` too (Programmers' Guide, errors).
    tellsDeleted: false,
  },
  // No rate limit is documented; the real one is the licences and the application server.
  budget: { requestsPerSecond: 20, concurrent: 2 },
};
