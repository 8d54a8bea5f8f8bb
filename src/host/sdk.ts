import * as SDK from 'azure-devops-extension-sdk';
import { followTheme } from './appearance.ts';

/** What the host page says about where and for whom the contribution runs. Read once, after the handshake. */
export interface HostContext {
  organization: { id: string; name: string; isHosted: boolean };
  /** Absent on pages outside a project, such as a search over the organisation. */
  project: { id: string; name: string } | undefined;
  user: { id: string; name: string };
  /** BCP 47, from the user's profile. */
  locale: string;
  /** IANA zone in which times are shown. */
  timeZone: string;
  /** `publisher.extension`. */
  extensionId: string;
  contributionId: string;
  /** What the opener of a dialog passed. */
  configuration: Record<string, unknown>;
}

/**
 * Shakes hands with the host. The host keeps its spinner until `showPage`: the first thing that a person sees is our
 * first render, not an empty frame.
 */
export async function connectToHost(options: { applyTheme: boolean }): Promise<HostContext> {
  if (options.applyTheme) followTheme();
  await SDK.init({ loaded: false, applyTheme: options.applyTheme });
  await SDK.ready();
  const host = SDK.getHost();
  const user = SDK.getUser();
  const page = SDK.getPageContext();
  const project = SDK.getWebContext()?.project;
  return {
    organization: { id: host.id, name: host.name, isHosted: host.isHosted },
    project: project?.id ? { id: project.id, name: project.name } : undefined,
    user: { id: user.id, name: user.displayName },
    locale: usableLocale(page.globalization?.culture),
    timeZone: usableTimeZone(page.globalization?.timeZoneId),
    extensionId: SDK.getExtensionContext().id,
    contributionId: SDK.getContributionId(),
    configuration: (SDK.getConfiguration() ?? {}) as Record<string, unknown>,
  };
}

/** Profiles may hold cultures that the browser does not know. */
function usableLocale(culture: string | undefined): string {
  try {
    return Intl.getCanonicalLocales(culture ?? navigator.language)[0] ?? 'en';
  } catch {
    return navigator.language;
  }
}

/**
 * The profile's zone is an IANA name or a Windows name ("W. Europe Standard Time"), which browsers do not know. The
 * browser's own zone is then the better answer than UTC.
 */
function usableTimeZone(id: string | undefined): string {
  const browserZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!id) return browserZone;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: id }).resolvedOptions().timeZone;
  } catch {
    return browserZone;
  }
}

/** A frame that is seen paints within a few milliseconds; one that is hidden never does. */
const paintsWithinMs = 100;

/**
 * Ends the host's spinner. Call after the first render, so that the frame is never shown empty. Frames of menus and
 * observers are hidden, and browsers give those no animation frames: there a timer speaks.
 */
export function showPage(): void {
  let told = false;
  const tell = () => {
    if (told) return;
    told = true;
    void SDK.notifyLoadSucceeded();
  };
  requestAnimationFrame(tell);
  setTimeout(tell, paintsWithinMs);
}

export function failToLoad(reason: unknown): void {
  void SDK.notifyLoadFailed(reason instanceof Error ? reason : new Error(String(reason)));
}

/** Registers what the host calls under the contribution's own id. */
export function registerContribution(handlers: object): void {
  SDK.register(SDK.getContributionId(), () => handlers);
}

export const service = <T>(id: string): Promise<T> => SDK.getService<T>(id);

/** Token of the signed-in user for Azure DevOps, limited to the manifest's scopes. Used once, never kept. */
export const accessToken = (): Promise<string> => SDK.getAccessToken();

/**
 * Token that names this extension and user. Servers may not issue one; the access token alone then decides, so a
 * refusal here is not the end.
 */
export async function appToken(): Promise<string | undefined> {
  try {
    return (await SDK.getAppToken()) || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Asks the host for the height that the content needs, within limits: without a cap the frame grows past the form and
 * the page gets a second scroll bar. What the content's own scrollers hide counts as needed, or a frame that was made
 * small for a card would never grow for a form.
 */
export function fitFrame(
  content: HTMLElement,
  limits: { minPx: number; maxPx: number; scrollers: string },
): () => void {
  let lastPx = 0;
  const fit = () => {
    let neededPx = content.scrollHeight;
    for (const scroller of content.querySelectorAll(limits.scrollers)) {
      neededPx += scroller.scrollHeight - scroller.clientHeight;
    }
    const heightPx = Math.ceil(Math.min(limits.maxPx, Math.max(limits.minPx, neededPx)));
    if (heightPx === lastPx) return;
    lastPx = heightPx;
    SDK.resize(undefined, heightPx);
  };
  const sizes = new ResizeObserver(fit);
  sizes.observe(content);
  // Inside a full frame the content keeps its size whatever is put into it.
  const changes = new MutationObserver(fit);
  changes.observe(content, { childList: true, subtree: true, characterData: true });
  return () => {
    sizes.disconnect();
    changes.disconnect();
  };
}
