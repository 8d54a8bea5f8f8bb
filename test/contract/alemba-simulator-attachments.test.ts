import { createHash, randomBytes } from 'node:crypto';
import { type AlembaSimulator, startAlemba } from '../sandbox/itsm/alemba/server.ts';
import { control, type Json, RawSession, until } from './alemba-simulator-session.ts';

let alemba: AlembaSimulator;
let session: RawSession;

beforeAll(async () => {
  alemba = await startAlemba();
  session = await RawSession.open(alemba);
});
afterAll(() => alemba.close());

const form = (bytes: Buffer, name: string, part = 'file') => {
  const data = new FormData();
  data.append(part, new Blob([new Uint8Array(bytes)], { type: 'image/png' }), name);
  return data;
};
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test.each(['attachment', 'attachments'])('multipart to /%s, listed, downloaded and deleted', async (noun) => {
  const ref = await session.createCall();
  for (const [sizeBytes, name] of [
    [1, 'tiny.png'],
    [200_001, 'Ünïcode name.png'],
  ] as const) {
    const bytes = randomBytes(sizeBytes);
    const added = await session.send('POST', `/call/${ref}/${noun}`, form(bytes, name));
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({
      Ref: expect.any(Number),
      Name: name,
      ContentType: 'image/png',
      FileSize: sizeBytes,
    });
    const id = added.body.Ref;
    const read = await session.get(`/call/${ref}/${noun}/${id}`, { $select: 'BinaryData' });
    expect(Buffer.from(String(read.body.BinaryData), 'base64').equals(bytes)).toBe(true);
    const effect = alemba.ledger.effects('attachment.added', String(ref)).at(-1)?.detail;
    expect(effect).toMatchObject({ attachment: id, name, sha256: sha256(bytes) });
  }
  const query = { $filter: 'BinaryData!=null', $select: 'Ref,Name,FileSize,ContentType,By:CreatedBy.Name' };
  const list = await session.get<{ results: Json[] }>(`/call/${ref}/${noun}`, query);
  expect(list.body.results.map((row) => [row.Name, row.FileSize, row.By])).toEqual([
    ['tiny.png', 1, 'Tandem Integration'],
    ['Ünïcode name.png', 200_001, 'Tandem Integration'],
  ]);
  const history = await session.get(`/call/${ref}`, { $select: 'LastHistoryOrder' });
  expect(history.body.LastHistoryOrder).toBe(4);
  const id = list.body.results[0]?.Ref;
  expect((await session.send('DELETE', `/call/${ref}/${noun}/${id}`)).status).toBe(200);
  expect((await session.get(`/call/${ref}/${noun}/${id}`)).status).toBe(404);
});

test('base64 in JSON, without a lock, also on a call that somebody else has locked', async () => {
  const ref = await session.createCall();
  await control(alemba, 'POST', `/calls/${ref}/lock`, {});
  const body = {
    Name: 'notes.txt',
    ContentType: 'text/plain',
    BinaryData: Buffer.from('test').toString('base64'),
  };
  expect((await session.send('POST', `/call/${ref}/attachments`, body)).body).toMatchObject({ FileSize: 4 });
  const broken = { ...body, BinaryData: 'not base64!' };
  expect((await session.send('POST', `/call/${ref}/attachments`, broken)).status).toBe(400);
});

test('60 MB travel through without standing in memory several times', async () => {
  const ref = await session.createCall();
  const bytes = randomBytes(60 * 1024 * 1024);
  const added = await session.send('POST', `/call/${ref}/attachments`, form(bytes, 'big.bin'));
  expect([added.status, added.body.FileSize]).toEqual([201, bytes.length]);
  const read = await session.get(`/call/${ref}/attachment/${added.body.Ref}`, { $select: 'Name,BinaryData' });
  expect(read.body.Name).toBe('big.bin');
  expect(sha256(Buffer.from(String(read.body.BinaryData), 'base64'))).toBe(sha256(bytes));
});

test('a download that its reader breaks off is in the ledger like any other request', async () => {
  const ref = await session.createCall();
  const added = await session.send(
    'POST',
    `/call/${ref}/attachments`,
    form(randomBytes(30_000_000), 'big.bin'),
  );
  const path = `/call/${ref}/attachment/${added.body.Ref}?$select=BinaryData`;
  const reader = new AbortController();
  const answer = await fetch(`${alemba.baseUrl}/alemba.api/api/v2${path}`, {
    headers: { authorization: `Bearer ${session.accessToken}` },
    signal: reader.signal,
  });
  reader.abort();
  await expect(answer.arrayBuffer()).rejects.toThrow('aborted');
  const seen = () => alemba.ledger.entries((entry) => entry.kind === 'request' && entry.path.endsWith(path));
  await until(() => seen().length > 0);
  expect(seen()).toMatchObject([{ route: 'attachment.read', status: 200, isBrokenOff: true }]);
});

test('a file above the limit, a wrong part and a wrong type are refused and leave nothing', async () => {
  const ref = await session.createCall();
  await control(alemba, 'PUT', '/settings', { maxAttachmentBytes: 1000 });
  expect((await session.send('POST', `/call/${ref}/attachments`, form(randomBytes(1001), 'a'))).status).toBe(
    413,
  );
  await control(alemba, 'PUT', '/settings', { maxAttachmentBytes: 100 * 1024 * 1024 });
  expect(
    (await session.send('POST', `/call/${ref}/attachments`, form(randomBytes(9), 'a', 'data'))).status,
  ).toBe(400);
  const xml = await fetch(`${alemba.baseUrl}/alemba.api/api/v2/call/${ref}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${session.accessToken}`, 'content-type': 'text/xml' },
    body: '<a/>',
  });
  expect(xml.status).toBe(415);
  expect(alemba.store.calls.get(ref)?.attachments).toEqual([]);
});
