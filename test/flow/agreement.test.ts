import type { FieldMapping, MappingSettings } from '../../backend/contract/mapping.ts';
import { until } from '../support/rig.ts';
import {
  addMapping,
  cardOf,
  clearFaults,
  createWorkItem,
  expectBalancedBooks,
  holdSweeps,
  idle,
  inAgreement,
  linkPair,
  openScene,
  releaseSweeps,
  requestsOf,
  runsEnded,
  type Scene,
  setFault,
} from '../support/scene.ts';
import {
  attachToCall,
  attachToWorkItem,
  commentOnCall,
  commentOnWorkItem,
  editCall,
  editWorkItem,
  type Pair,
  readCall,
  readWorkItem,
  times,
} from '../support/two-sides.ts';
import { echoWatch, writesDuring } from '../support/writes.ts';

let scene: Scene;
const watch = echoWatch(() => scene);

beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene?.close());

const workItem = (pair: Pair) => readWorkItem(scene.rig, pair.workItemId);
const call = (pair: Pair) => readCall(scene.rig, pair.callRef);

/** Acts, waits until `arrived` says so, and returns what Tandem wrote for it. */
const carry = async (pair: Pair, act: () => Promise<unknown>, arrived: () => Promise<boolean>) => {
  const wrote = await writesDuring(scene, pair, async () => {
    await act();
    await until('it has arrived', async () => (await arrived()) || undefined);
    await idle(scene);
    await inAgreement(scene, pair.workItemId);
  });
  await watch.rest(pair);
  return wrote;
};

