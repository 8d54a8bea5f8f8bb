import type { DeletionPolicy, MappingSettings, Rule } from '../../backend/contract/mapping.ts';
import { until } from '../support/rig.ts';
import {
  addMapping,
  cardOf,
  createCall,
  createWorkItem,
  effectsOf,
  expectBalancedBooks,
  idle,
  inAgreement,
  linkPair,
  openScene,
  readPanel,
  runsEnded,
  type Scene,
} from '../support/scene.ts';
import {
  commentOnWorkItem,
  editCall,
  editWorkItem,
  type Pair,
  readCall,
  readWorkItem,
  times,
} from '../support/two-sides.ts';
import { echoWatch } from '../support/writes.ts';

let scene: Scene;
const watch = echoWatch(() => scene);

const begins = (field: string, value: string): Rule => ({
  kind: 'condition',
  field,
  operator: 'startsWith',
  value,
});

const creating = (settings: MappingSettings): MappingSettings => ({
  ...settings,
  ticketTemplate: '96',
  createTicket: {
    mode: 'automatic',
    isDefault: false,
    onStates: [],
    rule: begins('System.Title', 'AUTO'),
  },
  createWorkItem: {
    mode: 'automatic',
    isDefault: false,
    onStates: [],
    rule: { kind: 'condition', field: 'AssignedGroup', operator: 'equals', value: '16' },
  },
  referenceField: 'Custom.TicketNumber',
  response: { workItem: [], ticket: [{ field: 'CustomString5', value: 'id' }] },
});

beforeAll(async () => {
  scene = await openScene({ mapping: creating });
});
afterAll(() => scene?.close());

const calls = (title: string) =>
  scene.rig
    .control<{ calls: { Ref: number; Subject: string }[] }>(
      'alemba',
      'GET',
      `/calls?q=${encodeURIComponent(title)}`,
    )
    .then((answer) => answer.calls.filter((call) => call.Subject === title));

const linked = (workItemId: number) =>
  until(`work item ${workItemId} has a ticket`, async () => {
    const card = await cardOf(scene, workItemId);
    return card?.condition === 'inAgreement' ? card : undefined;
  });

describe('creating', () => {
  test('a work item that the criteria want gets one call, with its number and address written back', async () => {
    const id = await createWorkItem(scene, {
      'System.Title': 'AUTO export is broken',
      'System.Description': '<p>since Monday</p>',
      'Microsoft.VSTS.Common.Priority': 1,
    });
    const card = await linked(id);
    const [call, item] = [
      await readCall(scene.rig, Number(card.ticketId)),
      await readWorkItem(scene.rig, id),
    ];
    expect(call.subject).toBe('AUTO export is broken');
    expect(call.description).toContain('since Monday');
    expect(call.priority).toBe(1);
    expect(item.fields['Custom.TicketNumber']).toBe(card.number);
    expect(item.hyperlinks).toEqual([card.url]);
    expect(await calls('AUTO export is broken')).toHaveLength(1);
    await watch.rest({ workItemId: id, callRef: Number(card.ticketId) });
  });

  test('a work item gets its call when an edit makes the criteria match, and others get none', async () => {
    const id = await createWorkItem(scene, { 'System.Title': 'not wanted yet' });
    await idle(scene);
    expect((await readPanel(scene, id)).tickets).toEqual([]);
    await editWorkItem(scene.rig, id, { 'System.Title': 'AUTO wanted now' });
    await linked(id);
    expect(await calls('AUTO wanted now')).toHaveLength(1);
  });

  test('from the panel: one call for one requestKey, a second one for another', async () => {
    const id = await createWorkItem(scene, { 'System.Title': 'By hand' });
    const ask = (requestKey: string) =>
      scene.rig.api(
        'createTicket',
        {
          params: { workItemId: String(id) },
          body: { mappingId: scene.mappingId, requestKey, values: { Subject: 'By hand, said better' } },
        },
        'contributor',
      );
    await Promise.all([ask('first-request'), ask('first-request'), ask('first-request')]);
    await ask('first-request');
    await linked(id);
    await idle(scene);
    expect(await calls('By hand, said better')).toHaveLength(1);
    await ask('second-request');
    await idle(scene);
    expect((await readPanel(scene, id)).tickets).toHaveLength(2);
  });

  test('an agent hands a call to the mapped group: one work item, its number in the call', async () => {
    const ref = await createCall(scene, {
      Subject: 'For development',
      text: 'Please look',
      AssignedGroup: 16,
    });
    const [row] = await until('a work item is linked', async () => {
      const rows = await scene.rows<{ work_item_id: string }>(
        `select work_item_id from link where ticket_id = $1 and condition = 'inAgreement'`,
        [String(ref)],
      );
      return rows.length > 0 ? rows : undefined;
    });
    const id = Number(row?.work_item_id);
    const item = await readWorkItem(scene.rig, id);
    expect(item.title).toBe('For development');
    expect(item.description).toContain('Please look');
    await idle(scene);
    const [stored] = await scene.rows<{ base: { ticket: { fields: Record<string, unknown> } } }>(
      'select base from link where ticket_id = $1',
      [String(ref)],
    );
    expect(stored).toBeDefined();
    const wrote = await effectsOf(scene.rig, 'alemba', {
      recordId: ref,
      effect: 'field.updated',
      ours: true,
    });
    expect(wrote.map(({ detail }) => detail)).toContainEqual(
      expect.objectContaining({ field: 'CustomString5', to: String(id) }),
    );
    const created = await effectsOf(scene.rig, 'azure', { effect: 'workItem.created', ours: true });
    expect(
      created.filter((effect) => JSON.stringify(effect.detail).includes('For development')),
    ).toHaveLength(1);
    await watch.rest({ workItemId: id, callRef: ref });
  });
});

