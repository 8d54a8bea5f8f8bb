import type { Readable } from 'node:stream';
import { alemba } from '../../backend/connectors/alemba/index.ts';
import type { LockedRead, RecordSystem } from '../../backend/connectors/connector.ts';
import type { Failure } from '../../backend/sync/failure.ts';
import { secretClientId } from '../sandbox/itsm/alemba/seed.ts';
import { type AlembaHarness, openAlemba } from './alemba-harness.ts';
import { createRecord, failureOf, newMark, wantsFields } from './conformance/system.ts';

let side: AlembaHarness;

beforeEach(async () => {
  side = await openAlemba();
});

afterEach(async () => {
  await side.close();
});

const tokenRequests = () =>
  side.simulator.ledger.entries((entry) => entry.kind === 'request' && entry.route === 'oauth.token').length;
const effects = (name: string) => side.simulator.ledger.effects(name).length;
const sessions = () => side.simulator.sessions.list().length;
const lockedCalls = async () => (await side.agent('GET', '/state')).lockedCalls;
const read = (id: string, system: RecordSystem = side.system) => system.read(id, wantsFields(['Subject']));

describe('session', () => {
  test('one login serves many requests at once, and two replicas', async () => {
    const other = side.another();
    await Promise.all([side.system.whoAmI(), other.whoAmI(), read('10040'), read('10041', other)]);
    expect(effects('session.opened')).toBe(1);
    expect(sessions()).toBe(1);
  });

  test('an access token that ran out is refreshed, and the refresh token is used once only', async () => {
    const other = side.another();
    await read('10040');
    await read('10040', other);
    for (let round = 1; round <= 3; round += 1) {
      side.simulator.clock.advance(601_000);
      await Promise.all([read('10040'), read('10041'), read('10042', other), read('10043', other)]);
      expect(effects('session.refreshed')).toBe(round);
    }
    expect(effects('session.opened')).toBe(1);
    expect(sessions()).toBe(1);
  });

  test('a session that an administrator ended is opened again', async () => {
    await read('10040');
    for (const { id } of side.simulator.sessions.list()) side.simulator.sessions.end(id);
    await read('10040');
    expect(effects('session.opened')).toBe(2);
  });

  test('when nothing helps, three attempts are enough', async () => {
    await read('10040');
    const before = tokenRequests();
    side.simulator.faults.set({
      id: '401',
      fault: { kind: 'status', status: 401 },
      match: { path: '/alemba.api/' },
    });
    expect((await failureOf(read('10040'))).kind).toBe('unauthorized');
    expect(tokenRequests() - before).toBe(2);
  });

  test('a refresh whose answer is lost costs one more login, not the connection', async () => {
    await read('10040');
    side.simulator.clock.advance(601_000);
    const match = { path: 'oauth/login' };
    side.simulator.faults.set({ id: 'l', fault: { kind: 'afterEffect', how: 'reset' }, match, remaining: 1 });
    expect((await failureOf(read('10040'))).kind).toBe('unavailable');
    await read('10040');
    expect(effects('session.opened')).toBe(2);
  });

  test('closing gives the licence back', async () => {
    await read('10040');
    await side.system.close();
    expect(sessions()).toBe(0);
    expect(side.context.vault.read('session')).resolves.toBeUndefined();
    await side.system.close();
  });

  test('no free licence is a wait, not a wrong password', async () => {
    side.simulator.store.settings.licences = 1;
    await side.system.whoAmI();
    const second = side.connect();
    const { kind, error } = await failureOf(read('10040', second));
    expect(kind).toBe('throttled');
    expect((error as Failure).details.retryAfterMs).toBeGreaterThan(0);
    expect((error as Failure).message).toContain('licence');
    expect((await second.test()).find((check) => check.outcome === 'failed')?.code).toBe('licence');
  });

  test('a wrong password is not tried again and again, and a corrected one at once', async () => {
    const wrong = side.connect({}, { password: 'wrong' });
    for (let attempt = 0; attempt < 5; attempt += 1)
      expect((await failureOf(read('10040', wrong))).kind).toBe('unauthorized');
    expect(tokenRequests()).toBe(1);
  });

  test('a client with a secret, the other token path, version 1', async () => {
    const settings = {
      clientId: secretClientId,
      'auth.tokenPath': '/alemba.api/oauth/token',
      apiVersion: 'v1',
    };
    const system = side.connect(settings, { password: 'sandbox', clientSecret: 'sandbox-client-secret' });
    expect((await read('10040', system)).snapshot.ref.id).toBe('10040');
    const without = side.connect(settings, { password: 'sandbox' });
    expect((await failureOf(read('10040', without))).kind).toBe('unauthorized');
  });

  test('no secret appears in a log line or failure', async () => {
    await read('10040');
    const stored = await side.context.vault.read('session');
    const { accessToken } = JSON.parse(stored ?? '{}') as { accessToken: string };
    side.simulator.faults.set({
      id: '5',
      fault: { kind: 'status', status: 500, body: { Message: `token ${accessToken}` } },
    });
    const { error } = await failureOf(read('10040'));
    await side.system.close();
    const told = JSON.stringify([side.context.lines, (error as Error).message]);
    expect(told).not.toContain(accessToken);
    expect(told).not.toContain('sandbox"');
  });
});

