import { readBackendAddress } from '../host/backend-address.ts';
import { followForm, type OpenWorkItem } from '../host/form.ts';
import { connectToHost, type HostContext, showPage } from '../host/sdk.ts';
import { clientFor, projectOf } from '../ticket/client-for.ts';

/**
 * Tells the backend that a form was saved, seconds before the service hook does. It is a hint: a saved form that is
 * closed at once, or a backend that is down, costs nothing but those seconds.
 */
export async function observeSaves(): Promise<void> {
  const host = await connectToHost({ applyTheme: false });
  let shown: OpenWorkItem | undefined;
  let wasNew = false;
  const notice = (workItemId: string, revision: number | undefined) => {
    tell(host, shown?.project, workItemId, revision).catch((reason: unknown) => {
      // The browser's console is the only place: nobody is waiting for this.
      console.info('Tandem could not announce the save.', reason);
    });
  };
  followForm({
    onWorkItem: (workItem) => {
      // The first save of a new work item arrives as another loading of the form.
      if (wasNew && workItem && !workItem.isNew) notice(workItem.id, undefined);
      wasNew = workItem?.isNew ?? false;
      shown = workItem;
    },
    onSaved: notice,
  });
  showPage();
}

async function tell(
  host: HostContext,
  project: string | undefined,
  workItemId: string,
  revision: number | undefined,
): Promise<void> {
  const address = await readBackendAddress(host.extensionId);
  // An address that changed needs a person's consent, and this page has no face to ask with.
  if (address.kind !== 'known') return;
  const { api } = clientFor(host, address.url, projectOf(host, project));
  await api.noticeSave({ workItemId, body: revision === undefined ? {} : { revision } });
}
