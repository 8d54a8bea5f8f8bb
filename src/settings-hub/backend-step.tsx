import { useState } from 'react';
import { Action } from '../components/action.tsx';
import { TextInput } from '../components/field.tsx';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import { useDoing } from '../components/use-load.ts';
import { writeBackendAddress } from '../host/backend-address.ts';
import { backendUrl } from '../host/backend-url.ts';
import type { HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { words } from '../text-settings.ts';
import { clientFor } from '../ticket/client-for.ts';

/** First visit: the address of the backend, saved only after the backend has recognised the person who enters it. */
export function BackendStep({
  host,
  url,
  onDone,
  onBack,
}: {
  host: HostContext;
  url: string;
  onDone(): void;
  onBack?: () => void;
}) {
  const [typed, setTyped] = useState(url);
  const [pressed, setPressed] = useState(false);
  const [refused, setRefused] = useState(false);
  const saving = useDoing();
  const address = backendUrl(typed);
  const save = () => {
    setPressed(true);
    setRefused(false);
    if (!address) return;
    saving.run(async () => {
      const session = await clientFor(host, address, host.project?.id).session();
      // Extension data can be written by everybody; the hub at least does not offer it to everybody.
      if (!session.rights.administerProject) {
        setRefused(true);
        return;
      }
      await writeBackendAddress(host.extensionId, address);
      onDone();
    });
  };
  return (
    <div className="hub-narrow stack">
      <h1>{words.backend.title}</h1>
      <p>{words.backend.intro}</p>
      <TextInput
        label={words.backend.address}
        help={words.backend.addressHelp}
        type="url"
        required
        value={typed}
        onChange={setTyped}
        placeholder="https://tandem.example.com"
        problem={pressed && !address ? words.backend.invalid : undefined}
      />
      <p className="small-text quiet">{words.backend.checking}</p>
      {refused && <Notice tone="bad">{words.noRight}</Notice>}
      {saving.problem && <ProblemNotice problem={saving.problem} />}
      <div className="row">
        <Action label={words.backend.submit} primary busy={saving.busy} onClick={save} />
        {onBack && <Action label={text.cancel} onClick={onBack} />}
      </div>
    </div>
  );
}
