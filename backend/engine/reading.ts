import type { LockedRead, ReadResult, ReadWants, RecordSystem } from '../connectors/connector.ts';
import type { MappingSettings } from '../contract/mapping.ts';
import type { SidedHint } from '../lanes/lane.ts';
import { isFailure } from '../sync/failure.ts';
import { fieldsUsed } from '../sync/fields-used.ts';
import type { SideBase } from '../sync/link-state.ts';
import type { Reading, Side } from '../sync/record.ts';
import { onSide } from './ports.ts';

export interface SideReading {
  reading: Reading;
  bookmark?: string;
}

/** Reads one side of a link. Gone or hidden is a reading, everything else that goes wrong is thrown with its side. */
export async function readSide(
  side: Side,
  system: RecordSystem,
  id: string,
  wants: ReadWants,
): Promise<SideReading> {
  try {
    const result: ReadResult = await onSide(side, () => system.read(id, wants));
    if (result.snapshot.deleted) return { reading: { state: 'missing', how: 'deleted' } };
    return { reading: { state: 'present', snapshot: result.snapshot }, bookmark: result.bookmark };
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (!isFailure(cause) || cause.kind !== 'notFound') throw error;
    const how =
      system.whyMissing === undefined
        ? 'notVisible'
        : await onSide(side, async () => system.whyMissing?.(id));
    return { reading: { state: 'missing', how: how ?? 'notVisible' } };
  }
}

/**
 * Reads a record under the lock that the update after it needs anyway, where the system offers that; undefined where
 * not, or not at once (locked by somebody, closed, gone): the usual reading and the usual update tell then.
 */
export async function readSideLocked(
  side: Side,
  system: RecordSystem,
  id: string,
  wants: ReadWants,
): Promise<(SideReading & { locked: LockedRead }) | undefined> {
  try {
    const locked = await onSide(side, async () => system.readLocked?.(id, wants));
    if (locked === undefined) return undefined;
    if (!locked.snapshot.deleted) {
      return { reading: { state: 'present', snapshot: locked.snapshot }, bookmark: locked.bookmark, locked };
    }
    await locked.release();
    return undefined;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (isFailure(cause) && cause.kind === 'notFound') return undefined;
    throw error;
  }
}

/**
 * What a read of `side` must bring. Comments and attachments are asked for when the mapping carries them over and
 * something may have been added; a first agreement and a full look read everything.
 */
export function wantsOf(
  side: Side,
  mapping: MappingSettings,
  base: SideBase | undefined,
  hints: readonly SidedHint[],
): ReadWants {
  const carries = side === 'workItem' ? 'out' : 'in';
  const about = hints.filter((hint) => hint.side === side);
  const full =
    base === undefined || hints.some((hint) => hint.what === 'unknown' && (hint.side ?? side) === side);
  const part = (on: boolean, what: SidedHint['what']): ReadWants['comments'] =>
    on && (full || about.some((hint) => hint.what === what) ? true : 'ifChanged');
  return {
    comments: part(mapping.comments[carries], 'commented'),
    attachments: part(mapping.attachments[carries], 'attached'),
    bookmark: base?.bookmark,
    revision: base?.revision,
    fields: fieldsOf(side, mapping),
  };
}

const used = new WeakMap<MappingSettings, Readonly<Record<Side, readonly string[]>>>();
const rolesAreRead = { workItem: '', ticket: '' };

/** Fields that a mapping looks at or writes on one side. Asked with every read, so kept with the mapping. */
export function fieldsOf(side: Side, mapping: MappingSettings): readonly string[] {
  let fields = used.get(mapping);
  if (fields === undefined) {
    const { workItem, ticket } = fieldsUsed(mapping, rolesAreRead);
    fields = { workItem: workItem.filter((id) => id !== ''), ticket: ticket.filter((id) => id !== '') };
    used.set(mapping, fields);
  }
  return fields[side];
}
