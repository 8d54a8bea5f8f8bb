import type { FieldDescription, Side, StatusCategory } from './record.ts';

/** What a system tells about one kind of record; the shape of the port's description, as far as mappings need it. */
export interface SideDescription {
  types: readonly { id: string; name: string }[];
  templates?: readonly { id: string; name: string }[];
  fields: readonly FieldDescription[];
  statuses: readonly { id: string; name?: string; category: StatusCategory }[];
  /** Ids of the fields with these roles. */
  roles: { status: string; title: string; description: string; priority?: string; assignee?: string };
}

export type SideDescriptions = Readonly<Record<Side, SideDescription>>;

/** By id, with the statuses as choices of the status field, as `PlanInput.fields` wants them. */
export function fieldsById(description: SideDescription): Readonly<Record<string, FieldDescription>> {
  const fields: Record<string, FieldDescription> = {};
  for (const field of description.fields) fields[field.id] = field;
  const status = fields[description.roles.status];
  const choices = description.statuses.map(({ id, name, category }) => ({ id, name: name ?? id, category }));
  fields[description.roles.status] = status
    ? { ...status, choices: choices.length > 0 ? choices : status.choices }
    : {
        id: description.roles.status,
        name: 'Status',
        type: 'status',
        required: false,
        readOnly: false,
        choices,
      };
  return fields;
}
