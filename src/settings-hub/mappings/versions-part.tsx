import { useState } from 'react';
import type { MappingSettings } from '../../../backend/contract/mapping.ts';
import { Action } from '../../components/action.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useDoing, useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { settingsDifference } from './settings-difference.ts';

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
  const [compared, setCompared] = useState<number>();
  const published = data?.versions.find(({ version }) => version === current)?.settings;
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
              <>
                <Action
                  label={w.compare}
                  subtle
                  onClick={() => setCompared(compared === version ? undefined : version)}
                />
                <Action label={w.rollBack} busy={rolling.busy} onClick={() => rollBack(version, settings)} />
              </>
            )}
            {compared === version && published && (
              <Differences version={version} before={settings} after={published} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What an earlier version had otherwise, setting by setting. */
function Differences({
  version,
  before,
  after,
}: {
  version: number;
  before: MappingSettings;
  after: MappingSettings;
}) {
  const found = settingsDifference(before, after);
  return (
    <div className="differences">
      <p className="small-text quiet">{w.compareTitle(version)}</p>
      {found.length === 0 && <p>{w.same}</p>}
      {found.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{w.setting}</th>
              <th scope="col">{w.thatVersion(version)}</th>
              <th scope="col">{w.now}</th>
            </tr>
          </thead>
          <tbody>
            {found.map(({ path, before: old, after: fresh }) => (
              <tr key={path.join('/')}>
                <th scope="row">{path.map(nameOf).join(' › ')}</th>
                <td className="removed">{old ?? <span className="quiet">{w.nothingThere}</span>}</td>
                <td className="added">{fresh ?? <span className="quiet">{w.nothingThere}</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

/** "outVisibility" as "out visibility": the names of the settings are words already. */
const nameOf = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
