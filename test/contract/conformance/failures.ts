import fc from 'fast-check';
import type { Failure } from '../../../backend/sync/failure.ts';
import { type ConformanceSystem, createRecord, failureOf, wantsFields } from './system.ts';

/** What goes wrong, by kind. */
export function describeFailures(side: () => ConformanceSystem): void {
  const read = (id: string) => side().system.read(id, wantsFields([side().roles.title]));

  test.each(['99999999', 'abc', '', '1 || true'])(
    'a record that is not there (%j) is notFound',
    async (id) => {
      expect((await failureOf(read(id))).kind).toBe('notFound');
    },
  );

  test('a record that may not be seen is notFound, not a sign of something else', async () => {
    const id = await side().hiddenId();
    expect(['notFound', 'forbidden']).toContain((await failureOf(read(id))).kind);
  });

  test('without the right to write: forbidden', async () => {
    const { misconfigured, roles } = side();
    const id = await createRecord(side());
    const { revision } = (await read(id)).snapshot;
    const system = misconfigured.rights();
    const attempt = system.update(id, [{ field: roles.title, value: 'x', row: 'r' }], { revision });
    expect(['forbidden', 'notFound']).toContain((await failureOf(attempt)).kind);
    await system.close();
  });

  test('what the validation refuses is rejected and names the field', async () => {
    const { system, refused } = side();
    const id = await createRecord(side());
    const { revision } = (await read(id)).snapshot;
    const change = { field: refused.field, value: refused.value, row: 'r7' };
    const { kind, error } = await failureOf(system.update(id, [change], { revision }));
    expect(kind).toBe('rejected');
    const { fields } = (error as Failure).details;
    expect(fields).toEqual(
      expect.arrayContaining([{ field: refused.field, problem: expect.stringMatching(/./) }]),
    );
    // Nothing stays behind that would keep people out.
    const after = await system.update(id, [{ field: side().roles.title, value: 'Free', row: 'r' }], {
      revision,
    });
    expect(after.ref.id).toBe(id);
  });

  test('throttled waits as long as the system says', async () => {
    const id = await createRecord(side());
    const { faults } = side();
    faults.set({ id: 't', fault: { kind: 'throttle', status: 429, retryAfter: '1' }, remaining: 1 });
    const { kind, error } = await failureOf(read(id));
    expect(kind).toBe('throttled');
    expect((error as Failure).details.retryAfterMs).toBe(1000);
  });

  test.each([200, 203, 302] as const)(
    'a sign-in page with %s is unauthorized or malformed, never data',
    async (status) => {
      const id = await createRecord(side());
      side().faults.set({ id: 's', fault: { kind: 'signInPage', status } });
      expect(['unauthorized', 'malformed']).toContain((await failureOf(read(id))).kind);
    },
  );

  test.each([
    ['text', 'status', { status: 200, headers: { 'content-type': 'text/plain' }, body: 'it works' }],
    ['an empty list', 'status', { status: 200, body: [] }],
    ['another record', 'status', { status: 200, body: { hello: 'world' } }],
    ['null', 'status', { status: 200, headers: { 'content-type': 'application/json' }, body: 'null' }],
  ] as const)('an answer that is %s is malformed', async (_words, kind, fault) => {
    const id = await createRecord(side());
    side().faults.set({ id: 'odd', fault: { kind, ...fault }, match: side().paths.read });
    expect((await failureOf(read(id))).kind).toBe('malformed');
  });

  test('an answer that is too large is malformed', async () => {
    const id = await createRecord(side());
    const body = { padding: 'x'.repeat(11 * 1024 * 1024) };
    side().faults.set({ id: 'big', fault: { kind: 'status', status: 200, body }, match: side().paths.read });
    expect((await failureOf(read(id))).kind).toBe('malformed');
  });

  test('down, and up again', async () => {
    const id = await createRecord(side());
    side().faults.set({ id: 'down', fault: { kind: 'down' } });
    expect((await failureOf(read(id))).kind).toBe('unavailable');
    side().faults.set({ id: 'down', fault: { kind: 'status', status: 500 } });
    expect((await failureOf(read(id))).kind).toBe('unavailable');
    side().faults.clear();
    expect((await read(id)).snapshot.ref.id).toBe(id);
  });

  test('the test of a connection finds what is wrong', async () => {
    const { system, misconfigured } = side();
    await createRecord(side());
    const good = await system.test();
    expect(good.filter((check) => check.outcome === 'failed')).toEqual([]);
    expect(good.map((check) => check.code)).toEqual(expect.arrayContaining(['address', 'credentials']));
    const codeOf = async (kind: keyof typeof misconfigured) => {
      const wrong = misconfigured[kind]();
      const checks = await wrong.test();
      await wrong.close();
      const failed = checks.find((check) => check.outcome === 'failed');
      expect(failed?.remedy).toMatch(/./);
      return failed?.code;
    };
    expect(await codeOf('address')).toBe('address');
    expect(await codeOf('password')).toBe('credentials');
    expect(await codeOf('rights')).toBe('rights');
  });
}

