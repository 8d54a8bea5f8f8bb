import { addComment } from './comments.ts';
import type { Simulator } from './simulator.ts';
import type { Project } from './store.ts';
import type { ProjectRole, SandboxUser } from './users.ts';
import { createWorkItem, updateWorkItem } from './work-item-write.ts';

/** A year ahead: long enough for any test that moves the clock, short of "never". */
const patLifetimeMs = 365 * 86_400_000;

export function seedUsers(simulator: Simulator): void {
  const { users, clock } = simulator;
  const add = (
    key: string,
    name: string,
    mail: string,
    options: { isMember?: boolean; service?: boolean } = {},
  ) => {
    const user = users.add(key, name, mail, options);
    users.addPat(
      user,
      key === 'service' ? ['vso.work_write', 'vso.project', 'vso.identity', 'vso.graph'] : ['full'],
      clock.nowMs() + patLifetimeMs,
    );
    return user;
  };
  add('admin', 'Avery Lindqvist', 'avery.lindqvist@fabrikam.example');
  add('contributor', 'Noor Haddad', 'noor.haddad@fabrikam.example');
  add('developer', 'Tomasz Wójcik', 'tomasz.wojcik@fabrikam.example');
  add('reader', 'Grace Okafor', 'grace.okafor@fabrikam.example');
  add('stranger', 'Sam Outsider', 'sam.outsider@elsewhere.example', { isMember: false });
  // A member of the organisation who has no project: 404 on everything below one.
  add('guest', 'Mika Virtanen', 'mika.virtanen@fabrikam.example');
  add('service', 'Tandem', 'tandem@fabrikam.example', { service: true });
}

interface SeedItem {
  type: string;
  title: string;
  area?: string;
  iteration?: string;
  assignedTo?: string;
  state?: string;
  tags?: string;
  description?: string;
  parent?: number;
  extra?: Record<string, unknown>;
}

const seedItems: SeedItem[] = [
  {
    type: 'User Story',
    title: 'Customers see the state of their service request in the portal',
    area: 'Web',
    iteration: 'Sprint 1',
    assignedTo: 'contributor',
    state: 'Active',
    tags: 'portal; customer',
    description:
      '<div>As a customer I want to see where my request stands, so that I do not have to call.</div>',
  },
  {
    type: 'Task',
    title: 'Add the status column to the request list',
    area: 'Web',
    iteration: 'Sprint 1',
    assignedTo: 'developer',
    state: 'Active',
    parent: 1,
  },
  { type: 'Task', title: 'Translate the new labels', area: 'Web', iteration: 'Sprint 1', parent: 1 },
  {
    type: 'Bug',
    title: 'Password reset mail arrives twice',
    area: 'Identity',
    iteration: 'Sprint 1',
    assignedTo: 'developer',
    state: 'Active',
    tags: 'support',
    extra: {
      'Microsoft.VSTS.Common.Severity': '2 - High',
      'Microsoft.VSTS.Common.Priority': 1,
      'Microsoft.VSTS.TCM.ReproSteps':
        '<div>Ask for a reset with <b>two</b> tabs open; two mails arrive.</div>',
    },
  },
  {
    type: 'Bug',
    title: 'VPN client drops the connection after standby',
    area: 'Operations',
    assignedTo: 'contributor',
    tags: 'network; support',
    extra: { 'Microsoft.VSTS.Common.Severity': '1 - Critical' },
  },
  {
    type: 'Bug',
    title: 'Export to Excel cuts off umlauts',
    area: 'Web',
    state: 'Resolved',
    assignedTo: 'developer',
    iteration: 'Sprint 1',
  },
  { type: 'Bug', title: 'Search ignores archived requests', area: 'Web' },
  {
    type: 'Issue',
    title: 'The test environment has no mail server',
    area: 'Operations',
    assignedTo: 'admin',
  },
  {
    type: 'User Story',
    title: 'Agents hand a ticket to development with one click',
    area: 'Web',
    iteration: 'Sprint 2',
    tags: 'integration',
  },
  {
    type: 'Task',
    title: 'Describe the hand-over for the service desk',
    area: 'Operations',
    iteration: 'Sprint 2',
    parent: 9,
  },
  {
    type: 'Bug',
    title: 'Printer queue of site Graz is stuck every Monday',
    area: 'Operations',
    assignedTo: 'contributor',
    tags: 'hardware',
  },
  {
    type: 'Task',
    title: 'Renew the certificate of the intranet',
    area: 'Operations',
    state: 'Closed',
    assignedTo: 'admin',
  },
];

