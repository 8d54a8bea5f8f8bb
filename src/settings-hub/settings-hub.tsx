import { Page } from 'azure-devops-ui/Page';
import { Tab, TabBar, TabSize } from 'azure-devops-ui/Tabs';
import { type ReactNode, useMemo, useState } from 'react';
import type { Client } from '../api/client.ts';
import { Action } from '../components/action.tsx';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import { useLoad } from '../components/use-load.ts';
import { showToast } from '../host/page.ts';
import type { HostContext } from '../host/sdk.ts';
import { words } from '../text-settings.ts';
import { ChangedBackend } from '../ticket/changed-backend.tsx';
import { useBackend } from '../ticket/use-backend.ts';
import { ActivityTab } from './activity/activity-tab.tsx';
import { BackendStep } from './backend-step.tsx';
import { ConnectionsTab } from './connections/connections-tab.tsx';
import { HooksTab } from './hooks-tab.tsx';
import { type Hub, HubProvider } from './hub.tsx';
import { MappingsTab } from './mappings/mappings-tab.tsx';
import { OverviewTab } from './overview/overview-tab.tsx';
import { usePlace } from './place.ts';
import './settings-hub.css';

const tabs = {
  overview: OverviewTab,
  connections: ConnectionsTab,
  mappings: MappingsTab,
  hooks: HooksTab,
  activity: ActivityTab,
} as const;

type TabId = keyof typeof tabs;
const isTab = (id: string | undefined): id is TabId => id !== undefined && id in tabs;

/** Tandem in Project Settings. */
export function SettingsHub({ host }: { host: HostContext }) {
  const [turn, setTurn] = useState(0);
  return <Located key={turn} host={host} onAddress={() => setTurn((before) => before + 1)} />;
}

/** A page of the hub that stands before its tabs. */
function Narrow({ children }: { children: ReactNode }) {
  return (
    <div className="hub-narrow stack">
      <h1>{words.title}</h1>
      {children}
    </div>
  );
}

const Opening = () => (
  <Narrow>
    <div className="skeleton" style={{ height: 240 }} />
  </Narrow>
);

function Located({ host, onAddress }: { host: HostContext; onAddress(): void }) {
  const backend = useBackend(host, undefined);
  const [changing, setChanging] = useState(false);
  if (backend.state === 'finding') return <Opening />;
  if (backend.state === 'failed') {
    return (
      <Narrow>
        <ProblemNotice problem={backend.problem} onRetry={backend.retry} />
      </Narrow>
    );
  }
  if (backend.state === 'changed') {
    return (
      <Narrow>
        <ChangedBackend {...backend} />
      </Narrow>
    );
  }
  if (backend.state === 'unset' || changing) {
    const url = backend.state === 'ready' ? backend.url : '';
    return (
      <BackendStep
        host={host}
        url={url}
        onDone={onAddress}
        {...(changing ? { onBack: () => setChanging(false) } : {})}
      />
    );
  }
  return (
    <SignedIn
      host={host}
      client={backend.client}
      backendUrl={backend.url}
      onChangeAddress={() => setChanging(true)}
    />
  );
}

function SignedIn({
  host,
  client,
  backendUrl,
  onChangeAddress,
}: {
  host: HostContext;
  client: Client;
  backendUrl: string;
  onChangeAddress(): void;
}) {
  const { data: session, problem, reload } = useLoad(() => client.session(), [client]);
  const { place, go, setUnsaved, problem: stuck } = usePlace();
  const hub = useMemo<Hub | undefined>(
    () =>
      session && {
        host,
        api: client.api,
        session,
        projectId: session.project.id,
        backendUrl,
        place,
        go,
        // The host's toast is a courtesy; the change itself is on the page.
        setUnsaved,
        say: (message) => void showToast(message).catch(() => undefined),
      },
    [host, client, session, backendUrl, place, go, setUnsaved],
  );
  if (problem) {
    return (
      <Narrow>
        <ProblemNotice problem={problem} onRetry={reload} />
        <span className="small-text quiet">{words.backend.current(backendUrl)}</span>
        <div>
          <Action label={words.backend.change} onClick={onChangeAddress} />
        </div>
      </Narrow>
    );
  }
  if (!hub) return <Opening />;
  if (!hub.session.rights.administerProject) {
    return (
      <Narrow>
        <Notice tone="calm">
          <span>{words.noRight}</span>
          <span>{words.askAdmin}</span>
        </Notice>
      </Narrow>
    );
  }
  const tab = isTab(place[0]) ? place[0] : 'overview';
  const Content = tabs[tab];
  return (
    <HubProvider value={hub}>
      <Page className="flex-grow">
        <h1 className="hub-title">{words.title}</h1>
        <TabBar selectedTabId={tab} onSelectedTabChanged={(id) => go(id)} tabSize={TabSize.Compact}>
          {(Object.keys(tabs) as TabId[]).map((id) => (
            <Tab key={id} id={id} name={words.tabs[id]} />
          ))}
        </TabBar>
        <div className="hub-body">
          <h2 className="visually-hidden">{words.tabs[tab]}</h2>
          {stuck && <ProblemNotice problem={stuck} />}
          <Content />
          <footer className="row wrap small-text quiet hub-foot">
            {words.backend.current(backendUrl)}
            <Action label={words.backend.change} subtle onClick={onChangeAddress} />
          </footer>
        </div>
      </Page>
    </HubProvider>
  );
}
