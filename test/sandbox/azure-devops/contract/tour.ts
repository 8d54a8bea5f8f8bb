import type { AzureDevOpsSimulator } from '../server.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers of a vendor's API, read field by field
type Answer = any;

export interface Visit {
  method: string;
  url: string;
  requestBody?: unknown;
  status: number;
  responseBody?: unknown;
}

/** Calls every route of the simulator at least once, the ones that fail on purpose included. */
export async function exerciseRoutes(
  simulator: AzureDevOpsSimulator,
): Promise<{ visits: Visit[]; notVisited: string[] }> {
  const visits: Visit[] = [];
  const token = simulator.users.byKey('admin').accessToken;
  const go = async (
    method: string,
    path: string,
    body?: unknown,
    options: { base?: string; version?: string; headers?: Record<string, string>; raw?: string } = {},
  ): Promise<Answer> => {
    const separator = path.includes('?') ? '&' : '?';
    const url = `${options.base ?? simulator.organizationUrl}${path}${separator}api-version=${options.version ?? '7.1'}`;
    const isPatch = /workitems\/(\$|\d+$|\d+\?)/i.test(path) && (method === 'PATCH' || method === 'POST');
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined
          ? {}
          : { 'content-type': isPatch ? 'application/json-patch+json' : 'application/json' }),
        ...options.headers,
      },
      ...(options.raw === undefined ? {} : { body: options.raw }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== '' && (response.headers.get('content-type') ?? '').startsWith('application/json');
    const responseBody: Answer = isJson ? JSON.parse(text) : undefined;
    visits.push({
      method,
      url,
      ...(body === undefined ? {} : { requestBody: body }),
      status: response.status,
      responseBody,
    });
    return responseBody;
  };
  const set = (name: string, value: unknown) => ({ op: 'add', path: `/fields/${name}`, value });
  const octets = { 'content-type': 'application/octet-stream' };
  const comments = { version: '7.1-preview.4' };

  const project = await go('GET', '/_apis/projects/Fabrikam?includeCapabilities=true');
  await go('GET', '/_apis/projects');
  const { value: teams } = await go('GET', `/_apis/projects/${project.id}/teams`);
  await go('GET', `/_apis/projects/${project.id}/teams/${teams[0].id}`);
  await go('GET', `/_apis/projects/${project.id}/teams/${teams[0].id}/members`);
  await go('GET', '/_apis/connectionData', undefined, { version: '7.1-preview' });
  await go('GET', '/_apis/ResourceAreas');
  await go('GET', `/_apis/permissions/52d39943-cb85-4d7f-8fa8-c6baac873819/1?tokens=${project.id}`);
  await go('POST', '/_apis/security/permissionevaluationbatch', { evaluations: [] });
  await go('GET', '/_apis/identities?searchFilter=General&filterValue=noor', undefined, {
    base: simulator.identityUrl,
  });
  await go(
    'POST',
    '/_apis/graph/subjectquery',
    { query: 'noor', subjectKind: ['User'] },
    { base: simulator.identityUrl, version: '7.1-preview.1' },
  );

  const bug = await go('POST', '/Fabrikam/_apis/wit/workitems/$Bug', [
    set('System.Title', 'Tour'),
    set('System.Tags', 'tour'),
  ]);
  const upload = await go('POST', '/Fabrikam/_apis/wit/attachments?fileName=a.txt', undefined, {
    headers: octets,
    raw: 'hello',
  });
  const chunked = await go(
    'POST',
    '/Fabrikam/_apis/wit/attachments?fileName=b.txt&uploadType=Chunked',
    undefined,
    { headers: octets, raw: '' },
  );
  await go('PUT', `/Fabrikam/_apis/wit/attachments/${chunked.id}?fileName=b.txt`, undefined, {
    headers: { ...octets, 'content-range': 'bytes 0-4/5' },
    raw: 'hello',
  });
  await go('GET', `/Fabrikam/_apis/wit/attachments/${upload.id}`);
  const relation = { op: 'add', path: '/relations/-', value: { rel: 'AttachedFile', url: upload.url } };
  await go('PATCH', `/Fabrikam/_apis/wit/workitems/${bug.id}`, [
    { op: 'test', path: '/rev', value: 1 },
    set('System.State', 'Active'),
    relation,
  ]);
  await go('PATCH', `/Fabrikam/_apis/wit/workitems/${bug.id}`, [
    { op: 'test', path: '/rev', value: 1 },
    set('System.State', 'Resolved'),
  ]);
  await go('PATCH', `/Fabrikam/_apis/wit/workitems/${bug.id}`, [set('System.State', 'Nonsense')]);
  for (const query of ['', '?$expand=all', '?fields=System.Title'])
    await go('GET', `/Fabrikam/_apis/wit/workitems/${bug.id}${query}`);
  await go('GET', `/Fabrikam/_apis/wit/workitems?ids=1,2,${bug.id}&$expand=relations`);
  await go('POST', '/Fabrikam/_apis/wit/workitemsbatch', { ids: [1, 2], fields: ['System.Title'] });
  await go('GET', `/Fabrikam/_apis/wit/workItems/${bug.id}/updates`);
  await go('GET', `/Fabrikam/_apis/wit/workItems/${bug.id}/updates/2`);
  await go('GET', `/Fabrikam/_apis/wit/workItems/${bug.id}/revisions`);
  await go('GET', `/Fabrikam/_apis/wit/workItems/${bug.id}/revisions/1`);
  await go('POST', '/Fabrikam/Fabrikam%20Team/_apis/wit/wiql', {
    query: 'SELECT [System.Id] FROM WorkItems ORDER BY [System.Id]',
  });

  const path = `/Fabrikam/_apis/wit/workItems/${bug.id}/comments`;
  const comment = await go('POST', path, { text: '**x**' }, comments);
  await go('GET', `${path}?$expand=renderedText`, undefined, comments);
  await go('GET', `${path}/${comment.id}`, undefined, comments);
  await go('PATCH', `${path}/${comment.id}`, { text: 'y' }, comments);
  await go('GET', `${path}/${comment.id}/versions`, undefined, { version: '7.1-preview.1' });
  await go('DELETE', `${path}/${comment.id}`, undefined, comments);

  for (const part of [
    'workitemtypes',
    'workitemtypes/Bug',
    'workitemtypes/Bug/states',
    'workitemtypes/Bug/fields?$expand=all',
    'workitemtypes/Bug/fields/System.State',
    'workitemtypecategories',
    'fields',
    'fields/System.Title',
    'classificationnodes?$depth=2',
    'classificationnodes/Areas',
    'classificationnodes/Areas/Web/Mobile',
    'reporting/workitemrevisions?includeDeleted=true',
  ])
    await go('GET', `/Fabrikam/_apis/wit/${part}`);
  await go('POST', '/Fabrikam/_apis/wit/reporting/workitemrevisions', {
    fields: ['System.Title'],
    includeIdentityRef: true,
  });
  const { value: tags } = await go('GET', '/Fabrikam/_apis/wit/tags', undefined, {
    version: '7.1-preview.1',
  });
  await go('GET', `/Fabrikam/_apis/wit/tags/${tags[0].id}`, undefined, { version: '7.1-preview.1' });
  await go('GET', '/_apis/wit/workitemrelationtypes');
  await go('GET', '/_apis/wit/workitemrelationtypes/System.LinkTypes.Related');

  const bin = `/Fabrikam/_apis/wit/recyclebin/${bug.id}`;
  await go('DELETE', `/Fabrikam/_apis/wit/workitems/${bug.id}`);
  await go('GET', '/Fabrikam/_apis/wit/recyclebin');
  await go('GET', bin);
  await go('PATCH', bin, { isDeleted: false });
  await go('DELETE', `/Fabrikam/_apis/wit/workitems/${bug.id}`);
  await go('DELETE', bin);
  await exerciseHooks(go, simulator, project.id);

  const documents =
    '/_apis/ExtensionManagement/InstalledExtensions/pub/ext/Data/Scopes/Default/Current/Collections/c/Documents';
  await go('POST', documents, { id: 'one' });
  await go('PUT', documents, { id: 'one', __etag: -1, a: 1 });
  await go('PATCH', documents, { id: 'one', __etag: -1, a: 2 });
  await go('GET', documents);
  await go('GET', `${documents}/one`);
  await go('DELETE', `${documents}/one`);
  const { requests } = simulator.ledger.counts();
  const ids = new Set(simulator.routes.map((route) => route.id));
  return { visits, notVisited: [...ids].filter((id) => requests[id] === undefined) };
}

