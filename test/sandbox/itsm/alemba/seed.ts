import type { LookupRow, Row } from './model.ts';
import type { ApiClient, Sessions } from './sessions.ts';
import type { AlembaStore } from './store.ts';

/** The client of the guide's own example: no secret. */
export const publicClientId = '3566bf8b-08bc-5655-9f61-f21d2bfb1e90';
export const secretClientId = '7d0c2a41-9f1e-4b1d-8a53-0c6de1f4b8aa';
export const clientSecret = 'sandbox-client-secret';
export const sandboxPassword = 'sandbox';

const clients: readonly ApiClient[] = [
  {
    id: publicClientId,
    name: 'Tandem',
    sessionType: 'Any',
    grants: ['password', 'refresh_token', 'authorization_code', 'client_credentials'],
    enabled: true,
  },
  {
    id: secretClientId,
    name: 'Tandem (confidential)',
    secret: clientSecret,
    sessionType: 'Analyst',
    grants: ['password', 'refresh_token'],
    enabled: true,
  },
];

type Seed = readonly (readonly [ref: number, name: string, more?: Row])[];

const tables: Record<string, Seed> = {
  'call-state': [
    [1, 'Open', { IsClosed: false }],
    [2, 'Closed', { IsClosed: true }],
    [3, 'Open/Resolved', { IsClosed: false }],
    [4, 'Open/Unresolved', { IsClosed: false }],
    [5, 'Closed/Unresolved', { IsClosed: true }],
  ],
  'call-status': [
    [1, 'New', { CallState: 1 }],
    [2, 'In Progress', { CallState: 1 }],
    [3, 'Pending', { CallState: 4 }],
    [4, 'Resolved', { CallState: 3 }],
    [5, 'Closed', { CallState: 2 }],
    [6, 'Cancelled', { CallState: 5 }],
  ],
  'physical-status': [
    [1, 'New Call'],
    [2, 'Pending'],
    [3, 'Forward Internally'],
    [4, 'Forward Externally'],
    [5, 'Escalated'],
    [6, 'Closed'],
  ],
  'ipk-status': [
    [1, 'Incident', { EntityName: 'incident' }],
    [2, 'Problem', { EntityName: 'problem' }],
    [3, 'Known Error', { EntityName: 'known-error' }],
    [4, 'Major Incident', { EntityName: 'major-incident' }],
    [5, 'Service Request', { EntityName: 'service-request' }],
  ],
  'ipk-stream': [
    [0, 'Standard'],
    [1, 'Development'],
  ],
  type: [
    [100, 'Software', { Parent: null, FullName: 'Software' }],
    [149, 'Application fault', { Parent: 100, FullName: 'Software > Application fault' }],
    [150, 'Sign-in and passwords', { Parent: 100, FullName: 'Software > Sign-in and passwords' }],
    [151, 'Change of an application', { Parent: 100, FullName: 'Software > Change of an application' }],
    [200, 'Network', { Parent: null, FullName: 'Network' }],
    [201, 'VPN', { Parent: 200, FullName: 'Network > VPN' }],
    [202, 'Wireless', { Parent: 200, FullName: 'Network > Wireless' }],
    [300, 'Hardware', { Parent: null, FullName: 'Hardware' }],
    [301, 'Printer', { Parent: 300, FullName: 'Hardware > Printer' }],
  ],
  impact: [
    [1, 'Whole organisation'],
    [2, 'Department'],
    [3, 'One person'],
  ],
  urgency: [
    [1, 'Critical'],
    [2, 'High'],
    [3, 'Medium'],
    [4, 'Low'],
  ],
  priority: [
    [1, 'P1', { ResponseHours: 1 }],
    [2, 'P2', { ResponseHours: 4 }],
    [3, 'P3', { ResponseHours: 8 }],
    [4, 'P4', { ResponseHours: 24 }],
    [5, 'P5', { ResponseHours: 72 }],
  ],
  group: [
    [13, 'Service Desk', { EmailAddress: 'service.desk@fabrikam.example' }],
    [14, 'Network', { EmailAddress: 'network@fabrikam.example' }],
    [15, 'Software', { EmailAddress: 'software@fabrikam.example' }],
    [16, 'ADO Development', { EmailAddress: 'development@fabrikam.example' }],
    [17, 'Infrastructure', { EmailAddress: 'infrastructure@fabrikam.example' }],
    [18, 'HR Services', { EmailAddress: 'hr@fabrikam.example' }],
  ],
  partition: [
    [1, 'Corporate'],
    [2, 'Human Resources'],
  ],
  organization: [
    [5, 'Finance'],
    [6, 'Sales'],
    [7, 'Information Technology'],
  ],
  location: [
    [12, 'London'],
    [13, 'Leeds'],
    [14, 'Home office'],
  ],
  'configuration-item': [
    [5430, 'Payroll web server'],
    [5431, 'Customer portal'],
    [5432, 'VPN gateway'],
    [5433, 'Order service'],
  ],
  'closure-reason': [
    [1, 'Fixed'],
    [2, 'Workaround given'],
    [3, 'Duplicate'],
    [4, 'Not reproducible'],
    [5, 'Withdrawn by the caller'],
  ],
  'call-template': [
    [
      96,
      'Software fault',
      { IpkStatus: 1, IpkStream: 0, Type: 149, Impact: 3, Urgency: 3, ReceivingGroup: 13, Partition: 1 },
    ],
    [
      97,
      'Access request',
      { IpkStatus: 5, IpkStream: 0, Type: 150, Impact: 3, Urgency: 4, ReceivingGroup: 13, Partition: 1 },
    ],
    [
      98,
      'Hardware fault',
      { IpkStatus: 1, IpkStream: 0, Type: 301, Impact: 3, Urgency: 3, ReceivingGroup: 13, Partition: 1 },
    ],
    [
      99,
      'Development bug',
      { IpkStatus: 2, IpkStream: 1, Type: 149, Impact: 2, Urgency: 3, ReceivingGroup: 16, Partition: 1 },
    ],
  ],
};

