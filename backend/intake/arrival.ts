import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { HookReading } from '../connectors/connector.ts';
import { azureDevOps } from '../store/connections.ts';
import type { Arrival } from '../store/deliveries.ts';
import type { HookAddress } from './hook-directory.ts';

/** Makes the rows of a verified hook. Never throws: what cannot be read is parked as it came. */
export function arrivalsOf(address: HookAddress, body: Buffer, reading: HookReading): Arrival[] {
  const side = address.connection === azureDevOps ? 'workItem' : 'ticket';
  const text = textOf(body);
  const base = {
    tenant: address.tenant,
    source: side === 'workItem' ? ('azureDevOps' as const) : ('ticketSystem' as const),
    connection: address.connection,
    side,
    body: text.body,
    encoding: text.encoding,
  } as const;
  const fingerprint = () => `body:${createHash('sha256').update(body).digest('base64url')}`;
  if (reading.verdict !== 'hints') {
    const outcome = reading.verdict === 'ignored' ? 'handled' : 'parked';
    return [
      { ...base, dedupe: fingerprint(), what: reading.verdict, outcome, reason: clean(reading.reason, 500) },
    ];
  }
  return reading.hints.map((hint, index) => ({
    ...base,
    dedupe: `${address.connection}:${hint.dedupeKey === undefined ? fingerprint() : clean(hint.dedupeKey, 300)}${index === 0 ? '' : `#${index}`}`,
    what: hint.what,
    recordId: clean(hint.recordId, 200),
    hint: {
      what: hint.what,
      side,
      revision: hint.revision === undefined ? undefined : clean(hint.revision, 200),
      own: hint.own,
    },
  }));
}

/** PostgreSQL keeps neither NUL nor bytes that are no UTF-8 in a text: such bodies are kept as base64. */
function textOf(body: Buffer): { body: string; encoding: 'utf8' | 'base64' } {
  if (isUtf8(body) && !body.includes(0)) return { body: body.toString('utf8'), encoding: 'utf8' };
  return { body: body.toString('base64'), encoding: 'base64' };
}

/** Words from outside that go into a column: no NUL, no lone surrogates, no endless length. */
const clean = (text: string, maxLength: number): string =>
  text.replaceAll('\0', '').slice(0, maxLength).toWellFormed();
