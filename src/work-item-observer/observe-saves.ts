import type { Client } from '../api/client.ts';
import { asProblem } from '../api/problem.ts';
import { readBackendAddress } from '../host/backend-address.ts';
import { followSaves, projectOnForm } from '../host/form.ts';
import { showToast } from '../host/page.ts';
import { connectToHost, type HostContext, showPage } from '../host/sdk.ts';
import { text } from '../text.ts';
import { clientFor, projectOf } from '../ticket/client-for.ts';
import { type CreateWish, takeWish } from '../ticket/create-on-save.ts';

/**
 * Tells the backend that a form was saved, seconds before the service hook does, and creates the ticket that was asked
 * for on a new work item. The way to the backend is opened with the first edit, so that a form that closes with its
 * save needs one request only, which outlives the frame. A form that is only read costs no request.
 */
export async function observeSaves(): Promise<void> {
  const host = await connectToHost({ applyTheme: false });
  let ready: Promise<Client | undefined> | undefined;
  const prepare = () => {
    ready ??= openWay(host).catch((reason: unknown) => {
      ready = undefined;
      throw reason;
    });
    return ready;
  };
  followSaves({
    onEdited: () => void prepare().catch(report),
    onSaved: (workItemId, newSinceMs) => {
      const wish = newSinceMs === undefined ? undefined : takeWish(newSinceMs);
      const told = wish ? create(prepare(), workItemId, wish) : notice(prepare(), workItemId);
      told.catch(report);
      // The next work item may lie in another project.
      ready = undefined;
    },
  });
  showPage();
}

async function openWay(host: HostContext): Promise<Client | undefined> {
  const [address, project] = await Promise.all([readBackendAddress(host.extensionId), projectOnForm()]);
  // An address that changed needs a person's consent, and this page has no face to ask with.
  if (address.kind !== 'known') return undefined;
  const client = clientFor(host, address.url, projectOf(host, project));
  await client.session();
  return client;
}

/** A hint: a backend that is down costs nothing but the seconds until the service hook. */
async function notice(opening: Promise<Client | undefined>, workItemId: string): Promise<void> {
  await (await opening)?.api.noticeSave({ workItemId, body: {} }, { keepalive: true });
}

async function create(
  opening: Promise<Client | undefined>,
  workItemId: string,
  { mappingId, requestKey }: CreateWish,
): Promise<void> {
  try {
    const client = await opening;
    const body = { mappingId, requestKey, values: {} };
    const answer = await client?.api.createTicket(
      { workItemId, body },
      { keepalive: true, timeoutMs: 60_000 },
    );
    if (answer?.link) await showToast(text.panel.createdOnSave(answer.link.number));
  } catch (reason) {
    await showToast(text.panel.notCreatedOnSave(asProblem(reason).title));
    throw reason;
  }
}

/** The browser's console is the only place: nobody is waiting for this. */
const report = (reason: unknown) => console.info('Tandem could not announce the save.', reason);
