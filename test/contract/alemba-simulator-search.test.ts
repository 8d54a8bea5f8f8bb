import { readDate } from '../sandbox/itsm/alemba/query/filter.ts';
import { type AlembaSimulator, startAlemba } from '../sandbox/itsm/alemba/server.ts';
import { control, type Json, RawSession } from './alemba-simulator-session.ts';

let alemba: AlembaSimulator;
let session: RawSession;

beforeAll(async () => {
  alemba = await startAlemba({ pageSize: 100 });
  session = await RawSession.open(alemba);
});
afterAll(() => alemba.close());

const refs = (rows: Json[]) => rows.map((row) => row.Ref);

describe('filters', () => {
  test.each([
    ['Ref==10040', [10040]],
    ['Ref=10040', [10040]],
    ['Ref!=10040 && Ref<10042', [10041]],
    ['Ref==10041 || Ref==10040', [10040, 10041]],
    ['!(Ref>10040)', [10040]],
    ['Ref>=10049 && Ref<=10050', [10049, 10050]],
    ['(Ref==10040 || Ref==10041) && Subject.StartsWith("VPN")', [10041]],
    ['Subject.Contains("password")', [10040]],
    ['Subject.Contains("PASSWORD")', []],
    ['Subject.EndsWith("twice")', [10043]],
    ['AssignedGroup.Name=="Network"', [10041, 10047]],
    ['User.EmailAddress.StartsWith("olivia") && Template==null', [10040]],
    ['CallStatus.CallState.IsClosed==true', [10049, 10050]],
    ['AssignedOfficer!=null && !(Priority==1)', [10040]],
    ['CustomString1=="nothing like it"', []],
    ['@IsDeleted', []],
    ['Ref==10040 && !@IsAssignedToMe', [10040]],
  ])('%s', async (filter, expected) => {
    expect(refs(await session.search(filter))).toEqual(expected);
  });

  test.each([
    'Ref eq 10040',
    'Ref==',
    'Ref==10040)',
    'Ref=="10040"',
    "Subject=='single quotes'",
    'Subject>"a"',
    'subject.Contains("a")',
    'Nonsense==1',
    'Subject.IndexOf("a")',
    'Ref',
    'Ref==10040 & Ref==1',
    'LastActionDate>=@DateTime(yesterday)',
    'LastActionDate>="2017-01-01"',
    '@Nonsense',
    'Partition.Nonsense==1',
    'Ref.Name=="x"',
  ])('%s is refused', async (filter) => {
    const answer = await session.get('/call', { $filter: filter });
    expect([answer.status, answer.body.Type]).toEqual([400, 'HttpStatusException']);
  });

  test('dates with a zone mean what they say; without one they are the server’s local time', async () => {
    const ref = await session.createCall();
    const atMs = alemba.store.calls.get(ref)?.values.LastActionDate ?? 0;
    const iso = (ms: number) => new Date(ms).toISOString().slice(0, 19);
    const since = async (date: string) =>
      refs(await session.search(`LastActionDate>=@DateTime(${date}) && Ref>=${ref}`));
    expect(await since(`${iso(atMs)}Z`)).toEqual([ref]);
    expect(await since(`${iso(atMs + 1000)}Z`)).toEqual([]);
    expect(await since(`${iso(atMs + 3_600_000)}.000+1`)).toEqual([ref]);
    expect(await since(`${iso(atMs + 3_601_000)}.000+01:00`)).toEqual([]);
    // One hour east of UTC: the zone-less date lies an hour earlier than the client meant.
    expect(await since(iso(atMs + 3_600_000))).toEqual([ref]);
    expect(await since(iso(atMs + 3_601_000))).toEqual([]);
    expect(refs(await session.search(`LastActionDate>@NowOffset(0,-1,0) && Ref==${ref}`))).toEqual([ref]);
    expect(refs(await session.search(`LastActionDate>@Now && Ref==${ref}`))).toEqual([]);
    // A plus sign that was not encoded arrives as a space, as in any query string.
    const raw = `/call?$filter=LastActionDate>=@DateTime(${iso(atMs)}.000+1)`;
    expect((await session.send('GET', raw)).status).toBe(400);
  });

  test('a date is read to the millisecond', () => {
    expect(readDate('2017-01-01T00:00:00.000+1', 0)).toBe(Date.UTC(2016, 11, 31, 23));
    expect(readDate('2017-01-01T00:00:00.1234567Z', 0)).toBe(Date.UTC(2017, 0, 1, 0, 0, 0, 123));
    expect(readDate('2017-01-01', 60)).toBe(Date.UTC(2016, 11, 31, 23));
    expect(readDate('2017-01-01T00:00-0530', 0)).toBe(Date.UTC(2017, 0, 1, 5, 30));
    expect(() => readDate('2017-02-30T00:00:00Z', 0)).toThrow('not a date');
  });

  test('the indexes answer what a scan answers', async () => {
    const ref = await session.createCall({ CustomString1: 'ADO:"x"\\y', CustomString2: 'one' });
    const filter = 'CustomString1=="ADO:\\"x\\"\\\\y"';
    expect(refs(await session.search(filter))).toEqual([ref]);
    expect(refs(await session.search(`CustomString1.Contains("\\"x\\"")`))).toEqual([ref]);
    await session.send('PUT', `/call/${ref}/lock`);
    await session.send('PUT', `/call/${ref}`, { CustomString1: null });
    expect(await session.search(filter)).toEqual([]);
    expect(refs(await session.search('CustomString2=="one" && Ref>1'))).toEqual([ref]);
  });
});

