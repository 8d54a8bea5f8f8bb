import type { Overview } from '../../../backend/contract/overview.ts';
import { clockTime } from '../../components/time-words.ts';
import { useViewer } from '../../components/viewer.tsx';
import { words } from '../../text-settings.ts';

/** Attempts by the hour as bars; the numbers are in the tooltip and in the summary for screen readers. */
export function Traffic({ hours }: { hours: Overview['traffic'] }) {
  const viewer = useViewer();
  const most = Math.max(1, ...hours.map(({ done, failed }) => done + failed));
  const done = hours.reduce((sum, hour) => sum + hour.done, 0);
  const failed = hours.reduce((sum, hour) => sum + hour.failed, 0);
  const share = (count: number) => `${(count / most) * 100}%`;
  return (
    <>
      <div className="bars" aria-hidden="true">
        {hours.map((hour) => (
          <span
            key={hour.hour}
            title={`${clockTime(hour.hour, viewer)}: ${words.overview.trafficBar(hour.done, hour.failed)}`}
          >
            <i style={{ height: share(hour.done) }} />
            <i className="failed" style={{ height: share(hour.failed) }} />
          </span>
        ))}
      </div>
      <span className="small-text quiet">{words.overview.trafficBar(done, failed)}</span>
    </>
  );
}
