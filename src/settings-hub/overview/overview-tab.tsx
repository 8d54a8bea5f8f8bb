import type { Overview } from '../../../backend/contract/overview.ts';
import { Action } from '../../components/action.tsx';
import { Notice, ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useLoad } from '../../components/use-load.ts';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { Audit } from './audit.tsx';
import { TenantSwitch } from './tenant-switch.tsx';
import { Traffic } from './traffic.tsx';

const w = words.overview;

/** Is anything wrong, since when, and what to press. Green is quiet. */
export function OverviewTab() {
  const { api, projectId, go } = useHub();
  const { data, problem, loading, reload } = useLoad(
    (signal) => api.readOverview({ projectId }, { signal }),
    [api, projectId],
  );
  if (!data) {
    if (problem) return <ProblemNotice problem={problem} onRetry={reload} />;
    return <div className="skeleton" style={{ height: 260 }} />;
  }
  const nextTab = { addConnection: 'connections', addMapping: 'mappings', registerHooks: 'hooks' } as const;
  const next = data.next in nextTab ? nextTab[data.next as keyof typeof nextTab] : undefined;
  return (
    <div className="stack" style={{ gap: 20 }}>
      {problem && <ProblemNotice problem={problem} onRetry={reload} />}
      <Verdict overview={data} />
      {data.next !== 'none' && (
        <div className="row wrap">
          <span className="strong">{w.next[data.next]}</span>
          {next && (
            <Action
              label={w.nextAction[data.next]}
              primary
              onClick={() => (data.next === 'registerHooks' ? go(next) : go(next, 'new'))}
            />
          )}
        </div>
      )}
      <div className="tiles">
        <Connections overview={data} />
        <Links overview={data} />
        <Watch overview={data} />
        <Books overview={data} />
        <section className="card tile stack">
          <h3>{w.traffic}</h3>
          <Traffic hours={data.traffic} />
        </section>
      </div>
      <TenantSwitch enabled={data.enabled} onChange={reload} />
      <Audit />
      <div>
        <Action label={words.refresh} icon="Sync" busy={loading} onClick={reload} />
      </div>
    </div>
  );
}

function Verdict({ overview }: { overview: Overview }) {
  const { go } = useHub();
  if (!overview.enabled) return <Notice tone="warn">{w.switchedOff}</Notice>;
  const troubled = overview.connections.filter(({ status }) => status !== 'live');
  const waiting = overview.parked + overview.links.conflict;
  const brokenHooks = overview.hooks.expected > overview.hooks.healthy;
  const count =
    troubled.length + (waiting > 0 ? 1 : 0) + (brokenHooks ? 1 : 0) + (overview.books.balanced ? 0 : 1);
  if (count === 0) {
    const ready = overview.links.total > 0;
    return <Notice tone={ready ? 'good' : 'calm'}>{ready ? w.allWell : w.nothingYet}</Notice>;
  }
  return (
    <Notice tone={troubled.some(({ status }) => status === 'unreachable') || waiting > 0 ? 'bad' : 'warn'}>
      <span className="strong">{w.attention(count)}</span>
      {troubled.map((connection) => (
        <span key={connection.id}>
          {connection.name}: {text.panel.connectionStatus[connection.status]}
          {connection.reason && `. ${connection.reason}`}{' '}
          {connection.since && <RelativeTime at={connection.since} />}
        </span>
      ))}
      {brokenHooks && (
        <span>
          {w.hooks}: {w.hooksHealthy(overview.hooks.healthy, overview.hooks.expected)}.{' '}
          {overview.hooks.reason}
        </span>
      )}
      {!overview.books.balanced && <span>{w.unbalanced}</span>}
      <span className="row wrap">
        {waiting > 0 && <Action label={w.openParked} onClick={() => go('activity', 'parked')} />}
        {brokenHooks && <Action label={words.hooks.ensure} onClick={() => go('hooks')} />}
        {troubled.length > 0 && <Action label={words.tabs.connections} onClick={() => go('connections')} />}
      </span>
    </Notice>
  );
}

function Connections({ overview }: { overview: Overview }) {
  return (
    <section className="card tile stack">
      <h3>{w.connections}</h3>
      {overview.connections.length === 0 && <span className="quiet">{w.noConnections}</span>}
      {overview.connections.map(({ id, name, status }) => (
        <div className="row" key={id}>
          <span className="one-line">{name}</span>
          <span className={`push ${status === 'live' ? 'good' : status === 'unreachable' ? 'bad' : 'warn'}`}>
            {text.panel.connectionStatus[status]}
          </span>
        </div>
      ))}
    </section>
  );
}

function Links({ overview: { links } }: { overview: Overview }) {
  const rows = [
    ['inAgreement', links.inAgreement],
    ['conflict', links.conflict],
    ['parked', links.parked],
    ['delayed', links.delayed],
    ['missing', links.missing],
  ] as const;
  return (
    <section className="card tile stack">
      <h3>{w.links}</h3>
      <div>
        <span className="figure">{links.total}</span> <span className="quiet">{w.total}</span>
      </div>
      <Figures rows={rows.map(([name, count]) => [w[name], count])} />
    </section>
  );
}

function Watch({ overview: { hooks, sweep } }: { overview: Overview }) {
  return (
    <section className="card tile stack">
      <h3>{w.hooks}</h3>
      <div>
        {w.hooksHealthy(hooks.healthy, hooks.expected)}{' '}
        {hooks.checkedAt && (
          <span className="small-text quiet">
            {w.checked} <RelativeTime at={hooks.checkedAt} />
          </span>
        )}
      </div>
      <h3>{w.sweep}</h3>
      <div>
        {w.gapsLastDay(sweep.gapsLastDay)}
        <div className="small-text quiet">
          {w.gapsAll(sweep.gaps)}, {w.swept} {sweep.lastAt ? <RelativeTime at={sweep.lastAt} /> : words.never}
        </div>
      </div>
    </section>
  );
}

function Books({ overview: { books } }: { overview: Overview }) {
  const { received, handled, duplicate, parked, pending } = books;
  return (
    <section className="card tile stack">
      <h3>{w.books}</h3>
      <div>
        <span className="figure">{received}</span> <span className="quiet">{w.booksRow.received}</span>
      </div>
      <Figures
        rows={[
          [w.booksRow.handled, handled],
          [w.booksRow.duplicate, duplicate],
          [w.booksRow.parked, parked],
          [w.booksRow.pending, pending],
        ]}
      />
      <span className={`small-text ${books.balanced ? 'good' : 'bad'}`}>
        {books.balanced ? w.balanced : w.unbalanced}
      </span>
    </section>
  );
}

function Figures({ rows }: { rows: readonly (readonly [string, number])[] }) {
  return (
    <dl className="pairs">
      {rows.map(([name, count]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dd style={{ textAlign: 'end' }} className={count === 0 ? 'quiet' : 'strong'}>
            {count}
          </dd>
          <dt className="quiet">{name}</dt>
        </div>
      ))}
    </dl>
  );
}
