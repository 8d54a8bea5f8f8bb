import type { ReactNode } from 'react';
import type { Overview } from '../../../backend/contract/overview.ts';
import { counted } from '../../components/counted.ts';
import { Icon } from '../../components/icon.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { Traffic } from './traffic.tsx';

const w = words.overview;

/** A tile whose title leads to where its matter is mended. */
function Tile({
  title,
  place,
  children,
  wide,
}: {
  title: string;
  place: string[];
  children: ReactNode;
  wide?: boolean;
}) {
  const { go } = useHub();
  return (
    <section className={`card tile stack ${wide ? 'wide' : ''}`} aria-label={title}>
      <h2 className="tile-title">
        <button type="button" className="plain-link" onClick={() => go(...place)}>
          {title}
          <Icon iconName="ChevronRightMed" size="small" />
        </button>
      </h2>
      {children}
    </section>
  );
}

export function Tiles({ overview }: { overview: Overview }) {
  return (
    <div className="tiles">
      <Connections overview={overview} />
      <Links overview={overview} />
      <Watch overview={overview} />
      <Books overview={overview} />
      <Tile title={w.traffic} place={['activity', 'attempts']} wide>
        <Traffic hours={overview.traffic} />
      </Tile>
    </div>
  );
}

function Connections({ overview }: { overview: Overview }) {
  const { go } = useHub();
  return (
    <Tile title={w.connections} place={['connections']}>
      {overview.connections.length === 0 && <span className="quiet">{w.noConnections}</span>}
      {overview.connections.map(({ id, name, status }) => (
        <div className="row" key={id}>
          <button type="button" className="plain-link one-line" onClick={() => go('connections', id)}>
            {name}
          </button>
          <span className={`push ${status === 'live' ? 'good' : status === 'unreachable' ? 'bad' : 'warn'}`}>
            {text.panel.connectionStatus[status]}
          </span>
        </div>
      ))}
    </Tile>
  );
}

function Links({ overview: { links } }: { overview: Overview }) {
  const rows = [
    ['inAgreement', links.inAgreement, undefined],
    ['conflict', links.conflict, ['activity', 'troubled', 'conflict']],
    ['parked', links.parked, ['activity', 'parked']],
    ['delayed', links.delayed, ['activity', 'troubled', 'delayed']],
    ['missing', links.missing, ['activity', 'troubled', 'missing']],
  ] as const;
  return (
    <Tile title={w.links} place={['activity', 'troubled']}>
      <div>
        <Figure count={links.total} /> <span className="quiet">{w.total}</span>
      </div>
      <Figures rows={rows.map(([name, count, place]) => ({ name: w[name], count, place }))} />
    </Tile>
  );
}

function Watch({ overview: { hooks, sweep } }: { overview: Overview }) {
  const tone = hooks.healthy < hooks.expected ? 'bad' : '';
  return (
    <Tile title={w.hooks} place={['hooks']}>
      <div>
        <span className={tone}>{w.hooksHealthy(hooks.healthy, hooks.expected)}</span>{' '}
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
    </Tile>
  );
}

/** The four ways in which a hook can have ended stand as a sum under the number received. */
function Books({ overview: { books } }: { overview: Overview }) {
  const { received, handled, duplicate, parked, pending } = books;
  return (
    <Tile title={w.books} place={['activity', 'deliveries']}>
      <div>
        <Figure count={received} /> <span className="quiet">{w.booksRow.received}</span>
      </div>
      <Figures
        rows={[
          { name: w.booksRow.handled, count: handled },
          { name: w.booksRow.duplicate, count: duplicate },
          { name: w.booksRow.parked, count: parked, place: ['activity', 'parked'] },
          { name: w.booksRow.pending, count: pending },
        ]}
      />
      <span className={`small-text ${books.balanced ? 'good' : 'bad'}`}>
        {books.balanced ? w.balanced : w.unbalanced}
      </span>
    </Tile>
  );
}

function Figure({ count }: { count: number }) {
  return <span className="figure">{counted(count)}</span>;
}

function Figures({
  rows,
}: {
  rows: readonly { name: string; count: number; place?: readonly string[] | undefined }[];
}) {
  const { go } = useHub();
  return (
    <dl className="pairs">
      {rows.map(({ name, count, place }) => (
        <div key={name} style={{ display: 'contents' }}>
          <dd style={{ textAlign: 'end' }} className={count === 0 ? 'quiet' : 'strong'}>
            {counted(count)}
          </dd>
          <dt className="quiet">
            {place && count > 0 ? (
              <button type="button" className="plain-link" onClick={() => go(...place)}>
                {name}
              </button>
            ) : (
              name
            )}
          </dt>
        </div>
      ))}
    </dl>
  );
}
