import type { TroubledLink } from '../../../backend/contract/activity.ts';
import { Action } from '../../components/action.tsx';
import { ChoiceInput } from '../../components/field.tsx';
import { LongList } from '../../components/long-list.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { openInNewWindow, workItemUrl } from '../../host/page.ts';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { usePages } from './use-pages.ts';

const w = words.activity;
type Condition = TroubledLink['condition'];
const conditions = (
  ['conflict', 'parked', 'delayed', 'paused', 'missing', 'pending', 'resting'] as const
).map((id) => ({
  id,
  name: w.conditions[id] ?? id,
}));
const tones: Partial<Record<Condition, string>> = {
  conflict: 'bad',
  parked: 'bad',
  missing: 'warn',
  delayed: 'warn',
};

/** Every link that is not in agreement, with why; it is mended on its work item. */
export function TroubledLinks() {
  const { api, projectId, place, go } = useHub();
  const condition = conditions.find(({ id }) => id === place[2])?.id;
  const pages = usePages<TroubledLink>(
    async (before, signal) => {
      const answer = await api.listTroubledLinks(
        { projectId, ...(before ? { before } : {}), ...(condition ? { condition } : {}) },
        signal ? { signal } : {},
      );
      return { entries: answer.links, more: answer.more };
    },
    [api, projectId, condition],
  );
  return (
    <div className="stack">
      <search className="filters">
        <ChoiceInput
          label={w.condition}
          value={condition ?? ''}
          choices={conditions}
          none={w.all}
          onChange={(id) => go('activity', 'troubled', ...(id ? [id] : []))}
        />
      </search>
      {pages.problem && <ProblemNotice problem={pages.problem} onRetry={pages.reload} />}
      {!pages.ready && pages.loading && <div className="skeleton" style={{ height: 120 }} />}
      {pages.ready && pages.entries.length === 0 && <p className="quiet">{w.noTroubled}</p>}
      {pages.entries.length > 0 && (
        <LongList rows={pages.entries} rowPx={61}>
          {(link) => <Row key={link.id} link={link} />}
        </LongList>
      )}
      <div className="row">
        {pages.more && <Action label={w.older} busy={pages.loading} onClick={pages.readOlder} />}
        <Action label={words.refresh} icon="Sync" onClick={pages.reload} />
      </div>
    </div>
  );
}

function Row({ link }: { link: TroubledLink }) {
  const { host } = useHub();
  const open = () => {
    if (host.project) void workItemUrl(host.project.name, link.workItemId).then(openInNewWindow);
  };
  return (
    <li>
      <div className="grow stack tight">
        <span>
          <span className="strong">
            {text.menu.workItem(link.workItemId)} ↔ {link.ticketKey}
          </span>{' '}
          <span className={tones[link.condition] ?? 'quiet'}>{w.conditions[link.condition]}</span>
        </span>
        {link.reason && <span className="any-wrap">{link.reason}</span>}
        {link.retryAt && (
          <span className="small-text quiet">
            <RelativeTime at={link.retryAt} />
          </span>
        )}
      </div>
      <Action label={w.openWorkItem} icon="OpenInNewWindow" onClick={open} />
    </li>
  );
}
