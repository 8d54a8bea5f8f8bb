import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { writeMark } from '../../../backend/sync/mark.ts';
import { type ConformanceSystem, createRecord, failureOf, newMark, wantsFields } from './system.ts';

const body = (mark: string, text = 'Have a look') =>
  ({ kind: 'rich', format: 'html', text: `<p>${text}</p><p><small>${writeMark(mark)}</small></p>` }) as const;

/** Comments: marks, visibility, bookmarks. */
export function describeConversation(side: () => ConformanceSystem): void {
  test('comments arrive once, with their mark and visibility', async () => {
    const { system, hasVisibility } = side();
    const id = await createRecord(side());
    const [first, second] = [newMark(), newMark()];
    const internal = await system.addComment(id, { body: body(first), visibility: 'internal', mark: first });
    const open = await system.addComment(id, {
      body: body(second, 'To you'),
      visibility: 'public',
      mark: second,
    });
    const comments = (await system.listComments(id)).filter((comment) => comment.marks.length > 0);
    expect(comments.map(({ id, marks }) => ({ id, marks }))).toEqual([
      { id: internal.id, marks: [first] },
      { id: open.id, marks: [second] },
    ]);
    if (hasVisibility) expect(comments.map((comment) => comment.visibility)).toEqual(['internal', 'public']);
    expect(comments.every((comment) => !comment.system)).toBe(true);
    expect(comments[1]?.body.text).toContain('To you');
  });

  test('what others write comes with the reading after the bookmark, and nothing when nothing is new', async () => {
    const { system, other, hasVisibility } = side();
    const id = await createRecord(side());
    const wants = { comments: 'ifChanged', attachments: 'ifChanged', fields: [] } as const;
    const first = await system.read(id, wants);
    const quiet = await system.read(id, {
      ...wants,
      bookmark: first.bookmark,
      revision: first.snapshot.revision,
    });
    expect(quiet.snapshot.comments).toBeUndefined();
    expect(quiet.snapshot.attachments).toBeUndefined();
    await other.comment(id, 'Any news?', 'public');
    side().forgetRequests();
    const one = await system.read(id, {
      ...wants,
      bookmark: first.bookmark,
      revision: first.snapshot.revision,
    });
    expect(
      one.snapshot.comments?.filter((comment) => !comment.system).map((comment) => comment.body.text),
    ).toEqual([expect.stringContaining('Any news?')]);
    expect(one.snapshot.own).toBe(false);
    await other.comment(id, 'Hello?', 'internal');
    await other.comment(id, 'Still there?', 'internal');
    const more = await system.read(id, { ...wants, bookmark: one.bookmark, revision: one.snapshot.revision });
    const texts = more.snapshot.comments?.map((comment) => comment.body.text).join(' ');
    expect(texts).toContain('Hello?');
    expect(texts).toContain('Still there?');
    if (hasVisibility) expect(one.snapshot.comments?.at(-1)?.visibility).toBe('public');
    if (hasVisibility) expect(more.snapshot.comments?.at(-1)?.visibility).toBe('internal');
  });

  test('a note that somebody writes beside our update is not lost', async () => {
    const { system, other, roles } = side();
    const id = await createRecord(side());
    const before = await system.read(id, { ...wantsFields([roles.title]), comments: 'ifChanged' });
    const result = await system.update(id, [{ field: roles.title, value: 'Ours', row: 'r' }], {
      revision: before.snapshot.revision,
    });
    await other.comment(id, 'In between', 'internal');
    const mark = newMark();
    const written = await system.addComment(id, { body: body(mark), visibility: 'internal', mark });
    const bookmark = written.bookmark ?? result.bookmark ?? before.bookmark;
    const after = await system.read(id, { ...wantsFields([roles.title]), comments: 'ifChanged', bookmark });
    expect(after.snapshot.comments?.map((comment) => comment.body.text).join(' ')).toContain('In between');
  });

  test.each(['reset', 'status500', 'truncated'] as const)(
    'a comment whose answer is lost (%s) is found by its mark',
    async (how) => {
      const { system, faults, paths } = side();
      const id = await createRecord(side());
      const mark = newMark();
      faults.set({ id: 'lost', fault: { kind: 'afterEffect', how }, match: paths.comment, remaining: 1 });
      const { kind } = await failureOf(
        system.addComment(id, { body: body(mark), visibility: 'internal', mark }),
      );
      expect(kind).toBe('ambiguous');
      const found = (await system.listComments(id)).filter((comment) => comment.marks.includes(mark));
      expect(found).toHaveLength(1);
    },
  );

  test('a comment can travel with an update', async () => {
    const { system, roles, statuses } = side();
    const id = await createRecord(side());
    for (const status of [statuses.working, statuses.done]) {
      const { revision } = (await system.read(id, wantsFields([roles.status]))).snapshot;
      const mark = newMark();
      const result = await system.update(
        id,
        [{ field: roles.status, value: { kind: 'choice', id: status }, row: 'state' }],
        { revision, comment: { body: body(mark), visibility: 'internal', mark } },
      );
      const found = (await system.listComments(id)).filter((comment) => comment.marks.includes(mark));
      expect(found).toHaveLength(1);
      if (result.commentId !== undefined) expect(found[0]?.id).toBe(result.commentId);
    }
  });

  test('a comment on a record that is done arrives, too', async () => {
    const { system, roles, statuses } = side();
    const id = await createRecord(side());
    const { revision } = (await system.read(id, wantsFields([roles.status]))).snapshot;
    const done = { field: roles.status, value: { kind: 'choice', id: statuses.done }, row: 'state' } as const;
    await system.update(id, [done], { revision });
    const mark = newMark();
    await system.addComment(id, { body: body(mark), visibility: 'public', mark });
    expect((await system.listComments(id)).some((comment) => comment.marks.includes(mark))).toBe(true);
  });
}