describe('fields', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await linkPair(scene);
  });

  test('a title goes both ways with one write each', async () => {
    const out = await carry(
      pair,
      () => editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'From the developer' }),
      async () => (await call(pair)).subject === 'From the developer',
    );
    expect(out).toEqual({ workItem: [], call: ['field.updated Subject'] });
    const back = await carry(
      pair,
      () => editCall(scene.rig, pair.callRef, { Subject: 'From the agent' }),
      async () => (await workItem(pair)).title === 'From the agent',
    );
    expect(back).toEqual({ workItem: ['workItem.updated'], call: [] });
  });

  test('a change of the work item costs one reading of each side, one write, and its lock', async () => {
    await holdSweeps(scene);
    await idle(scene);
    for (const system of ['azure', 'alemba'] as const) await scene.rig.control(system, 'DELETE', '/ledger');
    await carry(
      pair,
      () => editWorkItem(scene.rig, pair.workItemId, { 'System.State': 'Active' }),
      async () => (await call(pair)).status === 'In Progress',
    );
    const { requests } = await scene.rig.control<{ requests: Record<string, number> }>(
      'azure',
      'GET',
      '/ledger/counts',
    );
    const { entries } = await scene.rig.control<{ entries: { route: string; path: string }[] }>(
      'alemba',
      'GET',
      '/ledger?kind=request&limit=1000',
    );
    await releaseSweeps(scene);
    const { 'workItem.batch': together = 0, 'workItem.read': alone = 0 } = requests;
    expect(together + alone).toBe(1);
    const about = entries.filter((one) => decodeURIComponent(one.path).includes(String(pair.callRef)));
    expect(about.map((one) => one.route)).toEqual(['call.lock', 'call.search', 'call.update', 'call.unlock']);
  });

  test('a description keeps its form out and in', async () => {
    const html = '<div>Steps <b>to</b> see it</div><ul><li>open</li><li>wait &amp; look</li></ul>';
    await carry(
      pair,
      () => editWorkItem(scene.rig, pair.workItemId, { 'System.Description': html }),
      async () => (await call(pair)).description.includes('wait & look'),
    );
    const stored = (await call(pair)).description;
    expect(stored).toContain('Steps to see it');
    expect(stored).not.toMatch(/<div>|<li>/);
    // What the developer wrote stays as it was written: the way back would be lossy.
    expect((await workItem(pair)).description).toBe(html);
    await carry(
      pair,
      () => editCall(scene.rig, pair.callRef, { text: 'First line\n\n1 < 2 and <script>alert(1)</script>' }),
      async () => (await workItem(pair)).description.includes('First line'),
    );
    const { description } = await workItem(pair);
    expect(description).toContain('1 &lt; 2');
    expect(description).not.toContain('<script');
  });

  test('a priority goes through its table both ways', async () => {
    const out = await carry(
      pair,
      () => editWorkItem(scene.rig, pair.workItemId, { 'Microsoft.VSTS.Common.Priority': 1 }),
      async () => (await call(pair)).priority === 1,
    );
    expect(out).toEqual({ workItem: [], call: ['field.updated Priority'] });
    await carry(
      pair,
      () => editCall(scene.rig, pair.callRef, { Priority: 3 }),
      async () => (await workItem(pair)).priority === 3,
    );
  });

  test('a state goes both ways, and a status that shares its state stays', async () => {
    await carry(
      pair,
      () => editWorkItem(scene.rig, pair.workItemId, { 'System.State': 'Active' }),
      async () => (await call(pair)).status === 'In Progress',
    );
    await carry(
      pair,
      () => editCall(scene.rig, pair.callRef, { CallStatus: 4 }),
      async () => (await workItem(pair)).state === 'Resolved',
    );
    // Pending and In Progress are both Active: many to one.
    await carry(
      pair,
      () => editCall(scene.rig, pair.callRef, { CallStatus: 3 }),
      async () => (await workItem(pair)).state === 'Active',
    );
    expect((await call(pair)).status).toBe('Pending');
    await carry(
      pair,
      () => editWorkItem(scene.rig, pair.workItemId, { 'System.State': 'Closed' }),
      async () => (await call(pair)).closed,
    );
    await carry(
      pair,
      () => scene.rig.control('alemba', 'POST', `/calls/${pair.callRef}/reopen`, { status: 2 }),
      async () => (await workItem(pair)).state === 'Active',
    );
  });

  test('one status for several states does not pull the state back', async () => {
    const mappingId = await addMapping(scene, (settings) => ({
      ...settings,
      states: {
        ...settings.states,
        rows: [
          { workItemState: 'New', ticketStatus: '1', direction: 'both' },
          { workItemState: 'Active', ticketStatus: '2', direction: 'both' },
          { workItemState: 'Resolved', ticketStatus: '2', direction: 'out' },
          { workItemState: 'Closed', ticketStatus: '5', direction: 'both' },
        ],
      },
    }));
    const own = await linkPair(scene, { mappingId });
    await carry(
      own,
      () => editWorkItem(scene.rig, own.workItemId, { 'System.State': 'Resolved' }),
      async () => (await call(own)).status === 'In Progress',
    );
    expect((await workItem(own)).state).toBe('Resolved');
  });

  test('a person who is known there goes over, one who is not leaves the field alone', async () => {
    const people = [
      { from: 'noor.haddad@fabrikam.example', to: 'jessica.mercato@fabrikam.example' },
      { from: 'avery.lindqvist@fabrikam.example', to: 'daniel.fox@fabrikam.example' },
    ];
    const mappingId = await addMapping(scene, (settings) => ({
      ...settings,
      fields: settings.fields.map(
        (row): FieldMapping =>
          row.id === 'assignee'
            ? {
                ...row,
                out: { kind: 'identity', table: people, onUnknown: 'leave' },
                in: {
                  kind: 'identity',
                  table: people.map(({ from, to }) => ({ from: to, to: from })),
                  onUnknown: 'leave',
                },
              }
            : row,
      ),
    }));
    const own = await linkPair(scene, { mappingId });
    await carry(
      own,
      () => editWorkItem(scene.rig, own.workItemId, { 'System.AssignedTo': 'noor.haddad@fabrikam.example' }),
      async () => (await call(own)).officer === 'Jessica Mercato',
    );
    await carry(
      own,
      () => editCall(scene.rig, own.callRef, { AssignedOfficer: 34003 }),
      async () => (await workItem(own)).assignee === 'avery.lindqvist@fabrikam.example',
    );
    await carry(
      own,
      () =>
        editWorkItem(scene.rig, own.workItemId, {
          'System.AssignedTo': 'tomasz.wojcik@fabrikam.example',
          'System.Title': 'Taken over by somebody else',
        }),
      async () => (await call(own)).subject === 'Taken over by somebody else',
    );
    expect((await call(own)).officer).toBe('Daniel Fox');
    expect((await workItem(own)).assignee).toBe('tomasz.wojcik@fabrikam.example');
  });

  test('templates, constants, tables and dates make values', async () => {
    const rows: FieldMapping[] = [
      row('template', 'System.Title', 'CustomString2', 'out', {
        out: { kind: 'template', template: '{{ workItem.title | upcase }} / {{ workItem.id }}', rich: false },
      }),
      row('constant', 'System.Title', 'CustomString3', 'out', {
        out: { kind: 'constant', value: 'Development' },
      }),
      row('table', 'Microsoft.VSTS.Common.Priority', 'CustomString4', 'out', {
        out: {
          kind: 'table',
          rows: [{ from: '1', to: 'now' }],
          otherwise: { value: 'later' },
        },
      }),
      row('date', 'Microsoft.VSTS.Scheduling.DueDate', 'CustomDate1', 'both', {
        out: { kind: 'date', zone: 'UTC', timeOfDay: '12:00' },
        in: { kind: 'date', zone: 'UTC', timeOfDay: '12:00' },
      }),
    ];
    const mappingId = await addMapping(
      scene,
      (settings): MappingSettings => ({
        ...settings,
        workItemTypes: ['Issue'],
        states: { ...settings.states, enabled: false },
        fields: [...settings.fields.filter((field) => field.id === 'title'), ...rows],
      }),
    );
    const own = await linkPair(scene, { mappingId, type: 'Issue' });
    await carry(
      own,
      () =>
        editWorkItem(scene.rig, own.workItemId, {
          'System.Title': 'Mail server',
          'Microsoft.VSTS.Common.Priority': 1,
          'Microsoft.VSTS.Scheduling.DueDate': '2027-03-04T00:00:00Z',
        }),
      async () => (await call(own)).subject === 'Mail server',
    );
    const stored = await scene.rig.control<Record<string, unknown>>('alemba', 'GET', `/calls/${own.callRef}`);
    expect(stored.CustomString2).toBe(`MAIL SERVER / ${own.workItemId}`);
    const more = await scene.rows<{ base: { ticket: { fields: Record<string, unknown> } } }>(
      'select base from link where ticket_id = $1',
      [String(own.callRef)],
    );
    const seen = JSON.stringify(more[0]?.base);
    expect(seen).toContain('Development');
    expect(seen).toContain('now');
    expect(seen).toContain('2027-03-04');
    await carry(
      own,
      () => editWorkItem(scene.rig, own.workItemId, { 'Microsoft.VSTS.Common.Priority': 2 }),
      async () =>
        JSON.stringify(
          await scene.rows('select base from link where ticket_id = $1', [String(own.callRef)]),
        ).includes('later'),
    );
  });
});

