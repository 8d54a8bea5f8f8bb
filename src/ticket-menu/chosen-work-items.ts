/** Menus describe what was clicked in different words; the exact shapes are not documented. */
export interface MenuContext {
  id?: number;
  workItemId?: number;
  ids?: number[];
  workItemIds?: number[];
  workItems?: { id?: number }[];
}

/** Ids of the work items that a menu was opened on, as strings; empty when it did not say. */
export function chosenWorkItems(context: MenuContext | undefined): string[] {
  if (!context) return [];
  const listed = context.workItemIds ?? context.ids ?? context.workItems?.map(({ id }) => id);
  const ids = listed?.length ? listed : [context.workItemId ?? context.id];
  return [...new Set(ids)].filter((id) => Number(id) > 0).map(String);
}
