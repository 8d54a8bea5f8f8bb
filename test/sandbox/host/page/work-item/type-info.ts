import type { HostPage } from '../host-page.ts';

export interface FieldInfo {
  referenceName: string;
  name: string;
  allowedValues: (string | number)[];
  alwaysRequired: boolean;
}

export interface TypeInfo {
  name: string;
  /** `#rrggbb` */
  color: string;
  states: { name: string; color: string; category: string }[];
  /** By the state left; `''` holds the states of a new one. */
  transitions: Record<string, { to: string }[]>;
  fields: FieldInfo[];
}

/** What the form needs to know of a type. */
export async function readTypeInfo(page: HostPage, name: string): Promise<TypeInfo> {
  const base = `${encodeURIComponent(page.data.project.name)}/_apis/wit/workitemtypes/${encodeURIComponent(name)}`;
  const [type, fields] = await Promise.all([
    page.rest<Omit<TypeInfo, 'fields'>>('GET', base),
    page.rest<{ value: Partial<FieldInfo>[] }>('GET', `${base}/fields?$expand=allowedValues`),
  ]);
  return {
    name: type.name,
    color: `#${type.color.replace('#', '')}`,
    states: type.states,
    transitions: type.transitions,
    fields: fields.value.map((field) => ({
      referenceName: field.referenceName ?? '',
      name: field.name ?? '',
      allowedValues: field.allowedValues ?? [],
      alwaysRequired: field.alwaysRequired ?? false,
    })),
  };
}