describe('creating in two steps', () => {
  test('a call that was left between create and submit is finished by whoever looks for its mark', async () => {
    const mark = newMark();
    side.simulator.faults.set({
      id: 's',
      fault: { kind: 'status', status: 500 },
      match: { path: '/submit' },
      remaining: 1,
    });
    const attempt = side.system.create({ ...side.newRecord('Half done'), mark });
    expect((await failureOf(attempt)).kind).toBe('ambiguous');
    expect(effects('ticket.submitted')).toBe(0);
    const [found] = await side.another().findByMark(mark, { since: new Date(0) });
    expect(effects('ticket.created')).toBe(1);
    expect(effects('ticket.submitted')).toBe(1);
    expect((await side.agent('GET', `/calls/${found?.id}`)).submitted).toBe(true);
    await side.system.findByMark(mark, { since: new Date(0) });
    expect(effects('ticket.submitted')).toBe(1);
  });

  test('a draft whose submit is refused is corrected, not left behind', async () => {
    const mark = newMark();
    const body = { Type: 'FieldValidationException', Message: 'Invalid', Errors: { Impact: ['Required'] } };
    const refuse = {
      id: 's',
      fault: { kind: 'status', status: 400, body },
      match: { path: '/submit' },
    } as const;
    side.simulator.faults.set(refuse);
    const first = await failureOf(side.system.create({ ...side.newRecord('First words'), mark }));
    expect(first.kind).toBe('rejected');
    expect((first.error as Failure).details.fields).toEqual([{ field: 'Impact', problem: 'Required' }]);
    expect(await side.system.findByMark(mark, { since: new Date(0) })).toEqual([]);
    side.simulator.faults.clear();
    const { ref } = await side.system.create({ ...side.newRecord('Better words'), mark });
    expect(effects('ticket.created')).toBe(1);
    expect((await read(ref.id)).snapshot.title).toBe('Better words');
  });

  test.each([
    ['the same process', () => side.system],
    ['another replica', () => side.another()],
  ])('a refused create that is repeated by %s makes one call', async (_who, repeater) => {
    const mark = newMark();
    const body = { Type: 'FieldValidationException', Message: 'Invalid', Errors: { Impact: ['Required'] } };
    const fault = { kind: 'status', status: 400, body } as const;
    side.simulator.faults.set({ id: 's', fault, match: { path: '/submit' }, remaining: 1 });
    expect((await failureOf(side.system.create({ ...side.newRecord('One'), mark }))).kind).toBe('rejected');
    const system = repeater();
    const { ref } = await system.create({ ...side.newRecord('Two'), mark });
    if (system === side.system) expect(effects('ticket.created')).toBe(1);
    for (const one of [side.system, side.another()]) {
      const found = await one.findByMark(mark, { since: new Date(0) });
      expect(found.map((record) => record.id)).toEqual([ref.id]);
    }
    expect(effects('ticket.submitted')).toBe(1);
  });

  test('a mark that the database finds without regard to case is no hit', async () => {
    await side.system.whoAmI();
    const mark = newMark();
    const row = { Ref: 10040, CustomString1: `Tandem-${mark.toUpperCase()}`, _actions: {} };
    const fault = { kind: 'status', status: 200, body: { results: [row] } } as const;
    side.simulator.faults.set({ id: 'm', fault, match: { method: 'GET', path: '/call\\?' } });
    expect(await side.system.findByMark(mark, { since: new Date(0) })).toEqual([]);
  });

  test('officer and group follow by a forward, a closed status by a close', async () => {
    const { ref, refused } = await side.system.create({
      ...side.newRecord('Assigned'),
      fields: {
        ...side.newRecord('Assigned').fields,
        AssignedGroup: { kind: 'choice', id: '15' },
        AssignedOfficer: { kind: 'principal', id: 'ado-guid', email: 'daniel.fox@fabrikam.example' },
      },
      mark: newMark(),
    });
    expect(refused).toBeUndefined();
    const { snapshot } = await read(ref.id);
    expect(snapshot.assignee).toEqual({
      kind: 'principal',
      id: '34003',
      name: 'Daniel Fox',
      email: 'daniel.fox@fabrikam.example',
    });
    const closed = await side.system.create({
      ...side.newRecord('Closed'),
      fields: { ...side.newRecord('Closed').fields, CallStatus: { kind: 'choice', id: '5' } },
      mark: newMark(),
    });
    expect((await read(closed.ref.id)).snapshot.status.id).toBe('5');
  });

  test('what is missing is rejected with the names of the fields', async () => {
    const system = side.connect({ partition: '', 'call.ipkStatus': '' });
    const { kind, error } = await failureOf(system.create({ fields: { Subject: 'x' }, mark: newMark() }));
    expect(kind).toBe('rejected');
    const names = (error as Failure).details.fields?.map((problem) => problem.field);
    expect(names).toEqual(expect.arrayContaining(['IpkStatus', 'Partition']));
  });

  test('a template decides status and stream, and the work item is linked back', async () => {
    const system = side.connect({ 'backlink.field': 'CustomString2' });
    const counterpart = { id: '7', key: '7', url: 'https://dev.azure.com/f/_workitems/edit/7' };
    const { ref, revision, bookmark } = await system.create({
      template: '96',
      fields: { Subject: 'From a template' },
      mark: newMark(),
      counterpart,
    });
    const { snapshot } = await system.read(ref.id, wantsFields(['CustomString2', 'Template']));
    expect(snapshot.fields).toMatchObject({
      CustomString2: counterpart.url,
      Template: { id: '96', name: 'Software fault' },
    });
    expect(snapshot.revision).toBe(revision);
    expect(bookmark).toBe(revision?.split('/')[1]);
    side.forgetRequests();
    await system.addHyperlink(ref.id, { url: counterpart.url, comment: '' });
    expect(side.requests().writes).toBe(0);
    await system.addHyperlink(ref.id, { url: 'https://elsewhere.example/8', comment: '' });
    expect(
      (await system.read(ref.id, wantsFields(['CustomString2']))).snapshot.fields.CustomString2,
    ).toContain('/8');
  });
});

