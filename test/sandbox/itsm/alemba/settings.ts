import type { Relation } from './rules/relations.ts';

/** What differs between installations, or is not documented by the vendor; changed at `/_sandbox/settings`. */
export interface AlembaSettings {
  /** Concurrent sessions; one more login is refused. */
  licences: number;
  partitioning: boolean;
  closure: { requireReason: boolean; requireComment: boolean };
  /** Properties that a create must carry beyond the built-in ones (templates count). */
  requiredFields: string[];
  /** Beyond what the template does to IPK status and stream. */
  relations: Relation[];
  /** Properties of calls that an entity of one IPK status (`service-request`) lacks; its metadata leaves them out. */
  absentProperties: Record<string, string[]>;
  /** Whose lock it is. With `session`, a client that restarted and logged in again meets its own old lock. */
  lockOwner: 'person' | 'session';
  /** Not printed in the vendor's manual; 403 is the nearest of the statuses that it lists. */
  lockConflictStatus: number;
  /** `PUT /call/{ref}/note` is not documented, so an installation may lack it. */
  noteAction: boolean;
  typeTable: 'ipk-status-stream-to-type' | 'ipk-status-stream-type-to-type';
  /** The portal-visibility flag inside `$action` (or `$action.Description`). */
  visibilityField: string;
  /** Zone-less dates in filters are the server's local time; one hour off UTC, so that a client's slip shows. */
  serverOffsetMinutes: number;
  /** The vendor's examples show whole seconds, hence two changes can share one LastActionDate. */
  dateResolutionMs: number;
  maxAttachmentBytes: number;
  /** May a client write Priority? It holds until Impact or Urgency change, then the matrix decides again. */
  priorityOverride: boolean;
  /** "An update can move the call into the session's ownership." */
  updateTakesOwnership: boolean;
}

export const defaultSettings = (): AlembaSettings => ({
  licences: 5,
  partitioning: true,
  closure: { requireReason: false, requireComment: false },
  requiredFields: [],
  relations: [],
  absentProperties: {},
  lockOwner: 'person',
  lockConflictStatus: 403,
  noteAction: true,
  typeTable: 'ipk-status-stream-to-type',
  visibilityField: 'VisibleInPortal',
  serverOffsetMinutes: 60,
  dateResolutionMs: 1000,
  maxAttachmentBytes: 100 * 1024 * 1024,
  priorityOverride: true,
  updateTakesOwnership: false,
});
