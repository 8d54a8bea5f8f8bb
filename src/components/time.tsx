import { exactTime, relativeTime } from './time-words.ts';
import { useNow, useViewer } from './viewer.tsx';

/** A time in relation to now, with the exact one on hover and for screen readers. */
export function RelativeTime({ at }: { at: string }) {
  const viewer = useViewer();
  const nowMs = useNow();
  if (Number.isNaN(Date.parse(at))) return <span>{at}</span>;
  return (
    <time dateTime={at} title={exactTime(at, viewer)}>
      {relativeTime(at, nowMs, viewer.locale)}
    </time>
  );
}
