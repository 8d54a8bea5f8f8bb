import { Toggle } from 'azure-devops-ui/Toggle';
import { useState } from 'react';
import { ProblemNotice } from '../../components/notice.tsx';
import { useDoing } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { Confirm } from '../confirm.tsx';
import { useHub } from '../hub.tsx';

const w = words.overview;

/** The switch of the whole organisation. Off asks first: it concerns every project. */
export function TenantSwitch({ enabled, onChange }: { enabled: boolean; onChange(): void }) {
  const { api, projectId, session } = useHub();
  const [asking, setAsking] = useState(false);
  const switching = useDoing();
  const mayDo = session.rights.administerTenant;
  const put = (next: boolean) =>
    switching.run(async () => {
      await api.switchTenant({ projectId, body: { enabled: next } });
      setAsking(false);
      onChange();
    });
  return (
    <section className="card section stack tight">
      <h3>{w.switch}</h3>
      <Toggle
        ariaLabel={w.switch}
        onText={words.enabled}
        offText={words.disabled}
        checked={enabled}
        disabled={!mayDo || switching.busy}
        onChange={(_event, next) => (next ? put(true) : setAsking(true))}
      />
      <span className="small-text quiet">{mayDo ? w.switchHelp : w.switchNeeds}</span>
      {switching.problem && !asking && <ProblemNotice problem={switching.problem} />}
      {asking && (
        <Confirm
          title={w.switchOffTitle}
          action={w.switchOff}
          busy={switching.busy}
          problem={switching.problem}
          onConfirm={() => put(false)}
          onDismiss={() => setAsking(false)}
        >
          {w.switchOffBody}
        </Confirm>
      )}
    </section>
  );
}
