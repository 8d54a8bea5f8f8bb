import type { MappingSettings } from '../../../backend/contract/mapping.ts';
import { Action } from '../../components/action.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useDoing, useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';

const w = words.mappings;

/** Earlier versions; rolling back publishes the old settings as a new version, so that nothing is lost. */
export function VersionsPart({
  mappingId,
  version: current,
  onRolledBack,
}: {
  mappingId: string;
  version: number;
  onRolledBack(): void;
}) {
  const { api, projectId, say } = useHub();
  const { data, problem, reload } = useLoad(
    (signal) => api.listMappingVersions({ projectId, mappingId }, { signal }),
    [api, projectId, mappingId, current],
  );
  const rolling = useDoing();
  const rollBack = (version: number, settings: MappingSettings) =>
    rolling.run(async () => {
      await api.updateMapping({ projectId, mappingId, body: { baseVersion: current, settings } });
      say(w.rolledBack(version));
      onRolledBack();
    });
  if (problem) return <ProblemNotice problem={problem} onRetry={reload} />;
  if (!data) return <div className="skeleton" style={{ height: 80 }} />;
  return (
    <section className="stack" aria-label={w.versions}>
      {rolling.problem && <ProblemNotice problem={rolling.problem} />}
      <ul className="entries">
        {data.versions.map(({ version, at, by, settings }) => (
          <li key={version}>
            <span className="grow">
              <span className="strong">{w.version(version)}</span>{' '}
              <span className="quiet">
                <RelativeTime at={at} /> {words.byAt(by)}
              </span>
            </span>
            {version === current ? (
              <span className="chip">{w.current}</span>
            ) : (
              <Action label={w.rollBack} busy={rolling.busy} onClick={() => rollBack(version, settings)} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
