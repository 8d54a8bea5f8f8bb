import type { CredentialEnd } from '../../../backend/contract/credential-days.ts';
import { words } from '../../text-settings.ts';

const w = words.connections.ends;

/** "valid until 3 Mar 2027 (UTC)", "ends in 9 days", "ended 2 days ago", "end not known". */
export function endWords(ends: CredentialEnd | undefined, locale: string): string {
  if (ends === undefined) return w.unknown;
  if (ends.standing === 'valid') return w.valid(dayWords(ends.on, locale));
  const when = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(ends.daysLeft, 'day');
  return ends.standing === 'ended' ? w.ended(when) : w.ending(when);
}

/** The day by the viewer's culture. Its calendar is UTC's for everybody, so the viewer's own zone must not move it. */
export const dayWords = (day: string, locale: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(
    new Date(`${day}T00:00:00Z`),
  );
