import { useState } from 'react';
import type { HookFilter, Subscription, Subscriptions } from '../../backend/contract/subscriptions.ts';
import { Action } from '../components/action.tsx';
import { Icon } from '../components/icon.tsx';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import { RelativeTime } from '../components/time.tsx';
import { useDoing, useLoad } from '../components/use-load.ts';
import { ask } from '../host/page.ts';
import { words } from '../text-settings.ts';
import { Copyable } from './copyable.tsx';
import { HookFilterPart, inWords, isSameFilter } from './hook-filter.tsx';
import { useHub } from './hub.tsx';

const w = words.hooks;

const looks: Record<Subscription['health'], { icon: string; tone: string }> = {
  healthy: { icon: 'CheckMark', tone: 'good' },
  missing: { icon: 'Unlink', tone: 'bad' },
  onProbation: { icon: 'Clock', tone: 'warn' },
  disabled: { icon: 'Pause', tone: 'bad' },
  differs: { icon: 'Warning', tone: 'warn' },
  unknown: { icon: 'Help', tone: 'quiet' },
};

/** The service hooks of the project: what should exist, what does, and how to mend the difference. */
export function HooksTab() {
  const { api, projectId } = useHub();
  const hooks = useLoad((signal) => api.listSubscriptions({ projectId }, { signal }), [api, projectId]);
  const mending = useDoing();
  const removing = useDoing();
  const [entered, setEntered] = useState<HookFilter>();
  if (!hooks.data) {
    if (hooks.problem) return <ProblemNotice problem={hooks.problem} onRetry={hooks.reload} />;
    return <div className="skeleton" style={{ height: 200 }} />;
  }
  const { data } = hooks;
  const draft = entered ?? data.filter;
  const unsaved = !isSameFilter(draft, data.filter);
  const ensure = () =>
    mending.run(async () => {
      const patient = { timeoutMs: 60_000 };
      hooks.set(
        unsaved
          ? await api.changeHookFilter({ projectId, body: draft }, patient)
          : await api.ensureSubscriptions({ projectId }, patient),
      );
      // From now on what is stored is shown, which may be spelt otherwise than it was entered.
      setEntered(undefined);
    });
  const remove = () =>
    removing.run(async () => {
      if (!(await ask({ title: w.removeTitle, message: w.removeBody, action: w.removeAll }))) return;
      hooks.set(await api.removeSubscriptions({ projectId }, { timeoutMs: 60_000 }));
      setEntered(undefined);
    });
  const broken = data.subscriptions.some(({ expected, health }) => expected && health !== 'healthy');
  return (
    <div className="stack" style={{ gap: 16 }}>
      <p>{w.intro}</p>
      {!data.mayManage && (
        <Notice tone="warn">
          <span>{w.mayNotManage}</span>
          {data.needs && <span className="strong">{data.needs}</span>}
        </Notice>
      )}
      {mending.problem && <ProblemNotice problem={mending.problem} onRetry={ensure} />}
      {removing.problem && <ProblemNotice problem={removing.problem} />}
      <HookFilterPart draft={draft} unsaved={unsaved} disabled={!data.mayManage} onChange={setEntered} />
      <div className="row wrap">
        <Action
          label={w.ensure}
          primary={broken || unsaved}
          disabled={!data.mayManage}
          busy={mending.busy}
          onClick={ensure}
        />
        <Action label={w.removeAll} disabled={!data.mayManage} onClick={remove} />
        <Action label={words.refresh} icon="Sync" busy={hooks.loading} onClick={hooks.reload} />
        <span className="small-text quiet">
          {w.checked} <RelativeTime at={data.checkedAt} />
        </span>
      </div>
      <ul className="entries">
        {data.subscriptions.map((subscription) => (
          <Row key={subscription.eventType} subscription={subscription} />
        ))}
      </ul>
      <Manual manual={data.manual} />
    </div>
  );
}

function Row({ subscription }: { subscription: Subscription }) {
  const { api, projectId } = useHub();
  const testing = useDoing();
  const [finding, setFinding] = useState<{
    received: boolean;
    finding: string;
    remedy?: string | undefined;
  }>();
  const { icon, tone } = looks[subscription.health];
  const narrowed = inWords(subscription.filter ?? {});
  const test = () =>
    testing.run(async () => {
      const { subscriptionId } = subscription;
      if (!subscriptionId) return;
      setFinding(await api.testSubscription({ projectId, subscriptionId }, { timeoutMs: 60_000 }));
    });
  return (
    <li>
      <div className="grow stack tight">
        <div className="row">
          <span className={tone}>
            <Icon iconName={icon} />
          </span>
          <span className="strong">{subscription.name}</span>
          <span className={tone}>
            {subscription.expected ? w.health[subscription.health] : w.notExpected}
          </span>
        </div>
        {narrowed && <span className="any-wrap">{w.filter.only(narrowed)}</span>}
        {subscription.reason && <span className="any-wrap">{subscription.reason}</span>}
        {finding && (
          <span className={finding.received ? 'good' : 'bad'}>
            {finding.finding} {finding.remedy}
          </span>
        )}
        {testing.problem && <ProblemNotice problem={testing.problem} />}
      </div>
      <span className="small-text quiet">
        {w.lastReceived}{' '}
        {subscription.lastReceivedAt ? <RelativeTime at={subscription.lastReceivedAt} /> : words.never}
      </span>
      <Action label={w.test} disabled={!subscription.subscriptionId} busy={testing.busy} onClick={test} />
    </li>
  );
}

/** For administrators who enter service hooks themselves. */
function Manual({ manual }: { manual: Subscriptions['manual'] }) {
  const { api, projectId } = useHub();
  const revealing = useDoing();
  const [password, setPassword] = useState<string>();
  const reveal = () =>
    revealing.run(async () => setPassword((await api.revealManualPassword({ projectId })).password));
  return (
    <details className="card section">
      <summary className="strong">{w.manual}</summary>
      <div className="stack" style={{ paddingBlockStart: 12 }}>
        <ol className="stack tight" style={{ paddingInlineStart: 20 }}>
          {manual.steps.map((step) => (
            <li key={step} style={{ listStyle: 'decimal' }}>
              {step}
            </li>
          ))}
        </ol>
        <Copyable label={w.url} value={manual.url} />
        <Copyable label={w.username} value={manual.username} />
        {password && <Copyable label={w.password} value={password} />}
        {password && <span className="small-text warn">{w.shownOnce}</span>}
        {revealing.problem && <ProblemNotice problem={revealing.problem} />}
        <div>
          <Action label={w.reveal} busy={revealing.busy} onClick={reveal} />
        </div>
      </div>
    </details>
  );
}
