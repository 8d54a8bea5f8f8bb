import { text } from '../text.ts';

/** For whom times and numbers are written. */
export interface Viewer {
  locale: string;
  timeZone: string;
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** "2 min. ago", "in 3 hr."; less than a minute is "now": the second would be wrong before it is read. */
export function relativeTime(at: string, nowMs: number, locale: string): string {
  const distanceMs = Date.parse(at) - nowMs;
  for (const [unit, sizeMs] of steps) {
    if (Math.abs(distanceMs) >= sizeMs) {
      const format = new Intl.RelativeTimeFormat(locale, { style: 'narrow', numeric: 'auto' });
      return format.format(Math.round(distanceMs / sizeMs), unit);
    }
  }
  return text.time.now;
}

/** Date, time and zone as the viewer reads them. */
export const exactTime = (at: string, { locale, timeZone }: Viewer): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long', timeZone }).format(new Date(at));

export const clockTime = (at: string, { locale, timeZone }: Viewer): string =>
  new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone }).format(new Date(at));