type Go = (method: string, path: string, body?: unknown) => Promise<Answer>;

async function exerciseHooks(go: Go, simulator: AzureDevOpsSimulator, projectId: string): Promise<void> {
  const body = {
    publisherId: 'tfs',
    eventType: 'workitem.updated',
    resourceVersion: '5.1-preview.3',
    consumerId: 'webHooks',
    consumerActionId: 'httpRequest',
    publisherInputs: { projectId },
    consumerInputs: {
      url: `${simulator.url}/_sandbox/act-nowhere`,
      basicAuthUsername: 'u',
      basicAuthPassword: 'p',
    },
  };
  const created = await go('POST', '/_apis/hooks/subscriptions', body);
  const path = `/_apis/hooks/subscriptions/${created.id}`;
  await simulator.act({ do: 'update', id: 1, fields: { 'System.Title': 'For the hooks' } });
  await simulator.hooks.idle();
  await go('GET', '/_apis/hooks/subscriptions?publisherId=tfs');
  await go('GET', path);
  await go('GET', `${path}/notifications`);
  await go('GET', `${path}/notifications/1`);
  await go('PUT', `${path}/diagnostics`, { deliveryTracing: { enabled: true } });
  await go('GET', `${path}/diagnostics`);
  await go('PUT', path, body);
  await go('POST', '/_apis/hooks/subscriptionsquery', { publisherId: 'tfs' });
  await go('POST', '/_apis/hooks/notificationsquery', {
    subscriptionIds: [created.id],
    includeDetails: true,
  });
  await go('POST', '/_apis/hooks/testnotifications', { subscriptionId: created.id });
  await go('DELETE', path);
  const catalogue = [
    'publishers',
    'publishers/tfs',
    'publishers/tfs/eventtypes',
    'publishers/tfs/eventtypes/workitem.updated',
    'consumers',
    'consumers/webHooks',
    'consumers/webHooks/actions',
    'consumers/webHooks/actions/httpRequest',
  ];
  for (const part of catalogue) await go('GET', `/_apis/hooks/${part}`);
  await go('POST', '/_apis/hooks/publishers/tfs/inputValuesQuery', {
    inputValues: [{ inputId: 'projectId' }],
  });
}
