import { useState } from 'react';
import { Action } from '../components/action.tsx';
import { Notice } from '../components/notice.tsx';
import { openInNewWindow, settingsUrl } from '../host/page.ts';
import type { HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';

/** Not set up: who can, and the way there. `mayAdminister` is unknown before there is a backend to ask. */
export function NotSetUp({
  host,
  project,
  reason,
  mayAdminister,
  askFor = [],
}: {
  host: HostContext;
  /** Name of the project whose settings it is about. */
  project: string | undefined;
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
          <SettingsAction project={project} host={host} label={text.panel.openSettings} />
        </span>
      )}
    </Notice>
  );
}

/** Leads to Project Settings; absent where the page does not say in which project. */
export function SettingsAction({
  host,
  project = host.project?.name,
  label,
}: {
  host: HostContext;
  project: string | undefined;
  label: string;
}) {
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