const row = (
  id: string,
  workItemField: string,
  ticketField: string,
  direction: FieldMapping['direction'],
  more: Partial<FieldMapping>,
): FieldMapping => ({
  id,
  workItemField,
  ticketField,
  direction,
  when: 'always',
  out: { kind: 'copy' },
  in: { kind: 'copy' },
  ...more,
});

describe('comments', () => {
  test('go both ways once, with their author, and internal', async () => {
    const pair = await linkPair(scene);
    const out = await carry(
      pair,
      () => commentOnWorkItem(scene.rig, pair.workItemId, '<p>Seen in <b>build 7</b></p>'),
      async () => times((await call(pair)).comments, 'build 7') > 0,
    );
    expect(out).toEqual({ workItem: [], call: ['comment.added'] });
    const note = (await call(pair)).notes.find(({ text }) => text.includes('build 7'));
    expect(note?.text).toContain('Noor Haddad wrote in Azure DevOps');
    expect(note?.visible).toBe(false);
    const back = await carry(
      pair,
      () => commentOnCall(scene.rig, pair.callRef, 'The customer waits'),
      async () => times((await workItem(pair)).comments, 'The customer waits') > 0,
    );
    expect(back.call).toEqual([]);
    expect(back.workItem).toHaveLength(1);
    expect((await workItem(pair)).comments.join()).toContain('Jessica Mercato wrote in Alemba');
    expect(times((await workItem(pair)).comments, 'The customer waits')).toBe(1);
    expect(times((await call(pair)).comments, 'The customer waits')).toBe(1);
  });

  test('are public where the mapping says so, and only public ones come back', async () => {
    const mappingId = await addMapping(scene, (settings) => ({
      ...settings,
      comments: { ...settings.comments, outVisibility: 'public', onlyPublic: true },
    }));
    const pair = await linkPair(scene, { mappingId });
    await carry(
      pair,
      () => commentOnWorkItem(scene.rig, pair.workItemId, 'For everybody'),
      async () => (await call(pair)).notes.some(({ text, visible }) => visible && text.includes('everybody')),
    );
    await carry(
      pair,
      async () => {
        await commentOnCall(scene.rig, pair.callRef, 'Between us agents');
        await commentOnCall(scene.rig, pair.callRef, 'Dear customer', true);
      },
      async () => times((await workItem(pair)).comments, 'Dear customer') === 1,
    );
    expect(times((await workItem(pair)).comments, 'Between us agents')).toBe(0);
  });

  test.each([
    { includeSystem: false, expected: 0 },
    { includeSystem: true, expected: 1 },
  ])('of the system itself: $includeSystem', async ({ includeSystem, expected }) => {
    const mappingId = await addMapping(scene, (settings) => ({
      ...settings,
      comments: { ...settings.comments, includeSystem },
    }));
    const pair = await linkPair(scene, { mappingId });
    await carry(
      pair,
      async () => {
        const text = 'The target is at risk.';
        await scene.rig.control('alemba', 'POST', `/calls/${pair.callRef}/escalate`, { text });
        await commentOnCall(scene.rig, pair.callRef, 'Said after it');
      },
      async () => times((await workItem(pair)).comments, 'Said after it') === 1,
    );
    expect(times((await workItem(pair)).comments, 'at risk')).toBe(expected);
  });

  test('written in the panel arrive once, however often the request is repeated', async () => {
    const pair = await linkPair(scene);
    const card = await inAgreement(scene, pair.workItemId);
    const body = { requestKey: 'panel-comment-1', text: 'Typed & sent', visibility: 'public' };
    const params = { workItemId: String(pair.workItemId), linkId: card.linkId };
    const out = await carry(
      pair,
      () =>
        Promise.all([1, 2, 3].map(() => scene.rig.api('commentOnTicket', { params, body }, 'contributor'))),
      async () => times((await call(pair)).comments, 'Typed & sent') > 0,
    );
    expect(out).toEqual({ workItem: [], call: ['comment.added'] });
    expect((await call(pair)).notes.find(({ text }) => text.includes('Typed'))?.visible).toBe(true);
  });
});

