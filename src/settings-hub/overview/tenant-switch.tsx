import { Toggle } from 'azure-devops-ui/Toggle';
import { ProblemNotice } from '../../components/notice.tsx';
import { useDoing } from '../../components/use-load.ts';
import { ask } from '../../host/page.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';

const w = words.overview;
const question = { title: w.switchOffTitle, message: w.switchOffBody, action: w.switchOff };

/** The switch of the whole organisation. Off asks first: it concerns every project. */
export function TenantSwitch({ enabled, onChange }: { enabled: boolean; onChange(): void }) {
  const { api, projectId, session } = useHub();
  const switching = useDoing();
  const mayDo = session.rights.administerTenant;
  const put = (next: boolean) =>
    switching.run(async () => {
      if (!next && !(await ask(question))) return;
      await api.switchTenant({ projectId, body: { enabled: next } });
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
        onChange={(_event, next) => put(next)}
      />
      <span className="small-text quiet">{mayDo ? w.switchHelp : w.switchNeeds}</span>
      {switching.problem && <ProblemNotice problem={switching.problem} />}
    </section>
  );
}
