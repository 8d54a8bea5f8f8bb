import { build, need } from '../../host/page/dom.ts';
import { ask, type FaultView } from './home-data.ts';

const systems: Record<FaultView['system'], string> = { alemba: 'Service desk', azureDevOps: 'Azure DevOps' };

/** Switches with a plain sentence each; several may be on. */
export function showFaults(faults: FaultView[]): void {
  const groups = (['alemba', 'azureDevOps'] as const).map((system) =>
    build(
      'fieldset',
      {},
      build('legend', {}, systems[system]),
      faults.filter((fault) => fault.system === system).map(switchOf),
    ),
  );
  need('#faults').replaceChildren(...groups);
}

function switchOf(fault: FaultView): HTMLElement {
  const box = build('input', { type: 'checkbox', role: 'switch', id: fault.id, checked: fault.on });
  box.addEventListener('change', async () => {
    showFaults(
      await ask<FaultView[]>('PUT', `/sandbox/faults/${encodeURIComponent(fault.id)}`, { on: box.checked }),
    );
  });
  return build(
    'label',
    { class: fault.on ? 'fault on' : 'fault' },
    box,
    build('span', {}, build('strong', {}, fault.name), build('span', { class: 'quiet' }, fault.sentence)),
  );
}
