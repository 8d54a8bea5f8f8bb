import type { FieldChange } from '../../../backend/sync/command.ts';
import { type ConformanceSystem, createRecord, failureOf, newMark, wantsFields } from './system.ts';

const change = (field: string, value: FieldChange['value']): FieldChange => ({ field, value, row: 'r1' });

/** Create, read, find and update. */
export function describeRecords(side: () => ConformanceSystem): void {
  const since = () => new Date(Date.now() - 3_600_000);
  const fields = () => Object.values(side().roles);
  const read = (id: string) => side().system.read(id, wantsFields(fields()));

  test('creates a record, reads it and finds it by its mark, exactly', async () => {
    const { system, roles, newRecord } = side();
    const mark = newMark();
    const created = await system.create({
      ...newRecord('Printer on fire', '<p>Smoke &amp; flames</p>'),
      mark,
    });
    expect(created.ref.id).toMatch(/^\d+$/);
    const { snapshot } = await read(created.ref.id);
    expect(snapshot.title).toBe('Printer on fire');
    expect(snapshot.ref.id).toBe(created.ref.id);
    expect(snapshot.own).toBe(true);
    expect(snapshot.deleted).toBe(false);
    expect(snapshot.fields[roles.description]).toMatchObject({
      kind: 'rich',
      text: expect.stringContaining('flames'),
    });
    expect(new Date(snapshot.updatedAt).toISOString()).toBe(snapshot.updatedAt);
    const found = await system.findByMark(mark, { since: since() });
    expect(found.map((ref) => ref.id)).toEqual([created.ref.id]);
    expect(await system.findByMark(mark.slice(0, -1), { since: since() })).toEqual([]);
    expect(await system.findByMark(mark.toUpperCase(), { since: since() })).toEqual([]);
  });

  test('finds a record by the number that people type, and by its words', async () => {
    const { system } = side();
    const id = await createRecord(side(), 'Zebra crossing in the intranet');
    expect((await system.findByKey(` ${id} `))?.id).toBe(id);
    expect(await system.findByKey('99999999')).toBeUndefined();
    expect(await system.findByKey('" || true || "')).toBeUndefined();
    const cards = await system.search('Zebra crossing', { limit: 5 });
    expect(cards.map((card) => card.ref.id)).toEqual([id]);
    expect(await system.search('"); drop', { limit: 5 })).toEqual([]);
  });

  test.each(['reset', 'status500', 'empty', 'truncated'] as const)(
    'a create whose answer is lost (%s) is found once and not repeated',
    async (how) => {
      const { system, faults, paths, newRecord, countCreated, another } = side();
      const mark = newMark();
      const before = countCreated();
      faults.set({ id: 'lost', fault: { kind: 'afterEffect', how }, match: paths.create, remaining: 1 });
      const { kind } = await failureOf(system.create({ ...newRecord('Lost answer'), mark }));
      expect(kind).toBe('ambiguous');
      faults.clear();
      const found = await another().findByMark(mark, { since: since() });
      expect(found).toHaveLength(1);
      expect(countCreated()).toBe(before + 1);
      const { snapshot } = await read((found[0] as { id: string }).id);
      expect(snapshot.title).toBe('Lost answer');
    },
  );

  test('a create that never arrived is known as such', async () => {
    const { system, faults, paths, newRecord } = side();
    await system.whoAmI();
    const mark = newMark();
    faults.set({ id: 'away', fault: { kind: 'status', status: 503 }, match: paths.create, remaining: 1 });
    const { kind } = await failureOf(system.create({ ...newRecord('Away'), mark }));
    // 503 may come from a gateway that lost the answer, so doubt is allowed; a duplicate is not.
    expect(['unavailable', 'ambiguous']).toContain(kind);
    faults.clear();
    expect(await system.findByMark(mark, { since: since() })).toEqual([]);
  });

  test('updates on the current revision and tells what the system shows now', async () => {
    const { system, roles, statuses } = side();
    const id = await createRecord(side());
    const { snapshot } = await read(id);
    const result = await system.update(
      id,
      [change(roles.title, 'New words'), change(roles.status, { kind: 'choice', id: statuses.working })],
      { revision: snapshot.revision },
    );
    expect(result.observed?.[roles.title]).toBe('New words');
    const after = (await read(id)).snapshot;
    expect(after.title).toBe('New words');
    expect(after.status.id).toBe(statuses.working);
    expect(after.status.category).toBe('inProgress');
    expect(result.revision).toBe(after.revision);
    expect(system.isKnownRevision(after.revision, after.revision)).toBe(true);
    expect(system.isKnownRevision(after.revision, snapshot.revision)).toBe(false);
    expect(system.isKnownRevision(snapshot.revision, after.revision)).toBe(true);
  });

  test('refuses a revision that somebody else has passed, and changes nothing', async () => {
    const { system, roles, other } = side();
    const id = await createRecord(side());
    const { snapshot } = await read(id);
    await other.changeTitle(id, 'Theirs');
    const update = system.update(id, [change(roles.title, 'Ours')], { revision: snapshot.revision });
    expect((await failureOf(update)).kind).toBe('stale');
    const after = (await read(id)).snapshot;
    expect(after.title).toBe('Theirs');
    expect(after.own).toBe(false);
  });

  test('a record that somebody holds locked is stale, and free again afterwards', async () => {
    const { system, roles, other } = side();
    if (other.lock === undefined) return;
    const id = await createRecord(side());
    const { snapshot } = await read(id);
    await other.lock(id);
    const update = system.update(id, [change(roles.title, 'Ours')], { revision: snapshot.revision });
    expect((await failureOf(update)).kind).toBe('stale');
  });

  test('two writers on one revision: one wins, the other is stale', async () => {
    const { system, another, roles } = side();
    const id = await createRecord(side());
    const { revision } = (await read(id)).snapshot;
    const write = (one: typeof system, title: string) =>
      failureOf(one.update(id, [change(roles.title, title)], { revision }));
    const kinds = (await Promise.all([write(system, 'A'), write(another(), 'B')])).map(
      (outcome) => outcome.kind,
    );
    expect(kinds.toSorted()).toEqual(['none', 'stale']);
  });

  test('rich text comes back with its meaning', async () => {
    const { system, roles } = side();
    const id = await createRecord(side());
    const { revision } = (await read(id)).snapshot;
    const html = '<p>Größe &lt;b&gt; <strong>bold</strong> “quoted” 😀</p><ul><li>one</li><li>two</li></ul>';
    await system.update(id, [change(roles.description, { kind: 'rich', format: 'html', text: html })], {
      revision,
    });
    const value = (await read(id)).snapshot.fields[roles.description] as { format: string; text: string };
    expect(value.format).toBe('html');
    for (const part of ['Größe &lt;b&gt;', '<strong>bold</strong>', '😀', '<li>two</li>']) {
      expect(value.text).toContain(part);
    }
  });

  test('a status that means done is reached and left again', async () => {
    const { system, roles, statuses } = side();
    const id = await createRecord(side());
    const first = (await read(id)).snapshot;
    const done = { kind: 'choice', id: statuses.done } as const;
    await system.update(id, [change(roles.title, 'Finished'), change(roles.status, done)], {
      revision: first.revision,
    });
    const closed = (await read(id)).snapshot;
    expect(closed).toMatchObject({ title: 'Finished', status: { id: statuses.done, category: 'completed' } });
    const working = { kind: 'choice', id: statuses.working } as const;
    const again = [change(roles.status, working), change(roles.title, 'Not finished')];
    const result = await system.update(id, again, { revision: closed.revision });
    const open = (await read(id)).snapshot;
    expect(open).toMatchObject({
      title: 'Not finished',
      status: { id: statuses.working, category: 'inProgress' },
    });
    expect(result.revision).toBe(open.revision);
  });

  test('an update that changes nothing is no failure', async () => {
    const { system, roles } = side();
    const id = await createRecord(side(), 'Same');
    const { revision } = (await read(id)).snapshot;
    const result = await system.update(id, [change(roles.title, 'Same')], { revision });
    expect((await read(id)).snapshot.title).toBe('Same');
    expect(result.ref.id).toBe(id);
  });

  test('finds a person by e-mail address, and nobody for a stranger', async () => {
    const { system, person } = side();
    expect(await system.findPerson({ kind: 'principal', id: '', email: person.email })).toMatchObject({
      id: person.id,
    });
    const shouted = { kind: 'principal', id: '', email: person.email?.toUpperCase() } as const;
    expect((await system.findPerson(shouted))?.id).toBe(person.id);
    expect(
      await system.findPerson({ kind: 'principal', id: '', email: 'nobody@nowhere.example' }),
    ).toBeUndefined();
    expect(await system.findPerson({ kind: 'principal', id: '', name: 'No Address' })).toBeUndefined();
  });

  test('describes itself so that a mapping can be made', async () => {
    const { system, roles, statuses } = side();
    const description = await system.describe(side().newRecord('x'));
    const ids = description.fields.map((field) => field.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const role of Object.values(description.roles)) expect(ids).toContain(role);
    expect(description.roles).toMatchObject(roles);
    const known = description.statuses.map((status) => status.id);
    for (const id of Object.values(statuses)) expect(known).toContain(id);
    expect(description.statuses.find((status) => status.id === statuses.done)?.category).toBe('completed');
    expect(description.types.length).toBeGreaterThan(0);
    expect(description.fields.find((field) => field.id === roles.description)?.type).toBe('rich');
  });

  test('a state change takes one reading and one write', async () => {
    const { system, roles, statuses } = side();
    const id = await createRecord(side());
    const warm = (await read(id)).snapshot;
    await system.describe(side().newRecord('x'));
    side().forgetRequests();
    const { snapshot } = await read(id);
    expect(snapshot.revision).toBe(warm.revision);
    const status = change(roles.status, { kind: 'choice', id: statuses.working });
    await system.update(id, [status], { revision: snapshot.revision });
    expect(side().requests()).toMatchObject({ reads: 1, writes: 1 });
  });

  test('readings at the same time share requests, and each keeps its own outcome', async () => {
    const ids = await Promise.all([1, 2, 3, 4, 5, 6].map((count) => createRecord(side(), `Batch ${count}`)));
    await read(ids[0] as string);
    side().forgetRequests();
    const outcomes = await Promise.allSettled([...ids, '99999999'].map(read));
    expect(side().requests().reads).toBeLessThanOrEqual(3);
    expect(outcomes.at(-1)).toMatchObject({ status: 'rejected', reason: { kind: 'notFound' } });
    const titles = outcomes
      .slice(0, -1)
      .map((outcome) => outcome.status === 'fulfilled' && outcome.value.snapshot.title);
    expect(titles).toEqual(ids.map((_id, index) => `Batch ${index + 1}`));
  });
}