export function seed(simulator: Simulator): void {
  const { store, clock } = simulator;
  const fabrikam = store.addProject('Fabrikam', 'The customer portal and what runs it.', clock.iso());
  const research = store.addProject(
    'Research Lab',
    'Experiments; nobody but administrators sees it.',
    clock.iso(),
  );
  for (const name of ['Web', 'Identity', 'Operations']) store.addNode(fabrikam.areas, name);
  const web = store.findNode(fabrikam.areas, 'Fabrikam\\Web');
  if (web !== undefined) store.addNode(web, 'Mobile');
  const day = (offset: number) =>
    new Date(Math.floor(clock.nowMs() / 86_400_000 + offset) * 86_400_000).toISOString();
  store.addNode(fabrikam.iterations, 'Sprint 1', { startDate: day(-7), finishDate: day(7) });
  store.addNode(fabrikam.iterations, 'Sprint 2', { startDate: day(7), finishDate: day(21) });
  grant(simulator, fabrikam, {
    admin: 'administrator',
    contributor: 'contributor',
    developer: 'contributor',
    reader: 'reader',
    service: 'contributor',
  });
  grant(simulator, research, { admin: 'administrator', service: 'contributor' });
  seedWorkItems(simulator, fabrikam);
}

function grant(simulator: Simulator, project: Project, roles: Record<string, ProjectRole>): void {
  for (const [key, role] of Object.entries(roles)) {
    const user = simulator.users.byKey(key);
    user.roles.set(project.id, role);
    project.teams[0]?.memberIds.push(user.id);
  }
}

function seedWorkItems(simulator: Simulator, project: Project): void {
  const author: SandboxUser = simulator.users.byKey('admin');
  for (const item of seedItems) {
    const fields: Record<string, unknown> = {
      'System.Title': item.title,
      ...(item.area === undefined ? {} : { 'System.AreaPath': `${project.name}\\${item.area}` }),
      ...(item.iteration === undefined
        ? {}
        : { 'System.IterationPath': `${project.name}\\${item.iteration}` }),
      ...(item.assignedTo === undefined
        ? {}
        : { 'System.AssignedTo': simulator.users.byKey(item.assignedTo).uniqueName }),
      ...(item.tags === undefined ? {} : { 'System.Tags': item.tags }),
      ...(item.description === undefined ? {} : { 'System.Description': item.description }),
      ...item.extra,
    };
    const operations: unknown[] = Object.entries(fields).map(([name, value]) => ({
      op: 'add',
      path: `/fields/${name}`,
      value,
    }));
    if (item.parent !== undefined)
      operations.push({
        op: 'add',
        path: '/relations/-',
        value: {
          rel: 'System.LinkTypes.Hierarchy-Reverse',
          url: `${simulator.organizationUrl}/_apis/wit/workItems/${item.parent}`,
        },
      });
    const workItem = createWorkItem(simulator, project, item.type, operations, author, {
      suppressNotifications: true,
    });
    if (item.state !== undefined)
      updateWorkItem(
        simulator,
        workItem,
        [{ op: 'add', path: '/fields/System.State', value: item.state }],
        author,
        { suppressNotifications: true },
      );
  }
  const first = simulator.store.workItems.get(4);
  if (first !== undefined)
    addComment(
      simulator,
      first,
      simulator.users.byKey('contributor'),
      '<div>Seen on the test system too.</div>',
    );
  simulator.ledger.clear();
}
