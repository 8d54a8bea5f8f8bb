import { backendUrl, isLoopback } from './backend-url.ts';
import { accessToken, service } from './sdk.ts';

interface DataManager {
  getValue<T>(key: string, options: object): Promise<T>;
  setValue<T>(key: string, value: T, options: object): Promise<T>;
}

interface DataService {
  getExtensionDataManager(extensionId: string, accessToken: string): Promise<DataManager>;
}

const key = 'backend';
const scope = { scopeType: 'Default', scopeValue: 'Current' };
const trustKey = 'tandem.backend.trusted';

const dataOf = async (extensionId: string) =>
  (await service<DataService>('ms.vss-features.extension-data-service')).getExtensionDataManager(
    extensionId,
    await accessToken(),
  );

/** Where the backend is, and whether this browser has talked to it before. */
export type BackendAddress =
  | { kind: 'known'; url: string }
  | { kind: 'unset' }
  /** Stored by somebody since the last visit: a person must agree before any token goes there. */
  | { kind: 'changed'; url: string; previous: string };

/**
 * Reads the backend's address from the extension's data. Every user of an organisation can write that data
 * (Microsoft documents no access control for it), and the backend receives the tokens of those who open the panel.
 * Therefore a package can be pinned to one backend (the page's `tandem-backend` meta element, filled when packaging),
 * and without a pin a changed address is not used before the person at the screen agrees.
 */
export async function readBackendAddress(extensionId: string): Promise<BackendAddress> {
  const pinned = document.querySelector<HTMLMetaElement>('meta[name="tandem-backend"]')?.content;
  if (pinned) return { kind: 'known', url: pinned };
  const stored = await (await dataOf(extensionId)).getValue<unknown>(key, scope);
  const url = backendUrl(stored);
  if (!url) return { kind: 'unset' };
  const previous = trusted();
  if (previous && new URL(previous).origin !== new URL(url).origin && !isLoopback(url)) {
    return { kind: 'changed', url, previous };
  }
  trustBackend(url);
  return { kind: 'known', url };
}

export async function writeBackendAddress(extensionId: string, url: string): Promise<void> {
  await (await dataOf(extensionId)).setValue(key, url, scope);
  trustBackend(url);
}

export function trustBackend(url: string): void {
  try {
    localStorage.setItem(trustKey, url);
  } catch {
    // Storage is refused in private or sandboxed frames; the address is then judged afresh each time.
  }
}

function trusted(): string | undefined {
  try {
    const value = localStorage.getItem(trustKey);
    return value ? backendUrl(value) : undefined;
  } catch {
    return undefined;
  }
}