describe('linking existing records', () => {
  const unlike = async () => {
    const [workItemId, callRef] = await Promise.all([
      createWorkItem(scene, { 'System.Title': 'Words of the developer' }),
      createCall(scene, { Subject: 'Words of the agent' }),
    ]);
    return { workItemId, callRef };
  };
  const link = async (pair: Pair, onLink: string) => {
    await scene.rig.api('linkTicket', {
      params: { workItemId: String(pair.workItemId) },
      body: { mappingId: scene.mappingId, ticketId: String(pair.callRef), onLink },
    });
    await inAgreement(scene, pair.workItemId);
    await idle(scene);
    const [item, call] = await Promise.all([
      readWorkItem(scene.rig, pair.workItemId),
      readCall(scene.rig, pair.callRef),
    ]);
    return [item.title, call.subject];
  };

  test('keep leaves both as they are until one changes', async () => {
    const pair = await unlike();
    expect(await link(pair, 'keep')).toEqual(['Words of the developer', 'Words of the agent']);
    await editCall(scene.rig, pair.callRef, { Subject: 'New words' });
    await until('the new title has arrived', async () => {
      const { title } = await readWorkItem(scene.rig, pair.workItemId);
      return title === 'New words' || undefined;
    });
    await watch.rest(pair);
  });

  test.each([
    ['workItemWins', 'Words of the developer'],
    ['ticketWins', 'Words of the agent'],
  ])('%s', async (onLink, words) => {
    const pair = await unlike();
    expect(await link(pair, onLink)).toEqual([words, words]);
    await watch.rest(pair);
  });

  test('twice is refused', async () => {
    const pair = await linkPair(scene);
    const answer = await scene.rig.ask('linkTicket', {
      params: { workItemId: String(pair.workItemId) },
      body: { mappingId: scene.mappingId, ticketId: String(pair.callRef) },
    });
    expect(answer).toMatchObject({ status: 409, body: { code: 'alreadyLinked' } });
  });

  test('unlinked records stay and go their own ways', async () => {
    const pair = await linkPair(scene);
    const { linkId } = await inAgreement(scene, pair.workItemId);
    await scene.rig.api('unlinkTicket', { params: { workItemId: String(pair.workItemId), linkId } });
    await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'Alone' });
    await commentOnWorkItem(scene.rig, pair.workItemId, 'Nobody hears this');
    const sentinel = await linkPair(scene);
    await editWorkItem(scene.rig, sentinel.workItemId, { 'System.Title': 'Sent later' });
    await until('a later change has arrived', async () => {
      const { subject } = await readCall(scene.rig, sentinel.callRef);
      return subject === 'Sent later' || undefined;
    });
    await idle(scene);
    const call = await readCall(scene.rig, pair.callRef);
    expect(call.subject).not.toBe('Alone');
    expect(times(call.comments, 'Nobody hears')).toBe(0);
    expect((await readPanel(scene, pair.workItemId)).tickets).toEqual([]);
  });
});

