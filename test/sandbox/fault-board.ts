import type { AzureDevOpsSimulator } from './azure-devops/server.ts';
import type { FaultRule } from './faults.ts';
import type { AlembaSimulator } from './itsm/alemba/server.ts';

export interface FaultSwitch {
  id: string;
  system: 'azureDevOps' | 'alemba';
  name: string;
  /** One plain sentence: what goes wrong and what to look for. */
  sentence: string;
  on: boolean;
}

interface Fault extends Omit<FaultSwitch, 'on'> {
  turn(on: boolean): void;
  isOn(): boolean;
}

type System = Pick<AzureDevOpsSimulator | AlembaSimulator, 'faults'>;
type Words = readonly [id: string, name: string, sentence: string];

const slowMs = 3000;
const retryAfterSeconds = '5';
/** Enough for a later change to overtake an earlier one that a person made just before. */
const reorderMs = 3000;

/**
 * Alemba changes by PUT, Azure DevOps by PATCH; what is new goes by POST. So do questions and the sign-in of both, which
 * write nothing.
 */
const everyWrite = {
  method: ['POST', 'PUT', 'PATCH', 'DELETE'],
  path: '^(?!.*(oauth|wiql|workitemsbatch|workitemrevisions|permissionevaluationbatch|subscriptionsquery|subjectquery))',
};
/**
 * A change of a call takes three writes (lock, change, unlock): two of three changes meet the fault, and few meet it so
 * often that one tires of waiting.
 */
const writesHit = 0.3;

/** Every fault of both systems that a person can switch on, one by one or together. */
export class FaultBoard {
  readonly #faults: Fault[];

  constructor(azureDevOps: AzureDevOpsSimulator, alemba: AlembaSimulator) {
    this.#faults = [
      ...remoteFaults('alemba', 'Alemba', alemba),
      ...alembaHooks(alemba),
      ...remoteFaults('azureDevOps', 'Azure DevOps', azureDevOps),
      ...azureDevOpsHooks(azureDevOps),
    ];
  }

  list(): FaultSwitch[] {
    return this.#faults.map(({ turn: _, isOn, ...fault }) => ({ ...fault, on: isOn() }));
  }

  /** @returns false when there is no such fault. */
  turn(id: string, on: boolean): boolean {
    const fault = this.#faults.find((one) => one.id === id);
    fault?.turn(on);
    return fault !== undefined;
  }

  clear(): void {
    for (const fault of this.#faults) fault.turn(false);
  }
}

function remoteFaults(system: FaultSwitch['system'], vendor: string, { faults }: System): Fault[] {
  const rule = ([id, name, sentence]: Words, given: Omit<FaultRule, 'id'>): Fault => ({
    id: `${system}.${id}`,
    system,
    name,
    sentence,
    turn: (on) => (on ? faults.set({ id, ...given }) : faults.remove(id)),
    isOn: () => faults.list().some((one) => one.id === id),
  });
  return [
    rule(['down', 'Down', `${vendor} answers nothing: changes wait, and are carried over when it is back.`], {
      fault: { kind: 'down' },
    }),
    rule(
      [
        'throttled',
        'Too many requests',
        `${vendor} answers 429 and asks to wait ${retryAfterSeconds} s: the whole connection waits as told.`,
      ],
      { fault: { kind: 'throttle', status: 429, retryAfter: retryAfterSeconds } },
    ),
    rule(
      [
        'slow',
        'Slow',
        `Every answer of ${vendor} takes ${slowMs / 1000} s: everything else stays as quick as before.`,
      ],
      {
        fault: { kind: 'slow', delayMs: slowMs },
      },
    ),
    rule(
      [
        'after-write',
        'Error after the write',
        `${vendor} writes and then answers 500: nothing is written twice, because Tandem looks first.`,
      ],
      { fault: { kind: 'afterEffect', how: 'status500' }, match: everyWrite, probability: writesHit },
    ),
  ];
}

function alembaHooks({ webhooks }: AlembaSimulator): Fault[] {
  const hook = ([id, name, sentence]: Words, part: 'lose' | 'double' | 'reorder'): Fault => ({
    id: `alemba.${id}`,
    system: 'alemba',
    name,
    sentence,
    turn: (on) => void webhooks.setFaults({ [part]: on ? 1 : 0 }),
    isOn: () => webhooks.faults[part] > 0,
  });
  return [
    hook(
      ['hooks-lost', 'Webhooks lost', 'No webhook of Alemba arrives: the next sweep finds what they missed.'],
      'lose',
    ),
    hook(
      [
        'hooks-doubled',
        'Webhooks doubled',
        'Every webhook of Alemba arrives twice: the second one changes nothing.',
      ],
      'double',
    ),
    hook(
      [
        'hooks-reordered',
        'Webhooks reordered',
        'Webhooks of Alemba overtake each other: the newest state wins all the same.',
      ],
      'reorder',
    ),
  ];
}

function azureDevOpsHooks({ hooks }: AzureDevOpsSimulator): Fault[] {
  const hook = (
    [id, name, sentence]: Words,
    part: 'loseProbability' | 'duplicateProbability' | 'jitterMs',
    whenOn: number,
  ): Fault => ({
    id: `azureDevOps.${id}`,
    system: 'azureDevOps',
    name,
    sentence,
    turn: (on) => hooks.setMishaps({ [part]: on ? whenOn : 0 }),
    isOn: () => hooks.mishaps[part] > 0,
  });
  return [
    hook(
      [
        'hooks-lost',
        'Service hooks lost',
        'No service hook arrives: the form’s own notice and the next sweep find the change.',
      ],
      'loseProbability',
      1,
    ),
    hook(
      [
        'hooks-doubled',
        'Service hooks doubled',
        'Every service hook arrives twice: the second one changes nothing.',
      ],
      'duplicateProbability',
      1,
    ),
    hook(
      [
        'hooks-reordered',
        'Service hooks reordered',
        `Service hooks arrive up to ${reorderMs / 1000} s late, in any order: the newest state wins all the same.`,
      ],
      'jitterMs',
      reorderMs,
    ),
  ];
}
