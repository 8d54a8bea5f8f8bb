import { registerContribution, service } from './sdk.ts';

/** The parts of the host's form service that are used (contract of azure-devops-extension-api, not bundled). */
interface FormService {
  getId(): Promise<number>;
  getRevision(): Promise<number>;
  getFieldValues(
    names: string[],
    options?: { returnOriginalValue: boolean },
  ): Promise<Record<string, unknown>>;
}

/** The work item that the form shows now. */
export interface OpenWorkItem {
  id: string;
  /** Not saved yet: it has no id that others could refer to. */
  isNew: boolean;
  isReadOnly: boolean;
  title: string;
  /** Name of the work item's own project: the page may belong to another one. */
  project: string | undefined;
}

interface LoadedArgs {
  id: number;
  isNew: boolean;
  isReadOnly: boolean;
}

/**
 * Calls back with the work item on the form whenever it changes, and with `undefined` when the form is taken away.
 * A frame is reused for the next work item, so service and id are asked for again each time; an answer that arrives
 * after the form moved on is dropped. The first save of a new work item raises `onLoaded`, not `onSaved`.
 */
export function followForm(listeners: {
  onWorkItem(workItem: OpenWorkItem | undefined): void;
  onSaved?(workItemId: string, revision: number | undefined): void;
}): void {
  let turn = 0;
  const look = async (isNew: boolean, isReadOnly: boolean, hintId?: number) => {
    const mine = ++turn;
    const workItem = await readForm(isNew, isReadOnly, hintId);
    if (mine === turn) listeners.onWorkItem(workItem);
  };
  let current: LoadedArgs | undefined;
  const again = () => (current ? look(current.isNew, current.isReadOnly, current.id) : Promise.resolve());
  registerContribution({
    onLoaded: (args: LoadedArgs) => {
      current = args;
      return look(args.isNew, args.isReadOnly, args.id);
    },
    onSaved: async (args: { id: number }) => {
      current = { id: args.id, isNew: false, isReadOnly: current?.isReadOnly ?? false };
      listeners.onSaved?.(String(args.id), await currentRevision());
      await again();
    },
    onRefreshed: again,
    onReset: again,
    onFieldChanged: () => undefined,
    onUnloaded: () => {
      turn++;
      current = undefined;
      listeners.onWorkItem(undefined);
    },
  });
}

const formService = () => service<FormService>('ms.vss-work-web.work-item-form');

async function readForm(isNew: boolean, isReadOnly: boolean, hintId?: number): Promise<OpenWorkItem> {
  const form = await formService();
  const [id, fields] = await Promise.all([
    form.getId(),
    form.getFieldValues(['System.Title', 'System.TeamProject'], { returnOriginalValue: true }),
  ]);
  const knownId = id > 0 ? id : (hintId ?? 0);
  const project = fields['System.TeamProject'];
  return {
    id: String(knownId),
    isNew: isNew || knownId <= 0,
    isReadOnly,
    title: String(fields['System.Title'] ?? ''),
    project: typeof project === 'string' && project ? project : undefined,
  };
}

/** The revision is a hint only: a form that is closing may refuse to answer. */
async function currentRevision(): Promise<number | undefined> {
  try {
    return await (await formService()).getRevision();
  } catch {
    return undefined;
  }
}
