import { registerContribution, service } from './sdk.ts';

/** The parts of the host's form service that are used (contract of azure-devops-extension-api, not bundled). */
interface FormService {
  getId(): Promise<number>;
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
  /** Name of its type, such as "Bug". */
  type: string;
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
export function followForm(listeners: { onWorkItem(workItem: OpenWorkItem | undefined): void }): void {
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
    onSaved: (args: { id: number }) => {
      current = { id: args.id, isNew: false, isReadOnly: current?.isReadOnly ?? false };
      return again();
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

/**
 * Calls back when the form is edited and when it was saved, without asking the form first: it may be closing. A new
 * work item has no id before its first save, which arrives as another loading or, with Save & Close, as a save.
 */
export function followSaves(listeners: {
  onEdited(): void;
  /** `newSinceMs`: when the form of a work item opened that did not exist before this save. */
  onSaved(workItemId: string, newSinceMs: number | undefined): void;
}): void {
  let newSinceMs: number | undefined;
  // After that only a save tells of the new work item; a loading is then of another one.
  let isUnloaded = false;
  const saved = (id: number) => {
    const since = newSinceMs;
    newSinceMs = undefined;
    if (id > 0) listeners.onSaved(String(id), since);
  };
  registerContribution({
    onLoaded: (args: LoadedArgs) => {
      if (newSinceMs !== undefined && !isUnloaded && !args.isNew) saved(args.id);
      isUnloaded = false;
      newSinceMs = args.isNew ? Date.now() : undefined;
    },
    onSaved: (args: { id: number }) => saved(args.id),
    onFieldChanged: () => listeners.onEdited(),
    onRefreshed: () => undefined,
    onReset: () => undefined,
    onUnloaded: () => {
      isUnloaded = true;
    },
  });
}

/** Name of the project of the work item on the form; undefined where the form does not say. */
export async function projectOnForm(): Promise<string | undefined> {
  try {
    const { 'System.TeamProject': project } = await (await formService()).getFieldValues([
      'System.TeamProject',
    ]);
    return typeof project === 'string' && project ? project : undefined;
  } catch {
    // No form in this moment: the page's own project is then the better guess.
    return undefined;
  }
}

const formService = () => service<FormService>('ms.vss-work-web.work-item-form');

async function readForm(isNew: boolean, isReadOnly: boolean, hintId?: number): Promise<OpenWorkItem> {
  const form = await formService();
  const [id, fields] = await Promise.all([
    form.getId(),
    form.getFieldValues(['System.Title', 'System.TeamProject', 'System.WorkItemType'], {
      returnOriginalValue: true,
    }),
  ]);
  const knownId = id > 0 ? id : (hintId ?? 0);
  const project = fields['System.TeamProject'];
  return {
    id: String(knownId),
    isNew: isNew || knownId <= 0,
    isReadOnly,
    title: String(fields['System.Title'] ?? ''),
    type: String(fields['System.WorkItemType'] ?? ''),
    project: typeof project === 'string' && project ? project : undefined,
  };
}
