import { openTicketDialog, showToast } from '../host/page.ts';
import { connectToHost, registerContribution, showPage } from '../host/sdk.ts';
import { text } from '../text.ts';
import { chosenWorkItems, type MenuContext } from './chosen-work-items.ts';

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
