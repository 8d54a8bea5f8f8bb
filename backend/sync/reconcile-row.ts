import type { ConflictPolicy } from '../contract/mapping.ts';
import { agree } from './canonical.ts';
import type { FieldChange, Note } from './command.ts';
import { type Draft, shown } from './draft.ts';
import type { Canonical } from './link-state.ts';
import { type FieldValue, otherSide, type Side } from './record.ts';
import { sides } from './row-keys.ts';

/** What one side's value would be on the other. */
export type Wanted =
  | {
      kind: 'write';
      value: FieldValue;
      canonical: Canonical;
      onUnknownPerson?: FieldChange['onUnknownPerson'];
    }
  /** The other side already shows it. */
  | { kind: 'agrees' }
  /** `noOpinion`: not expressible by policy, so that the other side may speak. */
  | { kind: 'unmappable'; reason: string; noOpinion?: boolean };

/** One row in a form that fields and the state share. */
export interface Row {
  id: string;
  field: Readonly<Record<Side, string>>;
  key: Readonly<Record<Side, string>>;
  flows: Readonly<Record<Side, boolean>>;
  policy: ConflictPolicy;
  /** What is compared with the base, per side; undefined when it was not read. */
  now: Readonly<Record<Side, Canonical | undefined>>;
  /** What the fields hold, for people. */
  value: Readonly<Record<Side, FieldValue | undefined>>;
  /** For the other side of `from`. May add notes about what gets lost, which count if it is written. */
  make(from: Side): { wanted: Wanted; notes: readonly Note[] };
  unmappableCode: 'fieldUnmappable' | 'stateUnmapped';
}

const known = (value: Canonical | undefined): value is Canonical => value !== undefined;

/** Whether the side shows something else than when the two agreed. */
function hasChanged(draft: Draft, row: Row, side: Side): boolean {
  const base = draft.input.link.base?.[side];
  const before = base?.values[row.key[side]];
  const now = row.now[side];
  if (base === undefined || before === undefined || now === undefined || before === now) return false;
  if (!base.unconfirmed?.includes(row.key[side])) return true;
  if (agree(now, before)) return false;
  // The first reading of what Tandem wrote: the system's normal form of it, unless somebody else was there since.
  // Only the revision proves that; who changed the record last does not, as Tandem may have written again since.
  const { own, revision } = draft.snapshot[side];
  return base.ownRevision === undefined ? !own : base.ownRevision !== revision;
}

/**
 * What Tandem wrote has been read back: whatever becomes of the row, the next reading is compared with this one (or,
 * after an edit, with what was written), and no longer gets the benefit of the doubt.
 */
function confirm(draft: Draft, row: Row, side: Side, isChanged: boolean): void {
  const key = row.key[side];
  const base = draft.input.link.base?.[side];
  if (!base?.unconfirmed?.includes(key)) return;
  const value = isChanged ? base.values[key] : row.now[side];
  if (value !== undefined) {
    draft.settlements.push({ row: row.id, confirms: true, base: { [side]: { [key]: value } } });
  }
}

const baseOf = (row: Row, values: Readonly<Record<Side, Canonical | undefined>>) => {
  const base: Partial<Record<Side, Record<string, Canonical>>> = {};
  for (const side of sides) {
    const value = values[side];
    if (value !== undefined) base[side] = { [row.key[side]]: value };
  }
  return base;
};

/** Both sides are fine as they are. */
function accept(draft: Draft, row: Row): void {
  draft.settlements.push({ row: row.id, base: baseOf(row, row.now) });
}

function noteUnmappable(draft: Draft, row: Row, from: Side, reason: string): void {
  const field = row.field[from];
  draft.notes.push({
    code: row.unmappableCode,
    side: from,
    row: row.id,
    field,
    from: shown(row.value[from]),
    reason,
  });
}

/** Writes the value of `from` to the other side. Leaves the base alone when that cannot be done. */
function send(draft: Draft, row: Row, from: Side, code: 'fieldSent' | 'fieldOverruled'): void {
  const to = otherSide(from);
  const { wanted, notes } = row.make(from);
  if (wanted.kind === 'agrees') {
    accept(draft, row);
    return;
  }
  if (wanted.kind === 'unmappable') {
    noteUnmappable(draft, row, from, wanted.reason);
    // The other side starts from here, or its own edits would never count.
    if (draft.input.link.base?.[to].values[row.key[to]] === undefined) {
      draft.settlements.push({ row: row.id, base: { [to]: { [row.key[to]]: row.now[to] as Canonical } } });
    }
    return;
  }
  const field = row.field[to];
  const settlement = {
    row: row.id,
    writes: to,
    field,
    base: baseOf(row, { ...row.now, [to]: wanted.canonical } as Record<Side, Canonical | undefined>),
  };
  if (draft.changes[to].some((change) => change.field === field)) {
    // Two rows for one field: the first wins, for good; checking the mapping reports it.
    draft.notes.push({
      code: 'fieldKept',
      side: to,
      row: row.id,
      field,
      reason: 'Another row writes this field',
    });
    draft.settlements.push({ row: row.id, base: baseOf(row, row.now) });
    return;
  }
  const { value, onUnknownPerson } = wanted;
  draft.changes[to].push({ field, value, row: row.id, ...(onUnknownPerson ? { onUnknownPerson } : {}) });
  draft.fields[to][field] = value;
  draft.notes.push(
    { code, side: to, row: row.id, field, from: shown(row.value[to]), to: shown(value) },
    ...notes,
  );
  draft.settlements.push(settlement);
}