const hashOf = async (stream: Readable): Promise<{ sizeBytes: number; sha256: string }> => {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of stream) {
    hash.update(chunk as Buffer);
    sizeBytes += (chunk as Buffer).length;
  }
  return { sizeBytes, sha256: hash.digest('hex') };
};

/** Memory is looked at so often within a file: a full collection takes up to half a second under load. */
const watchBytes = 8 * 1024 * 1024;

/** Memory that is really held on to: garbage that nobody has collected yet says nothing about a limit. */
function keptMb(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

/** A block that is repeated: 60 MB without holding 60 MB. */
const blocks = (sizeBytes: number): (() => Readable) => {
  const block = randomBytes(64 * 1024);
  return () =>
    Readable.from(
      (function* () {
        for (let left = sizeBytes; left > 0; left -= block.length)
          yield block.subarray(0, Math.min(left, block.length));
      })(),
      { objectMode: false },
    );
};

/** Attachments: sizes, names, memory, lost answers. */
export function describeFiles(side: () => ConformanceSystem): void {
  const input = (name: string, sizeBytes: number, open: () => Readable, mark = newMark()) => ({
    name,
    contentType: 'application/octet-stream',
    sizeBytes,
    mark,
    open: async () => open(),
  });

  test.each([
    ['empty', 0],
    ['of 1 MB', 1024 * 1024],
    ['of an odd size', 100_001],
  ])('a file that is %s goes up and comes down unchanged', async (_words, sizeBytes) => {
    const { system } = side();
    const id = await createRecord(side());
    const open = blocks(sizeBytes);
    const added = await system.addAttachment(id, input('log.bin', sizeBytes, open));
    const list = await system.listAttachments(id);
    expect(list).toMatchObject([{ id: added.id, name: 'log.bin' }]);
    expect([sizeBytes, undefined]).toContain(list[0]?.sizeBytes);
    const attachment = list[0] as (typeof list)[number];
    expect(await hashOf(await system.openAttachment(id, attachment))).toEqual(await hashOf(open()));
  });

  test('60 MB add less than 64 MB of memory, up and down', async () => {
    const { system } = side();
    const id = await createRecord(side());
    const sizeBytes = 60 * 1024 * 1024;
    const open = blocks(sizeBytes);
    const before = keptMb();
    let peak = before;
    let passedBytes = 0;
    const watch = async function* (stream: Readable) {
      for await (const chunk of stream) {
        const { length } = chunk as Buffer;
        const isDue = Math.floor((passedBytes + length) / watchBytes) > Math.floor(passedBytes / watchBytes);
        if (isDue) peak = Math.max(peak, keptMb());
        passedBytes += length;
        yield chunk as Buffer;
      }
    };
    const watched = () => Readable.from(watch(open()), { objectMode: false });
    await system.addAttachment(id, input('dump.bin', sizeBytes, watched));
    expect(passedBytes).toBe(sizeBytes);
    const [attachment] = await system.listAttachments(id);
    const down = await system.openAttachment(id, attachment as NonNullable<typeof attachment>);
    expect(await hashOf(Readable.from(watch(down)))).toEqual(await hashOf(open()));
    expect(passedBytes).toBe(2 * sizeBytes);
    // The simulator shares this process, so both ends count.
    expect(peak - before).toBeLessThan(64);
  }, 120_000);

  test.each([
    ['Prüfbericht 测试 😀.pdf', 'Prüfbericht 测试 😀.pdf'],
    ['it\'s 100% "quoted"; a=b.txt', undefined],
    ['../../etc/passwd', 'passwd'],
    ['C:\\temp\\report.txt', 'report.txt'],
    ['line\r\nbreak: x.txt', undefined],
    ['..', undefined],
  ])('the name %j does no harm', async (name, expected) => {
    const { system } = side();
    const id = await createRecord(side());
    await system.addAttachment(
      id,
      input(name, 3, () => Readable.from([Buffer.from('abc')])),
    );
    const [attachment] = await system.listAttachments(id);
    if (expected !== undefined) expect(attachment?.name).toBe(expected);
    expect(attachment?.name).not.toMatch(/[/\\\r\n]/);
    expect(attachment?.name).not.toBe('');
  });

  test('an upload whose answer is lost is recognised by its mark', async () => {
    const { system, another, faults, paths } = side();
    const id = await createRecord(side());
    const mark = newMark();
    const file = input('trace.log', 5, () => Readable.from([Buffer.from('trace')]), mark);
    faults.set({
      id: 'lost',
      fault: { kind: 'afterEffect', how: 'reset' },
      match: paths.attach,
      remaining: 1,
    });
    expect((await failureOf(system.addAttachment(id, file))).kind).toBe('ambiguous');
    faults.clear();
    const list = await another().listAttachments(id);
    expect(list.map((attachment) => attachment.marks)).toEqual([[mark]]);
  });

  test('a source that breaks off leaves no half file', async () => {
    const { system } = side();
    const id = await createRecord(side());
    const broken = () =>
      Readable.from(
        (async function* () {
          yield Buffer.alloc(1000);
          throw new Error('the other side hung up');
        })(),
        { objectMode: false },
      );
    expect((await failureOf(system.addAttachment(id, input('half.bin', 100_000, broken)))).kind).not.toBe(
      'none',
    );
    const deadline = Date.now() + 2000;
    // The server notices the broken connection in its own time; what must not appear must stay away.
    while (Date.now() < deadline && (await system.listAttachments(id)).length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      if (Date.now() > deadline - 1000) break;
    }
    expect(await system.listAttachments(id)).toEqual([]);
  });

  test('files that others attach come with the reading', async () => {
    const { system, other } = side();
    const id = await createRecord(side());
    const wants = { comments: 'ifChanged', attachments: 'ifChanged', fields: [] } as const;
    const { bookmark, snapshot } = await system.read(id, wants);
    await other.attach(id, 'screen.png', Buffer.from('png'));
    const after = await system.read(id, { ...wants, bookmark, revision: snapshot.revision });
    expect(after.snapshot.attachments).toMatchObject([{ name: 'screen.png' }]);
  });
}