describe('selection, order and pages', () => {
  test('aliases, dotted paths and augmenters', async () => {
    const answer = await session.get('/call/10040', {
      $select: 'CallStatus,Status:CallStatus.Name,User.EmailAddress,@UserId,Late:@SlmBreached',
    });
    expect(answer.body).toMatchObject({
      CallStatus: 2,
      Status: 'In Progress',
      'User.EmailAddress': 'olivia.wilson@fabrikam.example',
      '@UserId': 34001,
      Late: false,
      _context: 'api:v2/incident/$metadata',
      _self: 'api:v2/call/10040',
    });
    expect(answer.body).not.toHaveProperty('Subject');
    for (const $select of ['Nonsense', 'Ref,', 'callstatus', 'CallStatus.nope', '@Nope']) {
      expect([$select, (await session.get('/call/10040', { $select })).status]).toEqual([$select, 400]);
    }
  });

  test('both versions answer with their own links', async () => {
    session.version = 'v1';
    const [row] = await session.search('Ref==10048');
    session.version = 'v2';
    expect(row).toEqual({ Ref: 10048, _context: 'api:v1/problem/$metadata', _self: 'api:v1/problem/10048' });
  });

  test('counts, pages and orders', async () => {
    const query = { $filter: 'Ref<10056', $orderby: 'Ref desc', $top: '2', $skip: '1', $inlinecount: 'true' };
    const page = await session.get<{ results: Json[]; __count: number }>('/call', query);
    expect(refs(page.body.results)).toEqual([10049, 10048]);
    // 12 seeded, one of them in a partition that the integration does not see.
    expect(page.body.__count).toBe(11);
    const count = await session.get('/call', { $count: 'true', $filter: 'Ref<10056' });
    expect([count.type, count.text]).toEqual(['text/plain; charset=utf-8', '11']);
    const ordered = await session.search('Ref<10056', { $orderby: 'Priority asc, Ref desc', $top: '4' });
    expect(refs(ordered)).toEqual([10046, 10042, 10041, 10048]);
    const wrong: Record<string, string>[] = [
      { $top: 'x' },
      { $orderby: 'Ref sideways' },
      { $fliter: 'Ref==1' },
    ];
    for (const options of wrong) {
      expect((await session.get('/call', options)).status).toBe(400);
    }
  });

  test('a page is a hundred when the client does not say', async () => {
    await Promise.all(Array.from({ length: 105 }, () => session.createCall()));
    expect(await session.search('Ref>10056')).toHaveLength(100);
    expect((await session.search('Ref>10056', { $top: '103' })).length).toBe(103);
  });

  test('the poll recipe finds what moved, oldest first', async () => {
    alemba.clock.advance(60_000);
    const fromIso = new Date(alemba.clock.nowMs()).toISOString();
    for (const ref of [10043, 10040, 10043]) {
      alemba.clock.advance(2_000);
      await control(alemba, 'POST', `/calls/${ref}/comments`, { text: 'moved' });
    }
    const rows = await session.search(`LastActionDate>=@DateTime(${fromIso})`, {
      $select: 'Ref,LastActionDate,LastHistoryOrder',
      $orderby: 'LastActionDate asc',
    });
    expect(refs(rows)).toEqual([10040, 10043]);
  });
});

