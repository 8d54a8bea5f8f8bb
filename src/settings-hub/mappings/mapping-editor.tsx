import { Tab, TabBar, TabSize } from 'azure-devops-ui/Tabs';
import { useEffect, useState } from 'react';
import type { MappingSettings } from '../../../backend/contract/mapping.ts';
import type { MappingProblem } from '../../../backend/contract/mappings.ts';
import { Action, IconAction } from '../../components/action.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { useDoing } from '../../components/use-load.ts';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { BackfillPart } from './backfill-part.tsx';
import { ContentTab } from './content-tab.tsx';
import { type Descriptions, useDescriptions } from './descriptions.ts';
import { DryRunPart } from './dry-run-part.tsx';
import { InTab, OutTab } from './fields-tab.tsx';
import { Findings } from './findings.tsx';
import { GeneralTab } from './general-tab.tsx';
import { PolicyTab } from './policy-tab.tsx';
import { ResponseTab } from './response-tab.tsx';
import { StatesTab } from './states-tab.tsx';
import { VersionsPart } from './versions-part.tsx';
import { WhenTab } from './when-tab.tsx';

const w = words.mappings;

export interface TabProps {
  settings: MappingSettings;
  /** Replaces the named parts of the draft. */
  change(parts: Partial<MappingSettings>): void;
  descriptions: Descriptions;
}

const tabs = {
  general: GeneralTab,
  when: WhenTab,
  out: OutTab,
  in: InTab,
  response: ResponseTab,
  states: StatesTab,
  content: ContentTab,
  policy: PolicyTab,
} as const;

type TabId = keyof typeof tabs;
type Part = 'dryRun' | 'versions' | 'backfill';

/** Order in which the admin thinks: who, when, there, the answer, back, states, the rest. */
const order: TabId[] = ['general', 'when', 'out', 'response', 'in', 'states', 'content', 'policy'];

/** The tab in which the setting named by a problem's path stands. */
function tabOf(field: string): TabId {
  const name = /^[A-Za-z]+/.exec(field)?.[0] ?? '';
  if (name === 'fields') return /\.(in|workItemField)\b/.test(field) ? 'in' : 'out';
  const places: Record<string, TabId> = {
    createTicket: 'when',
    createWorkItem: 'when',
    response: 'response',
    states: 'states',
    comments: 'content',
    attachments: 'content',
    conflict: 'policy',
    onDeleted: 'policy',
    onRestored: 'policy',
    closeStates: 'policy',
  };
  return places[name] ?? 'general';
}

const countIn = (findings: readonly MappingProblem[] | undefined, tab: TabId): number | undefined =>
  findings?.filter(({ field }) => tabOf(field) === tab).length || undefined;

/** A mapping as a draft: checked and tried on a real record before it is published. */
export function MappingEditor({
  settings: published,
  stored,
  onSaved,
  onBack,
  onChanged,
}: {
  settings: MappingSettings;
  stored?: { id: string; version: number };
  onSaved(): void;
  onBack(): void;
  onChanged?: () => void;
}) {
  const { api, projectId, setUnsaved } = useHub();
  const [settings, setSettings] = useState(published);
  const [tab, setTab] = useState<TabId>('general');
  const [part, setPart] = useState<Part>();
  const [findings, setFindings] = useState<MappingProblem[]>();
  const descriptions = useDescriptions(settings);
  const doing = useDoing();
  const changed = !stored || JSON.stringify(settings) !== JSON.stringify(published);
  useEffect(() => {
    setUnsaved(changed);
    return () => setUnsaved(false);
  }, [changed, setUnsaved]);
  const change = (parts: Partial<MappingSettings>) => {
    setSettings((before) => ({ ...before, ...parts }));
    setFindings(undefined);
  };
  const check = async () => {
    const { problems } = await api.checkMapping({ projectId, body: settings }, { timeoutMs: 60_000 });
    setFindings(problems);
    return problems;
  };
  const publish = () =>
    doing.run(async () => {
      const problems = await check();
      if (problems.some(({ severity }) => severity === 'error')) return;
      if (stored) {
        const body = { baseVersion: stored.version, settings };
        await api.updateMapping({ projectId, mappingId: stored.id, body });
      } else await api.createMapping({ projectId, body: settings });
      setUnsaved(false);
      onSaved();
    });
  const Content = tabs[tab];
  const toggle = (next: Part) => setPart(part === next ? undefined : next);
  return (
    <div className="stack" style={{ gap: 16 }}>
      <div className="row wrap">
        <IconAction label={text.back} icon="Back" onClick={onBack} />
        <h2 className="any-wrap">{settings.name || w.newTitle}</h2>
        {stored && <span className="quiet">{w.version(stored.version)}</span>}
        {changed && stored && <span className="chip">{words.unsaved}</span>}
      </div>
      <div className="row wrap">
        <Action label={w.publish} primary disabled={!changed} busy={doing.busy} onClick={publish} />
        <Action
          label={w.check}
          disabled={doing.busy}
          onClick={() => doing.run(async () => void (await check()))}
        />
        <Action label={w.dryRun} onClick={() => toggle('dryRun')} />
        {stored && <Action label={w.versions} onClick={() => toggle('versions')} />}
        {stored && <Action label={w.backfill} disabled={changed} onClick={() => toggle('backfill')} />}
        {changed && stored && (
          <Action label={words.discardChanges} subtle onClick={() => change(published)} />
        )}
      </div>
      {doing.problem && <ProblemNotice problem={doing.problem} />}
      {findings && <Findings problems={findings} onShow={(field) => setTab(tabOf(field))} />}
      {part === 'dryRun' && <DryRunPart settings={settings} />}
      {part === 'versions' && stored && (
        <VersionsPart mappingId={stored.id} version={stored.version} onRolledBack={() => onChanged?.()} />
      )}
      {part === 'backfill' && stored && <BackfillPart mappingId={stored.id} />}
      <TabBar
        selectedTabId={tab}
        onSelectedTabChanged={(id) => setTab(id as TabId)}
        tabSize={TabSize.Compact}
      >
        {order.map((id) => (
          <Tab key={id} id={id} name={w.tabs[id]} badgeCount={countIn(findings, id)} />
        ))}
      </TabBar>
      {descriptions.workItem.problem && (
        <ProblemNotice problem={descriptions.workItem.problem} onRetry={descriptions.workItem.reload} />
      )}
      {descriptions.ticket.problem && (
        <ProblemNotice problem={descriptions.ticket.problem} onRetry={descriptions.ticket.reload} />
      )}
      <Content settings={settings} change={change} descriptions={descriptions} />
    </div>
  );
}
