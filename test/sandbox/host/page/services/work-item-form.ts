import type { HostPage } from '../host-page.ts';
import type { Relation, WorkItemForm } from '../work-item/form.ts';

type ValueOptions = { returnOriginalValue?: boolean } | boolean;

const optionsOf = (options: ValueOptions | undefined) =>
  typeof options === 'object' ? options : { returnOriginalValue: options ?? false };

/** `IWorkItemFormService` over the form on the page. Every method but `hasActiveWorkItem` needs an open work item. */
export function workItemFormService(page: HostPage): object {
  const form = (): WorkItemForm => {
    if (page.form === undefined)
      throw new Error('Active work item document does not exist in the current context.');
    return page.form;
  };
  return {
    hasActiveWorkItem: async () => page.form !== undefined,
    getId: async () => form().id,
    getRevision: async () => form().rev,
    isNew: async () => form().isNew,
    isDirty: async () => form().isDirty,
    isValid: async () => form().problem === undefined,
    getFields: async () => form().type.fields.map(({ referenceName, name }) => ({ referenceName, name })),
    getFieldValue: async (name: string, options?: ValueOptions) => form().value(name, optionsOf(options)),
    getFieldValues: async (names: string[], options?: ValueOptions) =>
      Object.fromEntries(names.map((name) => [name, form().value(name, optionsOf(options))])),
    getIdentityFieldValue: async (name: string, options?: ValueOptions) =>
      form().value(name, optionsOf(options)),
    getAllowedFieldValues: async (name: string) =>
      name === 'System.State' ? form().allowedStates() : (form().field(name)?.allowedValues ?? []),
    ...changes(form),
    ...relations(form),
    getInvalidFields: async () => [],
    getDirtyFields: async () =>
      Object.keys(form().changed).map((referenceName) => ({
        referenceName,
        name: form().field(referenceName)?.name,
      })),
    getWorkItemResourceUrl: async (id: number) =>
      `${page.data.organization.apiUrl}/_apis/wit/workItems/${id}`,
    getWorkItemRelationTypes: async () =>
      (await page.rest<{ value: unknown[] }>('GET', '_apis/wit/workitemrelationtypes')).value,
  };
}

const changes = (form: () => WorkItemForm) => ({
  setFieldValue: async (name: string, value: unknown) => form().set(name, value),
  setFieldValues: async (values: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, form().set(name, value)])),
  setError: async (message: string) => form().setError(message),
  clearError: async () => form().setError(undefined),
  save: async () => form().save(),
  refresh: async () => form().refresh(),
  reset: async () => form().reset(),
  beginSaveWorkItem: async (onSaved?: () => void, onFailed?: (error: unknown) => void) => {
    try {
      await form().save();
      onSaved?.();
    } catch (error) {
      onFailed?.(error);
    }
  },
});

const relations = (form: () => WorkItemForm) => ({
  getWorkItemRelations: async () => form().relations.filter(({ rel }) => rel !== 'AttachedFile'),
  addWorkItemRelations: async (added: Relation[]) =>
    form().changeRelations(added.map((value) => ({ op: 'add', path: '/relations/-', value }))),
  removeWorkItemRelations: async (removed: Relation[]) => {
    const indexes = removed
      .map(({ url }) => form().relations.findIndex((relation) => relation.url === url))
      .filter((index) => index >= 0)
      // From the end, because each removal moves those behind it.
      .toSorted((left, right) => right - left);
    await form().changeRelations(indexes.map((index) => ({ op: 'remove', path: `/relations/${index}` })));
  },
});
