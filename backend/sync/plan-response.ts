import type { ResponseRow } from '../contract/mapping.ts';
import { agree, canonical } from './canonical.ts';
import { convert } from './convert.ts';
import { type Draft, describeField, readField, shown } from './draft.ts';
import { otherSide, type Side, type Snapshot } from './record.ts';
import { responseRowId } from './row-keys.ts';

const counterpartValue = (counterpart: Snapshot, value: ResponseRow['value']): string => {
  switch (value) {
    case 'id':
    case 'key':
    case 'url':
      return counterpart.ref[value];
    case 'title':
      return counterpart.title;
    case 'status':
      return counterpart.status.name;
  }
};

/** Whom the response goes to: who caused the create, or both when two existing records were linked. */
const receives = (draft: Draft, side: Side): boolean => {
  const { origin } = draft.input.link;
  return (
    origin === 'linked' || (side === 'workItem' ? origin === 'createdTicket' : origin === 'createdWorkItem')
  );
};

function rowsFor(draft: Draft, side: Side): readonly ResponseRow[] {
  const { mapping } = draft.input;
  const rows = receives(draft, side) ? mapping.response[side] : [];
  const reference = side === 'workItem' ? mapping.referenceField : undefined;
  if (reference === undefined || rows.some((row) => row.field === reference)) return rows;
  return [...rows, { field: reference, value: 'key' }];
}

function respond(draft: Draft, side: Side): void {
  const counterpart = draft.snapshot[otherSide(side)];
  for (const row of rowsFor(draft, side)) {
    const target = describeField(draft.input, side, row.field);
    const made = convert(counterpartValue(counterpart, row.value), target);
    if (!('ok' in made)) {
      const reason = made.unmappable;
      draft.notes.push({ code: 'fieldUnmappable', side, row: responseRowId, field: row.field, reason });
      continue;
    }
    const present = readField(draft.snapshot[side].fields, row.field);
    if (present !== undefined && agree(canonical(made.ok, target), canonical(present, target))) continue;
    if (draft.changes[side].some((change) => change.field === row.field)) continue;
    draft.changes[side].push({ field: row.field, value: made.ok, row: responseRowId });
    const [from, to] = [shown(present), shown(made.ok)];
    draft.notes.push({ code: 'fieldSent', side, row: responseRowId, field: row.field, from, to });
  }
}

/** Values of the new counterpart, its number and its address; once, until `responded`. */
export function planResponse(draft: Draft): void {
  if (draft.input.link.responded) return;
  respond(draft, 'workItem');
  respond(draft, 'ticket');
  const { ref } = draft.snapshot.ticket;
  const { mapping, systemName } = draft.input;
  if (!mapping.hyperlink || ref.url === '' || draft.snapshot.workItem.hyperlinks?.includes(ref.url)) return;
  const comment = `${systemName.ticket} ${ref.key}`;
  draft.later.push({ kind: 'addHyperlink', side: 'workItem', url: ref.url, comment });
}