describe('attachments', () => {
  test.each([
    ['plain.txt', 'some text'],
    ['empty.bin', ''],
    ['Prüfung Ærø 报告 "q" 100%.txt', 'odd'],
    ['no-ending', 'x'],
    [`${'long '.repeat(30)}.txt`, 'long'],
  ])('%s goes to the call and back', async (name, content) => {
    const pair = await linkPair(scene);
    const out = await carry(
      pair,
      () => attachToWorkItem(scene.rig, pair.workItemId, name, content),
      async () => (await call(pair)).files.length === 1,
    );
    expect(out).toEqual({ workItem: [], call: ['attachment.added'] });
    const back = await carry(
      pair,
      () => attachToCall(scene.rig, pair.callRef, `agent ${name}`, content),
      async () => (await workItem(pair)).files.length === 2,
    );
    expect(back.call).toEqual([]);
    const sizes = await scene.rig.control<{ attachments: { FileSize: number }[] }>(
      'alemba',
      'GET',
      `/calls/${pair.callRef}`,
    );
    expect(sizes.attachments.map((file) => file.FileSize)).toEqual([
      Buffer.byteLength(content),
      Buffer.byteLength(content),
    ]);
  });

  test('that the mapping holds back stay where they are', async () => {
    const mappingId = await addMapping(scene, (settings) => ({
      ...settings,
      attachments: { ...settings.attachments, denyTypes: ['exe'], denyNames: ['secret*'], maxBytes: 20 },
    }));
    const pair = await linkPair(scene, { mappingId });
    await carry(
      pair,
      async () => {
        await attachToWorkItem(scene.rig, pair.workItemId, 'tool.EXE', 'x');
        await attachToWorkItem(scene.rig, pair.workItemId, 'Secret plan.txt', 'x');
        await attachToWorkItem(scene.rig, pair.workItemId, 'large.txt', 'x'.repeat(21));
        await attachToWorkItem(scene.rig, pair.workItemId, 'fine.txt', 'x');
      },
      async () => (await call(pair)).files.length > 0,
    );
    expect((await call(pair)).files).toEqual(['fine.txt']);
  });

  test('whose size the system does not tell are measured on their way, and left where they are', async () => {
    const maxBytes = 200_000;
    const mappingId = await addMapping(scene, (settings) => ({
      ...settings,
      attachments: { ...settings.attachments, maxBytes },
    }));
    const pair = await linkPair(scene, { mappingId });
    const params = { projectId: scene.projectId, connectionId: scene.connectionId };
    await scene.rig.api('pauseConnection', { params });
    await runsEnded(scene);
    await attachToCall(scene.rig, pair.callRef, 'large.bin', Buffer.alloc(maxBytes + 1));
    await attachToCall(scene.rig, pair.callRef, 'just.bin', Buffer.alloc(maxBytes));
    const { attachments } = await scene.rig.control<{ attachments: { Ref: number; Name: string }[] }>(
      'alemba',
      'GET',
      `/calls/${pair.callRef}`,
    );
    await setFault(scene.rig, 'alemba', {
      fault: {
        kind: 'status',
        status: 200,
        body: { results: attachments.map(({ Ref, Name }) => ({ Ref, Name })) },
      },
      match: { method: 'GET', path: `/call/${pair.callRef}/attachments?([?]|$)` },
    });
    const since = new Date().toISOString();
    await scene.rig.api('resumeConnection', { params });
    await until(
      'the smaller one has arrived',
      async () => (await workItem(pair)).files.length > 0 || undefined,
    );
    await inAgreement(scene, pair.workItemId);
    expect((await workItem(pair)).files).toEqual(['just.bin']);
    const linkId = (await cardOf(scene, pair.workItemId))?.linkId ?? '';
    const told = await until('the timeline tells of the larger one', async () => {
      const params = { workItemId: String(pair.workItemId), linkId };
      const { entries } = await scene.rig.api('readTimeline', { params });
      const about = entries.filter(({ from }) => from === 'large.bin');
      return about.length > 0 ? about : undefined;
    });
    expect(told).toMatchObject([{ code: 'attachmentHeldBack', side: 'ticket', reason: 'tooLarge' }]);
    await inAgreement(scene, pair.workItemId);
    expect((await workItem(pair)).files).toEqual(['just.bin']);
    // Known from now on: the next change does not fetch it again.
    await editCall(scene.rig, pair.callRef, { Subject: 'Changed later' });
    await until(
      'the title has arrived',
      async () => (await workItem(pair)).title === 'Changed later' || undefined,
    );
    await idle(scene);
    const fetched = (await requestsOf(scene.rig, 'alemba', since)).filter(
      ({ route }) => route === 'attachment.read',
    );
    expect(fetched).toHaveLength(2);
    await clearFaults(scene.rig);
  });
});

test('a work item without a link and without a trigger is left alone', async () => {
  const id = await createWorkItem(scene, { 'System.Title': 'Nobody asked for a call' });
  await idle(scene);
  expect((await readWorkItem(scene.rig, id)).rev).toBe(1);
});

test('nothing echoes, and the books balance', async () => {
  expect(await watch.echoes(3000)).toEqual([]);
  await expectBalancedBooks(scene);
});
