import { z } from 'zod';
import type { StatusCategory } from '../sync/record.ts';
import { createCache } from './cache.ts';
import type { Client } from './client.ts';
import * as wire from './wire.ts';

/** Processes change by hand of an administrator, a few times a year; ten minutes keep a translation fresh enough. */
const lifetimeMs = 10 * 60_000;

export interface StateFacts {
  name: string;
  category: StatusCategory;
}

export interface TypeFacts {
  name: string;
  states: readonly StateFacts[];
  /** States that may follow, by the state left; `''` for a new work item. Undefined when the server does not tell. */
  transitions: Readonly<Record<string, readonly string[]>> | undefined;
  fields: ReadonlyMap<string, TypeField>;
}

export interface TypeField {
  id: string;
  name: string;
  required: boolean;
  help?: string;
  allowedValues: readonly (string | number)[];
}

export interface Metadata {
  /** All fields of the organisation by reference name. */
  fields(): Promise<ReadonlyMap<string, wire.WireField>>;
  types(project: string): Promise<readonly string[]>;
  /** Throws notFound for a type that the project does not have. */
  type(project: string, type: string): Promise<TypeFacts>;
  projects(): Promise<readonly { id: string; name: string }[]>;
  clear(): void;
}

const categories: Readonly<Record<string, StatusCategory>> = {
  proposed: 'proposed',
  inprogress: 'inProgress',
  resolved: 'resolved',
  completed: 'completed',
  removed: 'removed',
};

export const createMetadata = (client: Client, now: () => number): Metadata => {
  const fieldsCache = createCache<ReadonlyMap<string, wire.WireField>>({ lifetimeMs, maxEntries: 1, now });
  const typesCache = createCache<readonly string[]>({ lifetimeMs, maxEntries: 500, now });
  const typeCache = createCache<TypeFacts>({ lifetimeMs, maxEntries: 2000, now });

  const fields = () =>
    fieldsCache.get('', async () => {
      const list = await client.json(
        { method: 'GET', path: 'wit/fields', resource: 'fields', route: 'fields.list' },
        wire.fieldList,
      );
      return new Map(list.value.filter((field) => !field.isDeleted).map((f) => [f.referenceName, f]));
    });

  const types = (project: string) =>
    typesCache.get(project, async () => {
      const request = {
        method: 'GET',
        project,
        path: 'wit/workitemtypes',
        resource: 'workItemTypes',
        route: 'types.list',
      } as const;
      const [list, hidden] = await Promise.all([
        client.json(request, wire.workItemTypeList),
        hiddenTypes(client, project),
      ]);
      return list.value.filter((type) => !type.isDisabled && !hidden.has(type.name)).map((type) => type.name);
    });

  const type = (project: string, name: string) =>
    typeCache.get(JSON.stringify([project, name]), () => readType(client, project, name));

  const projects = () => listProjects(client);

  const clear = () => {
    for (const cache of [fieldsCache, typesCache, typeCache]) cache.clear();
  };
  return { fields, types, type, projects, clear };
};

const categoryList = z.object({
  value: z.array(
    z.object({ referenceName: z.string(), workItemTypes: z.array(z.object({ name: z.string() })).nullish() }),
  ),
});

/** Types that people cannot create from the web pages (reviews, feedback). A process need not have the category. */
const hiddenTypes = async (client: Client, project: string): Promise<ReadonlySet<string>> => {
  const { value } = await client.json(
    {
      method: 'GET',
      project,
      path: 'wit/workitemtypecategories',
      resource: 'workItemTypes',
      route: 'types.categories',
    },
    categoryList,
  );
  const hidden = value.find((category) => category.referenceName === 'Microsoft.HiddenCategory');
  return new Set(hidden?.workItemTypes?.map((type) => type.name));
};

const readType = async (client: Client, project: string, name: string): Promise<TypeFacts> => {
  const path = `wit/workitemtypes/${encodeURIComponent(name)}`;
  const [type, fields] = await Promise.all([
    client.json(
      { method: 'GET', project, path, resource: 'workItemTypes', route: 'type.read' },
      wire.workItemType,
    ),
    client.json(
      {
        method: 'GET',
        project,
        path: `${path}/fields`,
        query: { $expand: 'allowedValues' },
        resource: 'workItemTypeFields',
        route: 'type.fields',
      },
      wire.typeFieldList,
    ),
  ]);
  // Servers before 6.0 leave the states, or their categories, out of the type.
  const told = type.states?.every((state) => state.category) ? type.states : undefined;
  const states =
    told ??
    (
      await client.json(
        { method: 'GET', project, path: `${path}/states`, resource: 'workItemStates', route: 'type.states' },
        wire.stateList,
      )
    ).value;
  const transitions =
    type.transitions &&
    Object.fromEntries(Object.entries(type.transitions).map(([from, to]) => [from, to.map((t) => t.to)]));
  return {
    name: type.name,
    states: states.map(({ name, category }) => ({ name, category: categoryOf(category) })),
    transitions: transitions ?? undefined,
    fields: new Map(fields.value.map((field) => [field.referenceName, typeFieldOf(field)])),
  };
};

const categoryOf = (category: string | null | undefined): StatusCategory =>
  categories[(category ?? '').toLowerCase()] ?? 'unknown';

/** What nobody has to give: a default stands in, and area and iteration begin at the project's root. */
const isFilledByService = ({ referenceName, defaultValue }: z.infer<typeof wire.typeField>): boolean =>
  (defaultValue ?? '') !== '' || ['System.AreaPath', 'System.IterationPath'].includes(referenceName);

const typeFieldOf = (field: z.infer<typeof wire.typeField>): TypeField => ({
  id: field.referenceName,
  name: field.name,
  required: (field.alwaysRequired ?? false) && !isFilledByService(field),
  ...(field.helpText && { help: field.helpText }),
  allowedValues: (field.allowedValues ?? []).filter(
    (value): value is string | number => typeof value === 'string' || typeof value === 'number',
  ),
});

const pageSize = 500;

const listProjects = async (client: Client): Promise<{ id: string; name: string }[]> => {
  const found: { id: string; name: string }[] = [];
  for (;;) {
    const list = await client.json(
      {
        method: 'GET',
        path: 'projects',
        resource: 'core',
        route: 'projects.list',
        query: { stateFilter: 'wellFormed', $top: pageSize, $skip: found.length },
      },
      wire.projectList,
    );
    found.push(...list.value);
    if (list.value.length < pageSize) return found;
  }
};
