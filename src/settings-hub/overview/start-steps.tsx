import type { Overview } from '../../../backend/contract/overview.ts';
import { Action } from '../../components/action.tsx';
import { Icon } from '../../components/icon.tsx';
import { openInNewWindow, workItemsUrl } from '../../host/page.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';

const w = words.overview;
type Next = Overview['next'];

interface Step {
  name: string;
  help: string;
  state: 'done' | 'now' | 'later';
}

const order: Next[] = ['addConnection', 'addMapping', 'registerHooks', 'createFirstTicket', 'none'];

/** The way from an empty organisation to its first ticket; the present step has the only button. */
export function StartSteps({ next }: { next: Next }) {
  const at = order.indexOf(next);
  const state = (first: number, last = first): Step['state'] =>
    at > last ? 'done' : at >= first ? 'now' : 'later';
  const steps: Step[] = [
    { name: w.steps.backend, help: w.steps.backendDone, state: 'done' },
    { name: w.steps.connection, help: w.steps.connectionHelp, state: state(0) },
    {
      name: w.steps.mapping,
      help: next === 'registerHooks' ? w.steps.hooksHelp : w.steps.mappingHelp,
      state: state(1, 2),
    },
    { name: w.steps.first, help: w.steps.firstHelp, state: state(3) },
  ];
  return (
    <section className="card section stack" aria-label={w.start}>
      <h2>{w.start}</h2>
      <ol className="steps">
        {steps.map((step, index) => (
          <li key={step.name} className={step.state} aria-current={step.state === 'now' ? 'step' : undefined}>
            <span className="step-mark" aria-hidden="true">
              {step.state === 'done' ? (
                <Icon iconName="CheckMark" />
              ) : index < 3 ? (
                index + 1
              ) : (
                <Icon iconName="Play" />
              )}
            </span>
            <div className="stack tight">
              <span className="strong">
                {step.name}
                {step.state === 'done' && <span className="visually-hidden">, {w.done}</span>}
              </span>
              {step.state !== 'later' && <span className="quiet">{step.help}</span>}
              {step.state === 'now' && <StepAction next={next} />}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function StepAction({ next }: { next: Next }) {
  const { go, host } = useHub();
  const act: Partial<Record<Next, () => void>> = {
    addConnection: () => go('connections', 'new'),
    addMapping: () => go('mappings', 'new'),
    registerHooks: () => go('hooks'),
    createFirstTicket: () => {
      if (host.project) void workItemsUrl(host.project.name).then(openInNewWindow);
    },
  };
  const run = act[next];
  if (!run) return null;
  return (
    <div>
      <Action
        label={next === 'createFirstTicket' ? w.openWorkItems : w.nextAction[next]}
        primary
        onClick={run}
      />
    </div>
  );
}
