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

/** Keeps what `make` made for the last key: making a format takes 20 times as long as using it. */
function lastMade<K extends string[], V>(make: (...key: K) => V): (...key: K) => V {
  let made: { key: string; value: V } | undefined;
  return (...key) => {
    const name = key.join(' ');
    if (made?.key !== name) made = { key: name, value: make(...key) };
    return made.value;
  };
}

const distanceFormat = lastMade(
  (locale: string) => new Intl.RelativeTimeFormat(locale, { style: 'narrow', numeric: 'auto' }),
);
const exactFormat = lastMade(
  (locale: string, timeZone: string) =>
    new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long', timeZone }),
);

/** "2 min. ago", "in 3 hr."; less than a minute is "now": the second would be wrong before it is read. */
export function relativeTime(at: string, nowMs: number, locale: string): string {
  const distanceMs = Date.parse(at) - nowMs;
  for (const [unit, sizeMs] of steps) {
    if (Math.abs(distanceMs) >= sizeMs) {
      return distanceFormat(locale).format(Math.round(distanceMs / sizeMs), unit);
    }
  }
  return text.time.now;
}

/** Date, time and zone as the viewer reads them. */
export const exactTime = (at: string, { locale, timeZone }: Viewer): string =>
  exactFormat(locale, timeZone).format(new Date(at));

export const clockTime = (at: string, { locale, timeZone }: Viewer): string =>
  new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone }).format(new Date(at));
