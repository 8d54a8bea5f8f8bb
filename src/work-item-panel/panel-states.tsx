import { useState } from 'react';
import { Action } from '../components/action.tsx';
import { Notice } from '../components/notice.tsx';
import type { OpenWorkItem } from '../host/form.ts';
import { openInNewWindow, settingsUrl } from '../host/page.ts';
import type { HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';

/** Shapes of two cards. Announced once, for those who cannot see it. */
export function PanelSkeleton() {
  return (
    <div className="stack" role="status">
      <span className="visually-hidden">{text.panel.loading}</span>
      <div className="skeleton" style={{ height: 28, width: '55%' }} />
      <div className="skeleton" style={{ height: 84 }} />
      <div className="skeleton" style={{ height: 84, opacity: 0.6 }} />
    </div>
  );
}

/** Not set up: who can, and the way there. `mayAdminister` is unknown before there is a backend to ask. */
export function NotSetUp({
  host,
  workItem,
  reason,
  mayAdminister,
  askFor = [],
}: {
  host: HostContext;
  workItem: OpenWorkItem;
  reason: string;
  mayAdminister?: boolean;
  askFor?: readonly string[];
}) {
  return (
    <Notice tone="calm">
      <span className="strong">{reason}</span>
      <span>{mayAdminister ? text.panel.notSetUpAdmin : text.panel.ask(askFor, text.panel.toSetUp)}</span>
      {mayAdminister !== false && (
        <span>
          <SettingsAction host={host} workItem={workItem} label={text.panel.openSettings} />
        </span>
      )}
    </Notice>
  );
}

/** Leads to Project Settings; absent where the page does not say in which project. */
export function SettingsAction({
  host,
  workItem,
  label,
}: {
  host: HostContext;
  workItem: OpenWorkItem;
  label: string;
}) {
  const project = workItem.project ?? host.project?.name;
  const [failed, setFailed] = useState(false);
  const open = () => {
    if (!project) return;
    settingsUrl(host.extensionId, project)
      .then(openInNewWindow)
      .catch(() => setFailed(true));
  };
  if (!project) return null;
  if (failed) return <span>{text.panel.notSetUpMember}</span>;
  return <Action label={label} icon="Settings" onClick={open} />;
}
