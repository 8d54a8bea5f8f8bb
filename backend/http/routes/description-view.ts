import type { SystemDescription } from '../../connectors/connector.ts';
import type { ConnectionDescription } from '../../contract/connections.ts';

/** A system's description as the hub's pickers take it. */
export const descriptionView = (description: SystemDescription): ConnectionDescription => ({
  types: description.types.map(({ id, name }) => ({ id, name })),
  templates: description.templates?.map(({ id, name }) => ({ id, name })),
  projects: description.projects?.map(({ id, name }) => ({ id, name })),
  fields: description.fields.map((field) => ({
    id: field.id,
    name: field.name,
    type: field.type,
    required: field.required,
    readOnly: field.readOnly,
    barredBy: field.barredBy,
    maxLength: field.maxLength,
    choices: field.choices?.map(({ id, name, category }) => ({ id, name, category })),
    help: field.help,
  })),
  statuses: description.statuses.map(({ id, name, category }) => ({ id, name, category })),
  roles: { ...description.roles },
});