/** The row was never agreed on: the link is new, or the row is. */
function firstAgreement(draft: Draft, row: Row): void {
  const { link, mapping } = draft.input;
  const isFirst = link.base === undefined;
  // A record that Tandem created shows what its creator holds, as far as its system could take it.
  if (isFirst && link.origin !== 'linked') {
    accept(draft, row);
    return;
  }
  const speaker = sides.find((side) => row.flows[side]) as Side;
  const { wanted } = row.make(speaker);
  if (wanted.kind === 'agrees') {
    accept(draft, row);
    return;
  }
  const winner =
    mapping.onLink === 'workItemWins' ? 'workItem' : mapping.onLink === 'ticketWins' ? 'ticket' : undefined;
  if (isFirst && winner !== undefined && row.flows[winner]) {
    send(draft, row, winner, 'fieldSent');
    return;
  }
  const to = otherSide(speaker);
  const [from, into] = [shown(row.value[speaker]), shown(row.value[to])];
  draft.notes.push({ code: 'fieldKept', side: to, row: row.id, field: row.field[to], from, to: into });
  accept(draft, row);
}

function winnerOf(draft: Draft, row: Row): Side | undefined {
  const resolved = draft.input.link.resolutions[row.id];
  if (resolved !== undefined) return resolved;
  if (row.policy === 'workItemWins') return 'workItem';
  if (row.policy === 'ticketWins') return 'ticket';
  if (row.policy === 'ask') return undefined;
  const [workItem, ticket] = sides.map((side) => Date.parse(draft.snapshot[side].updatedAt));
  // A tie, or a time that cannot be read, must not depend on which side was asked first.
  return (ticket as number) > (workItem as number) ? 'ticket' : 'workItem';
}

function contested(draft: Draft, row: Row): void {
  if (sides.some((side) => row.make(side).wanted.kind === 'agrees')) {
    accept(draft, row);
    return;
  }
  const winner = winnerOf(draft, row);
  if (winner !== undefined) {
    send(draft, row, winner, 'fieldOverruled');
    return;
  }
  const side = (name: Side) => ({
    field: row.field[name],
    value: row.value[name] ?? null,
    at: draft.snapshot[name].updatedAt,
    by: draft.snapshot[name].updatedBy?.name,
  });
  draft.conflicts.push({ row: row.id, workItem: side('workItem'), ticket: side('ticket') });
  const [from, to] = [shown(row.value.workItem), shown(row.value.ticket)];
  draft.notes.push({ code: 'conflict', side: 'ticket', row: row.id, field: row.field.ticket, from, to });
}

/**
 * Decides one row. A side counts as changed when it differs from what it itself showed last, never because it
 * differs from the other side. The receiving side of a one-way row may drift: it is left alone until the sending
 * side changes again, and its drift is no conflict.
 */
export function reconcileRow(draft: Draft, row: Row): void {
  const unknown = sides.filter((side) => row.now[side] === undefined);
  if (unknown.length > 0) {
    for (const side of unknown) {
      draft.notes.push({ code: 'fieldUnknown', side, row: row.id, field: row.field[side] });
    }
    return;
  }
  const flowing = sides.filter((side) => row.flows[side]);
  const base = draft.input.link.base;
  if (!flowing.some((side) => known(base?.[side].values[row.key[side]]))) {
    firstAgreement(draft, row);
    return;
  }
  let changed = flowing.filter((side) => hasChanged(draft, row, side));
  for (const side of sides) confirm(draft, row, side, changed.includes(side));
  if (changed.length === 2) {
    const silent = changed.filter((side) => {
      const { wanted } = row.make(side);
      return wanted.kind === 'unmappable' && wanted.noOpinion;
    });
    if (silent.length === 1) changed = changed.filter((side) => !silent.includes(side));
  }
  const [first] = changed;
  if (first === undefined) accept(draft, row);
  else if (changed.length === 2) contested(draft, row);
  else send(draft, row, first, 'fieldSent');
}
