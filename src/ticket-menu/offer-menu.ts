import { openTicketDialog, showToast } from '../host/page.ts';
import { connectToHost, registerContribution, showPage } from '../host/sdk.ts';
import { text } from '../text.ts';

/** Menus describe what was clicked in different words; the exact shapes are not documented. */
interface MenuContext {
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

/** The page behind the menu entries: it has no face, so it opens the dialog. */
export async function offerMenu(): Promise<void> {
  const host = await connectToHost({ applyTheme: false });
  const view = new URLSearchParams(location.search).get('view') === 'link' ? 'link' : 'create';
  registerContribution({
    execute: async (context: MenuContext) => {
      const workItemIds = chosenWorkItems(context);
      if (workItemIds.length === 0) return showToast(text.menu.noWorkItem);
      await openTicketDialog(host.extensionId, text.menu[view], { view, workItemIds });
    },
  });
  showPage();
}