describe('conflicts', () => {
  /** Both sides change the title while Tandem is switched off, so that neither is carried over in between. */
  const contest = async (pair: Pair) => {
    const { projectId } = scene;
    await scene.rig.api('switchTenant', { params: { projectId }, body: { enabled: false } });
    await runsEnded(scene);
    await editWorkItem(scene.rig, pair.workItemId, {
      'System.Title': 'Developer says',
      'System.State': 'Active',
    });
    // Alemba's dates have whole seconds; a tie would leave open which is newer.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await editCall(scene.rig, pair.callRef, { Subject: 'Agent says' });
    await scene.rig.api('switchTenant', { params: { projectId }, body: { enabled: true } });
  };

  test('ask: the field waits, the rest goes on, and a person decides', async () => {
    const mappingId = await addMapping(scene, (settings) => ({ ...byHandOnly(settings), conflict: 'ask' }));
    const pair = await linkPair(scene, { mappingId });
    await contest(pair);
    const card = await until('the conflict is shown', async () => {
      const now = await cardOf(scene, pair.workItemId);
      return now?.condition === 'conflict' ? now : undefined;
    });
    expect(card.conflicts).toMatchObject([
      { row: 'title', workItem: { value: 'Developer says' }, ticket: { value: 'Agent says' } },
    ]);
    expect(card.remedy).toBe('resolveConflict');
    const call = await readCall(scene.rig, pair.callRef);
    expect([call.subject, call.status]).toEqual(['Agent says', 'In Progress']);
    await scene.rig.api('resolveConflict', {
      params: { workItemId: String(pair.workItemId), linkId: card.linkId },
      body: { choices: [{ row: 'title', keep: 'workItem' }] },
    });
    await inAgreement(scene, pair.workItemId);
    expect((await readCall(scene.rig, pair.callRef)).subject).toBe('Developer says');
    await watch.rest(pair);
  });

  test('newestWins: the later change holds on both sides', async () => {
    const pair = await linkPair(scene);
    await contest(pair);
    await until('the later one holds', async () => {
      const { title } = await readWorkItem(scene.rig, pair.workItemId);
      return title === 'Agent says' || undefined;
    });
    await inAgreement(scene, pair.workItemId);
    expect((await readCall(scene.rig, pair.callRef)).subject).toBe('Agent says');
  });
});

const byHandOnly = (settings: MappingSettings): MappingSettings => ({
  ...settings,
  createTicket: { ...settings.createTicket, mode: 'manual' },
  createWorkItem: { ...settings.createWorkItem, mode: 'never' },
});

test('a link rests while a record does not meet the condition for updates, and then catches up', async () => {
  const mappingId = await addMapping(scene, (settings) => ({
    ...byHandOnly(settings),
    conflict: 'workItemWins',
    updateWhen: { ticket: { kind: 'condition', field: 'AssignedGroup', operator: 'equals', value: '16' } },
  }));
  const workItemId = await createWorkItem(scene, { 'System.Title': 'Rests' });
  const callRef = await createCall(scene, { Subject: 'Rests', AssignedGroup: 16 });
  await scene.rig.api('linkTicket', {
    params: { workItemId: String(workItemId) },
    body: { mappingId, ticketId: String(callRef), onLink: 'workItemWins' },
  });
  await inAgreement(scene, workItemId);
  await editCall(scene.rig, callRef, { AssignedGroup: 15 });
  const card = await until('it rests', async () => {
    const now = await cardOf(scene, workItemId);
    return now?.condition === 'resting' ? now : undefined;
  });
  expect(card.reason).toContain('condition for updates');
  await editWorkItem(scene.rig, workItemId, { 'System.Title': 'Changed while it rested' });
  await commentOnWorkItem(scene.rig, workItemId, 'Said while it rested');
  await idle(scene);
  const resting = await readCall(scene.rig, callRef);
  expect([resting.subject, resting.comments]).toEqual(['Rests', []]);
  await editCall(scene.rig, callRef, { AssignedGroup: 16 });
  await inAgreement(scene, workItemId);
  const after = await readCall(scene.rig, callRef);
  expect(after.subject).toBe('Changed while it rested');
  expect(times(after.comments, 'Said while it rested')).toBe(1);
});

