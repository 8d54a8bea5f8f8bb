import { report } from '../frame.ts';
import type { HostPage } from '../host-page.ts';
import type { Banner, Toast } from '../messages.ts';
import type { DialogOptions, MessageOptions, PanelOptions } from '../overlays.ts';
import { keptQuery } from '../settings.ts';

type Answer = ((result?: unknown) => unknown) | undefined;

/** Calls a function of the page on the other side; it may be gone by then. */
const tell = (answer: Answer, result?: unknown): void => {
  Promise.resolve(answer?.(result)).catch(report);
};

export const layoutService = (page: HostPage): object => ({
  openCustomDialog: (id: string, options: DialogOptions = {}) =>
    page.overlays.dialog(id, { ...options, onClose: (result) => tell(options.onClose, result) }),
  openPanel: (id: string, options: PanelOptions = {}) =>
    page.overlays.panel(id, { ...options, onClose: (result) => tell(options.onClose, result) }),
  openMessageDialog: (message: string, options: MessageOptions = {}) =>
    page.overlays.ask(message, {
      ...options,
      onClose: (confirmed) => tell(options.onClose as Answer, confirmed),
    }),
  getFullScreenMode: () => false,
  setFullScreenMode: (isFull: boolean) => document.body.classList.toggle('full-screen', isFull),
});

export const messagesService = (page: HostPage): object => ({
  addToast: (toast: Toast) => page.messages.toast(toast),
  addBanner: (banner: Banner) => page.messages.banner(banner),
  closeBanner: () => page.messages.closeBanner(),
  addDialog: (dialog: { title?: string; message?: string }) =>
    page.overlays.ask(dialog.message ?? '', { title: dialog.title ?? '' }),
  closeDialog: () => undefined,
});

const hash = () => decodeURIComponent(location.hash.slice(1));

export const navigationService = (page: HostPage): object => ({
  getHash: () => hash(),
  setHash: (value: string) => {
    location.hash = value;
  },
  replaceHash: (value: string) => {
    const address = new URL(location.href);
    address.hash = value;
    history.replaceState(null, '', address);
  },
  onHashChanged: (listener: (value: string) => void) => {
    window.addEventListener('hashchange', () => tell(listener as Answer, hash()));
  },
  getQueryParams: () => Object.fromEntries(new URLSearchParams(location.search)),
  setQueryParams: (changes: Record<string, string>) => {
    const address = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) address.searchParams.set(name, value);
    history.replaceState(null, '', address);
  },
  navigate: (address: string) => location.assign(address),
  openNewWindow: (address: string, features: string) => {
    window.open(address, '_blank', features || 'noopener');
  },
  reload: () => location.reload(),
  getPageRoute: () => ({ id: 'sandbox', routeValues: { project: page.data.project.name } }),
  getPageNavigationElements: () => [],
  setDocumentTitle: (title: string) => {
    document.title = title;
  },
});

export const locationService = (page: HostPage): object => {
  const { organization } = page.data;
  return {
    // Pages and API share an address on the real service; here pages are at this one.
    getServiceLocation: () => `${location.origin}/${organization.name}/`,
    getResourceAreaLocation: () => `${organization.apiUrl}/`,
    routeUrl: (_route: string, values: Record<string, string> = {}) =>
      `/${organization.name}/${Object.values(values).map(encodeURIComponent).join('/')}`,
  };
};

export const pageDataService = (page: HostPage): object => ({
  getProject: () => ({ id: page.data.project.id, name: page.data.project.name }),
});

export const formNavigationService = (page: HostPage): object => {
  const go = (address: string, inNewTab = false) =>
    inNewTab ? window.open(address, '_blank', 'noopener') : location.assign(address);
  return {
    openWorkItem: async (id: number, inNewTab?: boolean) => {
      go(page.path('_workitems', 'edit', id) + keptQuery(), inNewTab);
    },
    openNewWorkItem: async (type: string) => {
      go(page.path('_workitems', 'create', type) + keptQuery());
    },
  };
};

interface FoundIdentity {
  id: string;
  subjectDescriptor?: string;
  providerDisplayName: string;
  properties?: { Mail?: { $value?: string }; Account?: { $value?: string } };
}

export const identityService = (page: HostPage): object => ({
  searchIdentitiesAsync: async (query: string) => {
    const { value } = await page.rest<{ value: FoundIdentity[] }>(
      'GET',
      `_apis/identities?searchFilter=General&filterValue=${encodeURIComponent(query)}`,
    );
    return value.map(({ id, subjectDescriptor, providerDisplayName, properties }) => ({
      entityId: id,
      entityType: 'User',
      localId: id,
      originDirectory: 'vsd',
      displayName: providerDisplayName,
      subjectDescriptor,
      mail: properties?.Mail?.$value ?? properties?.Account?.$value,
    }));
  },
  getIdentityMruAsync: async () => [],
  addMruIdentitiesAsync: async () => true,
  removeMruIdentitiesAsync: async () => true,
});