describe('tables and metadata', () => {
  test('lookups are searched like calls', async () => {
    const person = await session.get<{ results: Json[] }>('/person', {
      $filter: 'EmailAddress=="aisha.khan@fabrikam.example"',
      $select: 'Ref,Name,IsAnalyst',
    });
    expect(person.body.results).toMatchObject([{ Ref: 34421, Name: 'Aisha Khan', IsAnalyst: false }]);
    const me = await session.get<{ results: Json[] }>('/person', { $select: '@UserId', $top: '1' });
    expect(me.body.results[0]).toMatchObject({ '@UserId': 34001 });
    for (const table of [
      'call-status',
      'type',
      'impact',
      'urgency',
      'priority',
      'group',
      'partition',
      'call-template',
    ]) {
      const answer = await session.get<{ results: Json[] }>(`/${table}`, { $select: 'Ref,Name' });
      expect([table, answer.status, answer.body.results.length > 0]).toEqual([table, 200, true]);
    }
  });

  test('one of the two type tables is there', async () => {
    const tables = ['/ipk-status-stream-to-type', '/ipk-status-stream-type-to-type'];
    const statuses = async () => Promise.all(tables.map(async (table) => (await session.get(table)).status));
    expect(await statuses()).toEqual([200, 404]);
    await control(alemba, 'PUT', '/settings', { typeTable: 'ipk-status-stream-type-to-type' });
    expect(await statuses()).toEqual([404, 200]);
  });

  test('metadata names types, display types, choices and what is required', async () => {
    const metadata = await session.get<{ properties: Json[] }>('/call/$metadata');
    const property = (name: string, from = metadata.body.properties) => from.find((one) => one.name === name);
    expect(property('Subject')).toMatchObject({
      type: 'string',
      displayType: 'Text',
      maxLength: 255,
      readonly: false,
    });
    expect(property('PhysicalStatus')).toMatchObject({ readonly: true, entity: 'physical-status' });
    const options = await session.get<{ properties: Json[] }>('/call', { $options: '' });
    expect(property('Partition', options.body.properties)).toMatchObject({ required: true });
    expect(property('CallStatus', options.body.properties)?.choices).toContainEqual({
      Ref: 3,
      Name: 'Pending',
    });
    type Action = { inputs: Json[]; methods: string[] };
    const create = await session.get<Action>('/call/$create', { $options: '' });
    const action = await session.get<Action>('/call/$Create');
    expect(create.body.inputs).toEqual(action.body.inputs);
    expect(action.body).toMatchObject({ href: 'api:v2/call', methods: ['POST'], status: 'GA' });
    const input = (name: string) => action.body.inputs.find(({ property }) => property === name);
    expect(input('Partition')).toMatchObject({ required: true });
    expect(input('IpkStatus')).toMatchObject({
      required: false,
      relations: [
        {
          source: 'Template',
          behaviors: [
            { type: 16, scope: 2 },
            { type: 17, scope: 2 },
          ],
        },
      ],
    });
    expect((await session.get('/call/$Submit')).body).toMatchObject({ inputs: [], methods: ['PUT'] });
    expect((await session.get('/call/$Update')).status).toBe(200);
    expect((await session.get('/call/$Nonsense')).status).toBe(404);
  });
});