describe('locks', () => {
  test('are given back after success, refusal and a stale revision', async () => {
    const id = await createRecord(side);
    const { revision } = (await read(id)).snapshot;
    const rejected = side.system.update(id, [{ field: 'CustomString2', value: 'x'.repeat(300), row: 'r' }], {
      revision,
    });
    expect((await failureOf(rejected)).kind).toBe('rejected');
    expect(await lockedCalls()).toEqual([]);
    await side.system.update(id, [{ field: 'Subject', value: 'ok', row: 'r' }], { revision });
    expect(await lockedCalls()).toEqual([]);
    const stale = side.system.update(id, [{ field: 'Subject', value: 'late', row: 'r' }], { revision });
    expect((await failureOf(stale)).kind).toBe('stale');
    expect(await lockedCalls()).toEqual([]);
  });

  test('an unlock that fails is told in the log, and the update counts', async () => {
    const id = await createRecord(side);
    const { revision } = (await read(id)).snapshot;
    side.simulator.faults.set({
      id: 'u',
      fault: { kind: 'status', status: 500 },
      match: { path: '/unlock' },
    });
    await side.system.update(id, [{ field: 'Subject', value: 'ok', row: 'r' }], { revision });
    expect(side.context.lines.map(({ line }) => line)).toContain('alemba.unlock_failed');
    expect((await read(id)).snapshot.title).toBe('ok');
  });

  test.each(['truncated', 'status500', 'reset'] as const)(
    'a lock whose answer was lost (%s) is given back',
    async (how) => {
      const id = await createRecord(side);
      const { revision } = (await read(id)).snapshot;
      side.simulator.faults.set({ id: 'l', fault: { kind: 'afterEffect', how }, match: { path: '/lock$' } });
      const update = side.system.update(id, [{ field: 'Subject', value: 'late', row: 'r' }], { revision });
      expect((await failureOf(update)).kind).toMatch(/unavailable|ambiguous|malformed/);
      expect(await lockedCalls()).toEqual([]);
    },
  );

  test('an unlock that is throttled time and again is still done', async () => {
    const id = await createRecord(side);
    const { revision } = (await read(id)).snapshot;
    side.simulator.faults.set({
      id: 'u',
      fault: { kind: 'throttle', status: 429, retryAfter: '1' },
      match: { path: '/unlock' },
      remaining: 7,
    });
    await side.system.update(id, [{ field: 'Subject', value: 'ok', row: 'r' }], { revision });
    const deadline = Date.now() + 25_000;
    for (;;) {
      const locked = (await lockedCalls()) as unknown[];
      if (locked.length === 0) break;
      if (Date.now() > deadline) throw new Error('The call stays locked.');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }, 30_000);

  test('an unlock that waits is not forgotten when the next lock is refused', async () => {
    const id = await createRecord(side);
    const { revision } = (await read(id)).snapshot;
    const fault = (name: string, path: string) =>
      side.simulator.faults.set({ id: name, fault: { kind: 'status', status: 503 }, match: { path } });
    fault('u', '/unlock');
    await side.system.update(id, [{ field: 'Subject', value: 'one', row: 'r' }], { revision });
    side.simulator.faults.set({
      id: 'l',
      fault: { kind: 'throttle', status: 429, retryAfter: '1' },
      match: { path: '/lock$' },
    });
    const next = (await read(id)).snapshot.revision;
    const second = side.system.update(id, [{ field: 'Subject', value: 'two', row: 'r' }], { revision: next });
    expect((await failureOf(second)).kind).toBe('throttled');
    side.simulator.faults.clear();
    const deadline = Date.now() + 10_000;
    while (((await lockedCalls()) as unknown[]).length > 0) {
      if (Date.now() > deadline) throw new Error('The call stays locked.');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }, 20_000);

  test('an agent who is done soon is waited for', async () => {
    const id = await createRecord(side);
    const { revision } = (await read(id)).snapshot;
    await side.other.lock?.(id);
    const patient = side.connect({ 'lock.maxWaitSeconds': 10 });
    const update = patient.update(id, [{ field: 'Subject', value: 'after you', row: 'r' }], { revision });
    const attempts = () =>
      side.simulator.ledger.entries((entry) => entry.kind === 'request' && entry.route === 'call.lock')
        .length;
    const deadline = Date.now() + 5000;
    while (attempts() < 2 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(attempts()).toBeGreaterThanOrEqual(2);
    await side.agent('POST', `/calls/${id}/unlock`, {});
    await update;
    expect((await read(id)).snapshot.title).toBe('after you');
  });

  describe('taken with the reading', () => {
    const readLocked = (id: string, system = side.system) =>
      system.readLocked?.(id, wantsFields(['Subject', 'CustomString2'])) as Promise<LockedRead | undefined>;
    const subject = (value: string) => [{ field: 'Subject', value, row: 'r' }] as const;

    test('spare the update a reading of its own', async () => {
      const id = await createRecord(side);
      await read(id);
      side.forgetRequests();
      const locked = (await readLocked(id)) as LockedRead;
      expect(await lockedCalls()).toHaveLength(1);
      const { revision } = locked.snapshot;
      const written = await locked.update(id, subject('one reading'), { revision });
      await locked.release();
      expect(side.requests().all).toEqual(['call.lock', 'call.search', 'call.update', 'call.unlock']);
      const after = (await read(id)).snapshot;
      expect(after.title).toBe('one reading');
      expect(written.revision).toBe(after.revision);
      expect(await lockedCalls()).toEqual([]);
    });

    test('are given back without an update, and after one that is refused', async () => {
      const id = await createRecord(side);
      await ((await readLocked(id)) as LockedRead).release();
      expect(await lockedCalls()).toEqual([]);

      const locked = (await readLocked(id)) as LockedRead;
      const { revision } = locked.snapshot;
      const tooLong = [{ field: 'CustomString2', value: 'x'.repeat(300), row: 'r' }];
      expect((await failureOf(locked.update(id, tooLong, { revision }))).kind).toBe('rejected');
      expect(await lockedCalls()).toEqual([]);
      // The next one has to take a lock of its own, and to look.
      side.forgetRequests();
      await locked.update(id, subject('second try'), { revision });
      await locked.release();
      expect(side.requests().all).toEqual(['call.lock', 'call.read', 'call.update', 'call.unlock']);
      expect(await lockedCalls()).toEqual([]);
    });

    test('keep agents from changing what was read', async () => {
      const id = await createRecord(side);
      const locked = (await readLocked(id)) as LockedRead;
      await expect(side.other.changeTitle(id, 'theirs')).rejects.toThrow('locked');
      await locked.update(id, subject('ours'), { revision: locked.snapshot.revision });
      expect((await read(id)).snapshot.title).toBe('ours');
    });

    test('are not waited for, and not taken where they cannot be or need not be', async () => {
      const id = await createRecord(side);
      await side.other.lock?.(id);
      side.forgetRequests();
      expect(await readLocked(id)).toBeUndefined();
      expect(side.requests().all).toEqual(['call.lock']);
      await side.agent('POST', `/calls/${id}/unlock`, {});

      const quick = side.connect({ 'lock.check': 'answer' });
      expect(await readLocked(id, quick)).toBeUndefined();

      const closed = { field: 'CallStatus', value: { kind: 'choice', id: '5' }, row: 'state' } as const;
      const { revision } = (await read(id)).snapshot;
      await side.system.update(id, [closed], { revision });
      expect(await readLocked(id)).toBeUndefined();
      expect(await lockedCalls()).toEqual([]);
    });

    test('are given back when the reading fails', async () => {
      const id = await createRecord(side);
      await read(id);
      side.simulator.faults.set({
        id: 's',
        fault: { kind: 'status', status: 500 },
        match: { method: 'GET' },
      });
      expect((await failureOf(readLocked(id))).kind).toBe('unavailable');
      side.simulator.faults.clear();
      expect(await lockedCalls()).toEqual([]);
    });
  });

  test('without the check under the lock one request less is sent', async () => {
    const quick = side.connect({ 'lock.check': 'answer' });
    const id = await createRecord(side);
    const { revision } = (await read(id, quick)).snapshot;
    side.forgetRequests();
    await quick.update(id, [{ field: 'Subject', value: 'quick', row: 'r' }], { revision });
    expect(side.requests().all).toEqual(['call.lock', 'call.update', 'call.unlock']);
    await side.other.changeTitle(id, 'theirs');
    const result = await quick.update(id, [{ field: 'CustomString2', value: 'x', row: 'r' }], { revision });
    expect(result.revision).toBeUndefined();
  });
});

describe('statuses by action', () => {
  test('defer, where the admin says so, in one locked write that unlocks itself', async () => {
    const system = side.connect({ 'status.actions': '3=defer' });
    const id = await createRecord(side);
    const { revision } = (await read(id, system)).snapshot;
    side.forgetRequests();
    const pending = { field: 'CallStatus', value: { kind: 'choice', id: '3' }, row: 'state' } as const;
    const result = await system.update(id, [pending], { revision });
    expect(side.requests().all).toEqual(['call.lock', 'call.read', 'call.defer']);
    expect(result.observed?.CallStatus).toMatchObject({ id: '3' });
    expect((await read(id)).snapshot.revision).toBe(result.revision);
    expect(await lockedCalls()).toEqual([]);
  });

  test('a closed call that an agent reopened meanwhile is stale, not reopened twice', async () => {
    const id = await createRecord(side);
    const first = (await read(id)).snapshot;
    const to = (status: string) =>
      [{ field: 'CallStatus', value: { kind: 'choice', id: status }, row: 'state' }] as const;
    await side.system.update(id, to('5'), { revision: first.revision });
    const closed = (await side.another().read(id, wantsFields([]))).snapshot;
    await side.agent('POST', `/calls/${id}/reopen`, {});
    const late = side.another().update(id, to('2'), { revision: closed.revision });
    expect((await failureOf(late)).kind).toBe('stale');
  });
});

describe('requests', () => {
  test('a state change: read, lock, revision, put, unlock', async () => {
    const id = await createRecord(side);
    await read(id);
    side.forgetRequests();
    const { revision } = (await read(id)).snapshot;
    const working = { field: 'CallStatus', value: { kind: 'choice', id: '2' }, row: 'state' } as const;
    await side.system.update(id, [working], { revision });
    expect(side.requests().all).toEqual([
      'call.search',
      'call.lock',
      'call.read',
      'call.update',
      'call.unlock',
    ]);
  });

  test('an ordinary change is one request to read, and the newest entry comes with it', async () => {
    const id = await createRecord(side);
    const wants = {
      comments: 'ifChanged',
      attachments: 'ifChanged',
      fields: ['Subject', 'Description'],
    } as const;
    const { bookmark } = await side.system.read(id, wants);
    await side.other.comment(id, 'One more thing', 'public');
    side.forgetRequests();
    const { snapshot } = await side.system.read(id, { ...wants, bookmark });
    expect(side.requests().all).toEqual(['call.search']);
    expect(snapshot.comments).toMatchObject([
      { author: { id: '34002', name: 'Jessica Mercato' }, visibility: 'public', system: false },
    ]);
  });

  test('60 readings at once take a handful of requests', async () => {
    const ids = await Promise.all(
      Array.from({ length: 60 }, (_, index) => createRecord(side, `Many ${index}`)),
    );
    await read(ids[0] as string);
    side.forgetRequests();
    const results = await Promise.all(ids.map((id) => read(id)));
    expect(results.map(({ snapshot }) => snapshot.title)).toEqual(ids.map((_, index) => `Many ${index}`));
    expect(side.requests().reads).toBeLessThanOrEqual(4);
    const longest = side.simulator.ledger
      .entries((entry) => entry.kind === 'request')
      .map((entry) => (entry.kind === 'request' ? entry.path.length : 0));
    expect(Math.max(...longest)).toBeLessThanOrEqual(2048);
  });

  test('readings that come while others are under way wait and go together', async () => {
    const ids = Array.from({ length: 11 }, (_, index) => String(10040 + index));
    await read('10040');
    const asked = Promise.withResolvers<void>();
    const fault = { kind: 'held', until: asked.promise } as const;
    side.simulator.faults.set({ id: 'held', fault, match: side.paths.read });
    side.forgetRequests();
    const readings: Promise<unknown>[] = [];
    for (const id of ids) {
      readings.push(read(id));
      // Another turn of the event loop each, so that nothing travels together for having come together.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    asked.resolve();
    await Promise.all(readings);
    expect(side.requests().reads).toBe(3);
  });

  test('a property that one mapping has wrong does not spoil the readings of the others', async () => {
    const [good, bad] = [await createRecord(side, 'Good'), await createRecord(side, 'Bad')];
    await read(good);
    const outcomes = await Promise.allSettled([
      read(good),
      side.system.read(bad, wantsFields(['CustomString99'])),
      read(good),
    ]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('describing twice asks once, and the last good copy outlives a failure', async () => {
    const first = await side.system.describe({});
    side.forgetRequests();
    await side.system.describe({});
    expect(side.requests().all).toEqual([]);
    const status = first.fields.find((field) => field.id === 'CallStatus');
    expect(status).toMatchObject({
      type: 'status',
      choices: expect.arrayContaining([expect.objectContaining({ id: '5', category: 'completed' })]),
    });
    expect(first.fields.find((field) => field.id === 'AssignedGroup')).toMatchObject({
      readOnly: false,
      type: 'choice',
    });
    expect(first.fields.map((field) => field.id)).not.toContain('DescriptionHtml');
  });
});

describe('failures in the words of the vendor', () => {
  const status = async (code: number, body: unknown, headers: Record<string, string> = {}) => {
    await side.system.whoAmI();
    const fault = { kind: 'status', status: code, body, headers } as const;
    side.simulator.faults.set({ id: 'f', fault, match: { path: '/alemba.api/' } });
    const { error } = await failureOf(read('10040'));
    return error as Failure;
  };

  test('a 404 that the API did not write is no missing record', async () => {
    const html = { 'content-type': 'text/html' };
    const failure = await status(404, '<html><title>404 - File or directory not found.</title></html>', html);
    expect(failure.kind).toBe('unavailable');
  });

  test.each([
    [404, { Message: 'x', SubStatus: 'RecordNotFound' }, 'notFound'],
    [404, { Message: 'x', SubStatus: 'ResourceNotFound' }, 'rejected'],
    [400, { Message: 'x', SubStatus: 'LinkedRecordNotFound' }, 'rejected'],
    [403, { Message: 'x', SubStatus: 'NotAllowed' }, 'forbidden'],
    [400, { Message: 'x', SubStatus: 'NotAllowed' }, 'rejected'],
    [400, { Message: 'Record locked by Jessica Mercato', SubStatus: 'None' }, 'stale'],
    [409, { Message: 'Record locked by Jessica Mercato', SubStatus: 'None' }, 'stale'],
    [500, { Message: 'Object reference not set', SubStatus: 'None' }, 'unavailable'],
    [415, { Message: 'x', SubStatus: 'NotSupported' }, 'rejected'],
  ])('%s %j is %s', async (code, body, kind) => {
    expect((await status(code, { Type: 'HttpStatusException', ...body })).kind).toBe(kind);
  });

  test('an unknown property in a change is named, and nothing is sent', async () => {
    const id = await createRecord(side);
    const { revision } = (await read(id)).snapshot;
    side.forgetRequests();
    const change = { field: 'NoSuchThing', value: 'x', row: 'r9' };
    const { kind, error } = await failureOf(side.system.update(id, [change], { revision }));
    expect(kind).toBe('rejected');
    expect((error as Failure).details.fields?.[0]?.field).toBe('NoSuchThing');
    expect(side.requests().writes).toBe(0);
  });

  test('a person whom nobody knows is left, cleared or replaced as the mapping says', async () => {
    const id = await createRecord(side);
    const stranger = { kind: 'principal', id: 'guid', email: 'stranger@elsewhere.example' } as const;
    const set = async (onUnknownPerson?: 'leave' | 'clear' | { kind: 'principal'; id: string }) => {
      const { revision } = (await read(id)).snapshot;
      const change = {
        field: 'AssignedOfficer',
        value: stranger,
        row: 'r',
        ...(onUnknownPerson && { onUnknownPerson }),
      };
      const result = await side.system.update(id, [change], { revision });
      return { refused: result.refused, assignee: (await read(id)).snapshot.assignee };
    };
    expect((await set({ kind: 'principal', id: '34004' })).assignee?.name).toBe('Priya Nair');
    const left = await set('leave');
    expect(left.assignee?.name).toBe('Priya Nair');
    expect(left.refused).toMatchObject([{ field: 'AssignedOfficer' }]);
  });

  test('a closure that needs a reason names it, and takes it from the mapping', async () => {
    side.simulator.store.settings.closure.requireReason = true;
    const id = await createRecord(side);
    const { revision } = (await read(id)).snapshot;
    const done = { field: 'CallStatus', value: { kind: 'choice', id: '5' }, row: 'state' } as const;
    const { kind, error } = await failureOf(side.system.update(id, [done], { revision }));
    expect(kind).toBe('rejected');
    expect((error as Failure).details.fields?.map((problem) => problem.field)).toContain('ClosureReason');
    expect(await lockedCalls()).toEqual([]);
    const reason = { field: 'ClosureReason', value: { kind: 'choice', id: '1' }, row: 'r' } as const;
    await side.system.update(id, [done, reason], { revision });
    expect((await read(id)).snapshot.status.id).toBe('5');
  });
});

describe('webhooks as the simulator sends them', () => {
  test('are verified and name call and revision, with the secret in either place', async () => {
    const { createServer } = await import('node:http');
    const received: { headers: Record<string, string>; body: Buffer }[] = [];
    const server = createServer((request, response) => {
      collect(request).then((body) => {
        received.push({ headers: request.headers as Record<string, string>, body });
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    for (const SecretLocation of ['header', 'body']) {
      await side.agent('POST', '/webhooks', {
        PayloadUrl: `http://127.0.0.1:${port}/`,
        EntityType: 'Call',
        PayloadSelect: 'Ref,CallStatus,LastActionDate,LastHistoryOrder,LastActionedBy',
        Secret: 'a-long-random-secret',
        SecretLocation,
      });
    }
    const id = await createRecord(side);
    const { snapshot } = await read(id);
    const deadline = Date.now() + 5000;
    while (received.length < 4 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    server.close();
    expect(received.length).toBeGreaterThanOrEqual(4);
    for (const { headers, body } of received) {
      const request = { headers, query: {}, body };
      expect(alemba.verifyHook(request, ['a-long-random-secret'])).toBe(true);
      expect(alemba.verifyHook(request, ['another'])).toBe(false);
      const reading = alemba.readHook(request);
      if (reading.verdict !== 'hints') throw new Error(`not read: ${body}`);
      const [hint] = reading.hints;
      expect(hint).toMatchObject({ recordId: id, what: 'created' });
      expect(side.system.isKnownRevision(hint?.revision ?? 'none', snapshot.revision)).toBe(true);
    }
  });
});

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