/** The feed of changes. */
export function describeFeed(side: () => ConformanceSystem): void {
  const drain = async (cursor: string | undefined) => {
    const hints = [];
    let at = cursor;
    for (let page = 0; page < 50; page += 1) {
      const answer = await side().system.changes(at, {});
      hints.push(...answer.hints);
      at = answer.cursor;
      if (!answer.more) return { hints, cursor: at };
    }
    throw new Error('the feed does not end');
  };

  test('starts at now and brings every change, once per revision', async () => {
    const start = await drain(undefined);
    expect(start.hints).toEqual([]);
    const ids = [];
    for (let count = 0; count < 7; count += 1) ids.push(await createRecord(side(), `Feed ${count}`));
    const first = await drain(start.cursor);
    expect(new Set(first.hints.map((hint) => hint.recordId))).toEqual(new Set(ids));
    const quiet = await drain(first.cursor);
    expect(quiet.hints).toEqual([]);
    await side().other.changeTitle(ids[3] as string, 'Changed');
    const second = await drain(quiet.cursor);
    expect(second.hints.map((hint) => hint.recordId)).toEqual([ids[3]]);
    expect(second.hints[0]?.own).not.toBe(true);
  });

  test('starts again from an old cursor without a gap', async () => {
    const start = await drain(undefined);
    const id = await createRecord(side(), 'Twice');
    const [first, again] = [await drain(start.cursor), await drain(start.cursor)];
    expect(first.hints.map((hint) => hint.recordId)).toContain(id);
    expect(again.hints.map((hint) => hint.recordId)).toContain(id);
  });

  test('its revisions compare with those of a reading', async () => {
    const start = await drain(undefined);
    const id = await createRecord(side(), 'Compare');
    const { hints } = await drain(start.cursor);
    const { snapshot } = await side().system.read(id, wantsFields([]));
    const hint = hints.findLast((candidate) => candidate.recordId === id);
    expect(side().system.isKnownRevision(hint?.revision ?? 'none', snapshot.revision)).toBe(true);
    await side().other.changeTitle(id, 'Later');
    const later = await drain(start.cursor);
    const newest = later.hints.findLast((candidate) => candidate.recordId === id);
    expect(side().system.isKnownRevision(newest?.revision ?? 'none', snapshot.revision)).toBe(false);
  });
}

/** What the system sends, as the backend takes and reads it. */
export function describeHooks(side: () => ConformanceSystem): void {
  test('the right secret is accepted, old and new, and no other', async () => {
    const { hooks } = side();
    const request = hooks.sample('10056', 'new-secret-0123456789');
    expect(hooks.verifyHook(request, ['new-secret-0123456789'])).toBe(true);
    expect(hooks.verifyHook(request, ['other', 'new-secret-0123456789'])).toBe(true);
    expect(hooks.verifyHook(request, ['new-secret-012345678'])).toBe(false);
    expect(hooks.verifyHook(request, ['New-secret-0123456789'])).toBe(false);
    expect(hooks.verifyHook(request, [])).toBe(false);
    expect(hooks.verifyHook(request, [''])).toBe(false);
    const bare = { ...request, headers: {}, body: Buffer.from('{}') };
    expect(hooks.verifyHook(bare, ['new-secret-0123456789'])).toBe(false);
  });

  test('a delivery names the record that changed', async () => {
    const { hooks } = side();
    const reading = hooks.readHook(hooks.sample('10056', 's'));
    expect(reading).toMatchObject({ verdict: 'hints', hints: [{ recordId: '10056' }] });
    expect(hooks.hookInstructions({ url: 'https://t/hooks/1', secret: 'shh' }).join('\n')).toMatch(
      /https:\/\/t\/hooks\/1[\s\S]*shh/,
    );
  });

  test('no body makes it throw', async () => {
    const { hooks } = side();
    const sample = hooks.sample('10056', 's');
    const text = sample.body.toString('utf8');
    const mutated = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((json) => Buffer.from(json)),
      fc
        .tuple(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 20 }))
        .map(([at, count, put]) => Buffer.from(text.slice(0, at) + put + text.slice(at + count))),
    );
    fc.assert(
      fc.property(mutated, (body) => {
        const reading = hooks.readHook({ ...sample, body });
        expect(['hints', 'ignored', 'unreadable']).toContain(reading.verdict);
        hooks.verifyHook({ ...sample, headers: {}, body }, ['secret']);
      }),
      { numRuns: 1000 },
    );
  });
}
