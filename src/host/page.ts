import { text } from '../text.ts';
import { service } from './sdk.ts';

interface LayoutService {
  openCustomDialog(
    contributionId: string,
    options: {
      title: string;
      configuration: Record<string, unknown>;
      lightDismiss: boolean;
      onClose?: (result?: unknown) => void;
    },
  ): void;
  openMessageDialog(
    message: string,
    options: {
      title: string;
      showCancel: boolean;
      okText: string;
      cancelText: string;
      onClose(agreed?: boolean): void;
    },
  ): void;
}

interface NavigationService {
  openNewWindow(url: string, features: string): void;
  getHash(): Promise<string>;
  setHash(hash: string): void;
  onHashChanged(listener: (hash: string) => void): void;
}

interface MessagesService {
  addToast(toast: { message: string; duration: number }): void;
}

interface LocationService {
  getServiceLocation(): Promise<string>;
}

const layout = () => service<LayoutService>('ms.vss-features.host-page-layout-service');
const navigation = () => service<NavigationService>('ms.vss-features.host-navigation-service');

export type DialogView = 'create' | 'link' | 'comment' | 'explain';

/** Crosses the frame border as JSON. */
export interface DialogRequest {
  view: DialogView;
  workItemIds: string[];
  linkId?: string;
  /** Name of the work items' project, when the page may belong to another. */
  project?: string;
}

/** Opens the ticket dialog; resolves when it is closed. */
export async function openTicketDialog(
  extensionId: string,
  title: string,
  request: DialogRequest,
): Promise<void> {
  const service = await layout();
  return new Promise((resolve) => {
    service.openCustomDialog(`${extensionId}.ticket-dialog`, {
      title,
      configuration: { ...request },
      lightDismiss: false,
      onClose: () => resolve(),
    });
  });
}

export interface Question {
  title: string;
  message: string;
  /** What happens when the person agrees, as the button says it. */
  action: string;
}

/** Asks in the host's own dialog before something that cannot be taken back; false when it is dismissed. */
export async function ask({ title, message, action }: Question): Promise<boolean> {
  const service = await layout();
  return new Promise((resolve) => {
    service.openMessageDialog(message, {
      title,
      showCancel: true,
      okText: action,
      cancelText: text.cancel,
      onClose: (agreed) => resolve(agreed === true),
    });
  });
}

/** Frames may not open windows themselves on every host; the host's own way always works. */
export async function openInNewWindow(url: string): Promise<void> {
  (await navigation()).openNewWindow(url, '');
}

export async function showToast(message: string): Promise<void> {
  const messages = await service<MessagesService>('ms.vss-tfs-web.tfs-global-messages-service');
  messages.addToast({ message, duration: 4000 });
}

/** The place inside the hub stands in the page's hash, so that it can be linked to and survives a reload. */
export async function followHash(listener: (hash: string) => void): Promise<(hash: string) => void> {
  const host = await navigation();
  host.onHashChanged(listener);
  listener(await host.getHash());
  return (hash) => host.setHash(hash);
}

/** Address of the hub in Project Settings. */
export async function settingsUrl(extensionId: string, project: string): Promise<string> {
  return `${await collectionUrl()}/${encodeURIComponent(project)}/_settings/${extensionId}.settings-hub`;
}

const collectionUrl = async (): Promise<string> => {
  const location = await service<LocationService>('ms.vss-features.location-service');
  return (await location.getServiceLocation()).replace(/\/$/, '');
};

/** The project's list of work items. */
export const workItemsUrl = async (project: string): Promise<string> =>
  `${await collectionUrl()}/${encodeURIComponent(project)}/_workitems`;

/** Address of a work item, by its number alone: it may belong to another project. */
export const workItemUrl = async (project: string, workItemId: string): Promise<string> =>
  `${await collectionUrl()}/${encodeURIComponent(project)}/_workitems/edit/${encodeURIComponent(workItemId)}`;
