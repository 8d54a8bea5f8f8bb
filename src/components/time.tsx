import { exactTime, relativeTime } from './time-words.ts';
import { useTime, useViewer } from './viewer.tsx';

/** A time in relation to now, with the exact one on hover and for screen readers. */
export function RelativeTime({ at }: { at: string }) {
  const viewer = useViewer();
  const isTime = !Number.isNaN(Date.parse(at));
  const words = useTime((nowMs) => (isTime ? relativeTime(at, nowMs, viewer.locale) : at));
  if (!isTime) return <span>{at}</span>;
  return (
    <time dateTime={at} title={exactTime(at, viewer)}>
      {words}
    </time>
  );
}
