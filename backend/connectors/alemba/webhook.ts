import sjson from 'secure-json-parse';
import type { Hint, HookReading, HookRequest } from '../connector.ts';
import { matchesSecret } from '../hook-secret.ts';
import { isRef } from './filter.ts';
import { revisionOf } from './translate.ts';

const maxHeaders = 100;
const maxSecretChars = 500;

/**
 * The vendor documents the secret as a token that is echoed with the event, but not where
 * (docs.alemba.com, "Webhooks"). It is random and long, so any header or top-level text of the body may carry it:
 * whoever can write it somewhere knows it.
 */
export function verifyHook(request: HookRequest, secrets: readonly string[]): boolean {
  if (secrets.every((secret) => secret === '')) return false;
  const headers = Object.values(request.headers).slice(0, maxHeaders);
  const inHeaders = headers.some((value) => {
    if (value === undefined || value.length > maxSecretChars) return false;
    return matchesSecret(value, secrets) || matchesSecret(value.replace(/^\w+ /, ''), secrets);
  });
  if (inHeaders) return true;
  const body = parseBody(request.body);
  if (body === undefined) return false;
  return Object.values(body).some(
    (value) => typeof value === 'string' && value.length <= maxSecretChars && matchesSecret(value, secrets),
  );
}

type Body = Readonly<Record<string, unknown>>;

function parseBody(bytes: Buffer): Body | undefined {
  try {
    const parsed: unknown = sjson.parse(bytes.toString('utf8'), {
      protoAction: 'error',
      constructorAction: 'error',
    });
    return isObject(parsed) ? parsed : undefined;
  } catch {
    // Not JSON: told to the caller as unreadable.
    return undefined;
  }
}

const isObject = (value: unknown): value is Body =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ticketEntities = ['Call', 'Request', 'Task', 'ServiceOrder'];
const otherEntities = ['Person', 'Knowledge', 'CmdbItem', 'CmdbLink', 'ConfigurationItem'];

const actionRules: readonly [RegExp, Hint['what']][] = [
  [/attach|file/i, 'attached'],
  [/delet|remov/i, 'deleted'],
  [/restor/i, 'restored'],
  [/creat|submit|opened|logged/i, 'created'],
  [/action|note|defer|history|comment/i, 'commented'],
  [/updat|forward|clos|reopen|chang|escalat|lock/i, 'updated'],
];

/** Reads the payload of docs.alemba.com, "Webhook Payloads". Content beyond number, order and date is not used. */
export function readHook(request: HookRequest): HookReading {
  const body = parseBody(request.body);
  if (body === undefined) return { verdict: 'unreadable', reason: 'The body is not a JSON object' };
  const action = typeof body.Action === 'string' ? body.Action : '';
  const entity = ticketEntities.find((name) => isObject(body[name]));
  if (entity === undefined) {
    const other = otherEntities.find((name) => name in body);
    if (other !== undefined) return { verdict: 'ignored', reason: `Tandem does not follow ${other} records` };
    if (/^(ping|test)$/i.test(action)) return { verdict: 'ignored', reason: 'A test of the webhook' };
    return { verdict: 'unreadable', reason: 'The body names no call, request or task' };
  }
  const row = body[entity] as Body;
  const recordId = String(typeof row.Ref === 'number' || typeof row.Ref === 'string' ? row.Ref : '').trim();
  if (!isRef(recordId)) return { verdict: 'unreadable', reason: `The ${entity} has no usable Ref` };
  return { verdict: 'hints', hints: [readHint(recordId, row, body, action)] };
}

function readHint(recordId: string, row: Body, body: Body, action: string): Hint {
  const revision = readRevision(row, body);
  const what = actionRules.find(([pattern]) => pattern.test(action))?.[1] ?? 'unknown';
  const order = /\/(\d+)$/.exec(revision ?? '')?.[1];
  return {
    recordId,
    what,
    ...(revision !== undefined && { revision }),
    // Without an order two changes within a second would look the same.
    ...(order !== undefined && { dedupeKey: `${recordId}/${order}/${action.slice(0, 60)}` }),
  };
}

/** `<date>/<order>`; the order is missing when the column was not selected: then `<date>/`. */
function readRevision(row: Body, body: Body): string | undefined {
  const selected = row.LastHistoryOrder ?? body.ActionHistoryId;
  const order =
    typeof selected === 'number' && Number.isSafeInteger(selected) && selected >= 0 ? selected : undefined;
  const date = typeof row.LastActionDate === 'string' ? row.LastActionDate : undefined;
  const isDate = date !== undefined && !Number.isNaN(Date.parse(date));
  try {
    if (order !== undefined) {
      return revisionOf({ LastActionDate: isDate ? date : undefined, LastHistoryOrder: order });
    }
    return isDate ? `${new Date(date).toISOString()}/` : undefined;
  } catch {
    // A date that parses here and not there: the hint is worth as much without it.
    return undefined;
  }
}

/**
 * True when a record at `base` includes what happened at `hinted`. Orders count up without gaps within a call, so they
 * decide; dates have whole seconds, so an equal date proves nothing.
 */
export function isKnownRevision(hinted: string, base: string): boolean {
  const [hintedDate = '', hintedOrder = ''] = hinted.split('/');
  const [baseDate = '', baseOrder = ''] = base.split('/');
  if (hintedOrder !== '' && baseOrder !== '') {
    return /^\d+$/.test(hintedOrder) && /^\d+$/.test(baseOrder) && Number(hintedOrder) <= Number(baseOrder);
  }
  const hintedMs = Date.parse(hintedDate);
  return !Number.isNaN(hintedMs) && hintedMs < Date.parse(baseDate);
}

/** For an administrator of the Alemba system; names as in its webhook form. */
export function hookInstructions({ url, secret }: { url: string; secret: string }): readonly string[] {
  return [
    'In Alemba, open the administration of webhooks and add one (ASM 10.6 or later).',
    `Payload URL: ${url}`,
    `Secret: ${secret}`,
    'Active: yes. Entity type: Call. Add a second webhook with the same values for Request when you use requests.',
    'Triggers: created, submitted, updated, forwarded, closed, reopened, action added to history, attachment added.',
    'Selected columns (PayloadSelect): Ref,CallStatus,LastActionDate,LastHistoryOrder,LastActionedBy',
    'Filter: none. Attachments: none, Tandem reads them itself. Inline images: no.',
    'Deliveries that get lost are found by the sweep, so nothing has to be sent again by hand.',
  ];
}