describe('a deleted work item', () => {
  const remove = async (policy: DeletionPolicy) => {
    const mappingId = await addMapping(scene, (settings) => ({
      ...byHandOnly(settings),
      onDeleted: { workItem: policy, ticket: policy },
    }));
    const pair = await linkPair(scene, { mappingId });
    await scene.rig.control('azure', 'POST', '/act', { do: 'delete', id: pair.workItemId });
    await until('the deletion was settled', async () => {
      const [row] = await scene.rows<{ condition: string; ended: boolean; missing: boolean }>(
        `select condition, ended_at is not null as ended, coalesce((base #>> '{workItem,missing}')::boolean, false) as missing
         from link where ticket_id = $1`,
        [String(pair.callRef)],
      );
      return row?.ended || row?.missing || undefined;
    });
    await idle(scene);
    return pair;
  };
  const restore = async (pair: Pair) => {
    await scene.rig.control('azure', 'POST', '/act', { do: 'restore', id: pair.workItemId });
    await inAgreement(scene, pair.workItemId);
    await idle(scene);
  };

  test('note: the call is told once, and told again when it is back', async () => {
    const pair = await remove('note');
    const gone = await readCall(scene.rig, pair.callRef);
    expect(times(gone.comments, 'was deleted')).toBe(1);
    expect(gone.closed).toBe(false);
    await restore(pair);
    const back = await readCall(scene.rig, pair.callRef);
    expect([times(back.comments, 'was deleted'), times(back.comments, 'is back')]).toEqual([1, 1]);
    await editCall(scene.rig, pair.callRef, { Subject: 'Goes on' });
    await until('the link goes on', async () => {
      const { title } = await readWorkItem(scene.rig, pair.workItemId);
      return title === 'Goes on' || undefined;
    });
  });

  test('close: the call is closed', async () => {
    const pair = await remove('close');
    expect((await readCall(scene.rig, pair.callRef)).closed).toBe(true);
  });

  test('close: a work item that is restored opens its call again, and is not closed by it', async () => {
    const pair = await remove('close');
    const { closed, status } = await readCall(scene.rig, pair.callRef);
    expect(closed).toBe(true);
    await restore(pair);
    const call = await readCall(scene.rig, pair.callRef);
    expect([call.closed, call.status]).toEqual([false, expect.not.stringMatching(String(status))]);
    expect((await readWorkItem(scene.rig, pair.workItemId)).state).toBe('New');
  });

  test('unlink: the call stays, the link ends', async () => {
    const pair = await remove('unlink');
    const call = await readCall(scene.rig, pair.callRef);
    expect([call.closed, call.comments]).toEqual([false, []]);
    const rows = await scene.rows('select from link where ticket_id = $1 and ended_at is null', [
      String(pair.callRef),
    ]);
    expect(rows).toEqual([]);
  });

  test('ignore: nothing is written, and a restored one goes on', async () => {
    const pair = await remove('ignore');
    const call = await readCall(scene.rig, pair.callRef);
    expect([call.closed, call.comments]).toEqual([false, []]);
    await restore(pair);
    expect((await readCall(scene.rig, pair.callRef)).comments).toEqual([]);
  });
});

test('nothing echoes, and the books balance', async () => {
  expect(await watch.echoes(3000)).toEqual([]);
  await expectBalancedBooks(scene);
});
