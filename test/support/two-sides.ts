import { type Rig, until } from './rig.ts';

/** Both sides of linked pairs as a person would see them, past everything that Tandem knows. */
export interface Pair {
  workItemId: number;
  callRef: number;
}

export interface WorkItemView {
  rev: number;
  title: string;
  description: string;
  state: string;
  priority: number | undefined;
  /** Address of who has it. */
  assignee: string | undefined;
  fields: Record<string, unknown>;
  comments: string[];
  files: string[];
  hyperlinks: string[];
  /** What is said about each of them: Tandem's mark is in there. */
  hyperlinkComments: string[];
}

export interface CallView {
  order: number;
  subject: string;
  description: string;
  status: string;
  priority: number | undefined;
  /** Name of who has it. */
  officer: string | undefined;
  fields: Record<string, unknown>;
  comments: string[];
  /** The same with who may see them. */
  notes: { text: string; visible: boolean; title: string }[];
  files: string[];
  closed: boolean;
}

interface RawWorkItem {
  id: number;
  rev: number;
  fields: Record<string, unknown>;
  relations?: { rel: string; url: string; attributes?: { name?: string; comment?: string } }[];
}

interface RawCall {
  Subject: string;
  Description: string | null;
  OfficerName: string | null;
  StatusName: string;
  Priority: number | null;
  LastHistoryOrder: number;
  closed: boolean;
  history: {
    Order: number;
    ActionType: string;
    ActionTitle: string;
    ActionDescription: string;
    IsSystem: boolean;
    VisibleInPortal: boolean;
    By: string;
  }[];
  attachments: { Name: string }[];
}

/** Reads a work item with a project administrator's own token. */
export async function readWorkItem(rig: Rig, id: number): Promise<WorkItemView> {
  const user = rig.azure.users.admin;
  const headers = { authorization: `Bearer ${user?.accessToken}` };
  const base = `${rig.azure.organizationUrl}/Fabrikam/_apis/wit/workItems/${id}`;
  const [item, comments] = await Promise.all([
    fetch(`${base}?$expand=all&api-version=7.1`, { headers }).then(
      (answer) => answer.json() as Promise<RawWorkItem>,
    ),
    fetch(`${base}/comments?$top=200&api-version=7.1-preview.4`, { headers }).then(
      (answer) => answer.json() as Promise<{ comments: { text: string }[] }>,
    ),
  ]);
  const relations = item.relations ?? [];
  const hyperlinks = relations.filter((relation) => relation.rel === 'Hyperlink');
  return {
    rev: item.rev,
    title: String(item.fields['System.Title']),
    description: String(item.fields['System.Description'] ?? ''),
    state: String(item.fields['System.State']),
    priority: item.fields['Microsoft.VSTS.Common.Priority'] as number | undefined,
    assignee: (item.fields['System.AssignedTo'] as { uniqueName?: string } | undefined)?.uniqueName,
    fields: item.fields,
    comments: comments.comments.map((comment) => comment.text),
    files: relations
      .filter((relation) => relation.rel === 'AttachedFile')
      .map((relation) => relation.attributes?.name ?? ''),
    hyperlinks: hyperlinks.map((relation) => relation.url),
    hyperlinkComments: hyperlinks.map((relation) => relation.attributes?.comment ?? ''),
  };
}

const commentTypes = ['Actioned', 'Deferred', 'Note'];

/** Reads a call as the agent who may see everything. */
export async function readCall(rig: Rig, ref: number): Promise<CallView> {
  const call = await rig.control<RawCall>('alemba', 'GET', `/calls/${ref}`);
  const said = call.history.filter((entry) => commentTypes.includes(entry.ActionType) && !entry.IsSystem);
  return {
    order: call.LastHistoryOrder,
    subject: call.Subject,
    description: call.Description ?? '',
    status: call.StatusName,
    priority: call.Priority ?? undefined,
    officer: call.OfficerName ?? undefined,
    fields: { ...call },
    comments: said.map((entry) => entry.ActionDescription),
    notes: said.map((entry) => ({
      text: entry.ActionDescription,
      visible: entry.VisibleInPortal,
      title: entry.ActionTitle,
    })),
    files: call.attachments.map((attachment) => attachment.Name),
    closed: call.closed,
  };
}

/** As a developer; resolves to its id. */
export const newWorkItem = async (
  rig: Rig,
  fields: Record<string, unknown>,
  { type = 'Bug', as = 'contributor' }: { type?: string; as?: string } = {},
): Promise<number> => {
  const deed = { do: 'create', type, as, fields };
  return (await rig.control<{ id: number }>('azure', 'POST', '/act', deed)).id;
};

/** As a service desk agent; resolves to its number. */
export const newCall = async (rig: Rig, fields: Record<string, unknown>): Promise<number> =>
  (await rig.control<{ Ref: number }>('alemba', 'POST', '/calls', fields)).Ref;

/** As a developer. */
export const editWorkItem = (rig: Rig, id: number, fields: Record<string, unknown>): Promise<unknown> =>
  rig.control('azure', 'POST', '/act', { do: 'update', id, fields, as: 'contributor' });

export const commentOnWorkItem = (rig: Rig, id: number, text: string): Promise<unknown> =>
  rig.control('azure', 'POST', '/act', { do: 'comment', id, text, as: 'contributor' });

export const attachToWorkItem = (
  rig: Rig,
  id: number,
  fileName: string,
  content: string | Buffer,
): Promise<unknown> =>
  rig.control('azure', 'POST', '/act', {
    do: 'attach',
    id,
    fileName,
    contentBase64: Buffer.from(content).toString('base64'),
    as: 'contributor',
  });

/** As a service desk agent, who tries again when somebody else has the call locked at the moment. */
export const editCall = (rig: Rig, ref: number, fields: Record<string, unknown>): Promise<unknown> =>
  until(
    `call ${ref} is not locked`,
    () =>
      rig.control('alemba', 'PATCH', `/calls/${ref}`, fields).catch((error: Error) => {
        if (!error.message.includes('Record locked')) throw error;
        return undefined;
      }),
    // A lock that a killed backend leaves behind is given up after its lease of 30 s, unless that run is killed too.
    180_000,
  );

export const commentOnCall = (rig: Rig, ref: number, text: string, visible = false): Promise<unknown> =>
  rig.control('alemba', 'POST', `/calls/${ref}/comments`, { text, visible });

export const attachToCall = (
  rig: Rig,
  ref: number,
  name: string,
  content: string | Buffer,
): Promise<unknown> =>
  rig.control('alemba', 'POST', `/calls/${ref}/attachments`, {
    Name: name,
    BinaryData: Buffer.from(content).toString('base64'),
  });

/** How often a text stands among comments: what was written once must be there once. */
export const times = (comments: readonly string[], text: string): number =>
  comments.filter((comment) => comment.includes(text)).length;
