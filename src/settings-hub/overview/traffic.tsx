import type { Overview } from '../../../backend/contract/overview.ts';
import { clockTime } from '../../components/time-words.ts';
import { useViewer } from '../../components/viewer.tsx';
import { words } from '../../text-settings.ts';

const w = words.overview;

/** Attempts by the hour as bars; the numbers are in the tooltip and in the summary for screen readers. */
export function Traffic({ hours }: { hours: Overview['traffic'] }) {
  const viewer = useViewer();
  const most = Math.max(1, ...hours.map(({ done, failed }) => done + failed));
  const done = hours.reduce((sum, hour) => sum + hour.done, 0);
  const failed = hours.reduce((sum, hour) => sum + hour.failed, 0);
  const share = (count: number) => `${(count / most) * 100}%`;
  const first = hours[0];
  return (
    <>
      <div className="bars" aria-hidden="true">
        {hours.map((hour) => (
          <span
            key={hour.hour}
            title={`${clockTime(hour.hour, viewer)}: ${w.trafficBar(hour.done, hour.failed)}`}
          >
            <i style={{ height: share(hour.done) }} />
            <i className="failed" style={{ height: share(hour.failed) }} />
          </span>
        ))}
      </div>
      <div className="row small-text quiet" aria-hidden="true">
        {first && <span>{clockTime(first.hour, viewer)}</span>}
        <span className="push">{w.trafficNow}</span>
      </div>
      <span className="small-text">
        <span className="traffic-done" aria-hidden="true" /> {w.trafficBar(done, failed)}
        {done + failed > 0 && <span className="quiet"> · {w.trafficMost(most)}</span>}
      </span>
    </>
  );
}