const streams = [
  [1, 0, 149],
  [1, 0, 150],
  [1, 0, 201],
  [1, 0, 301],
  [2, 0, 149],
  [2, 1, 149],
  [4, 0, 200],
  [5, 0, 150],
  [5, 0, 151],
] as const;

/** Login, name, analyst, organisation, location; e-mail addresses follow the login. */
const people: readonly (readonly [number, string | null, string, boolean, number, number])[] = [
  [1, null, 'System', true, 7, 12],
  [34001, 'integration', 'Tandem Integration', true, 7, 12],
  [34002, 'jmercato', 'Jessica Mercato', true, 7, 12],
  [34003, 'dfox', 'Daniel Fox', true, 7, 13],
  [34004, 'pnair', 'Priya Nair', true, 7, 14],
  [34005, 'sbauer', 'Stefan Bauer', true, 7, 12],
  [34419, 'owilson', 'Olivia Wilson', false, 5, 12],
  [34420, 'tgreen', 'Thomas Green', false, 6, 13],
  [34421, 'akhan', 'Aisha Khan', false, 6, 14],
  [34422, 'mrossi', 'Marco Rossi', false, 5, 12],
];

/** Fills the tables that every installation has, and the people who work with it. */
export function seedReference(store: AlembaStore, sessions: Sessions): void {
  for (const client of clients) sessions.clients.set(client.id, client);
  for (const [entity, rows] of Object.entries(tables)) {
    for (const [ref, name, more] of rows) addRow(store, entity, { Ref: ref, Name: name, ...more });
  }
  streams.forEach(([ipkStatus, ipkStream, type], index) => {
    const name = `${ipkStatus}/${ipkStream}/${type}`;
    const row = { Ref: index + 1, Name: name, IpkStatus: ipkStatus, IpkStream: ipkStream, Type: type };
    addRow(store, 'ipk-status-stream-to-type', row);
    addRow(store, 'ipk-status-stream-type-to-type', row);
  });
  for (const [ref, login, name, isAnalyst, organization, location] of people) {
    addRow(store, 'person', {
      Ref: ref,
      Name: name,
      EmailAddress: login === null ? null : `${name.toLowerCase().replace(' ', '.')}@fabrikam.example`,
      LoginId: login ?? 'system',
      IsAnalyst: isAnalyst,
      Organization: organization,
      Location: location,
    });
    if (login === null) continue;
    // The integration account sees one partition, so that hidden records can be met.
    const partitions = login === 'integration' || !isAnalyst ? [1] : null;
    store.accounts.set(login, { login, password: sandboxPassword, person: ref, locked: false, partitions });
  }
  store.startCallRefsAt(10_056);
}

function addRow(store: AlembaStore, entity: string, row: LookupRow): void {
  store.table(entity).set(row.Ref, row);
}
