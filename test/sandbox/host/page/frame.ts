import type { Contribution } from '../page-data.ts';
import { Channel } from './channel.ts';
import { build } from './dom.ts';
import type { HostPage } from './host-page.ts';
import { handshakeOf } from './page-context.ts';
import { themeOf } from './theme.ts';

export interface FrameOptions {
  configuration?: Record<string, unknown>;
  /** First height; without one the frame fills its place. */
  heightPx?: number;
  /** Observers and menus work without being seen. */
  isHidden?: boolean;
}

/** The service says "taking longer than expected" after so long; the real page waits about as long. */
const slowAfterMs = 10_000;
const registeredWithinMs = 10_000;

/** One contribution of the extension in its iframe on the extension's own origin, and the talk with it. */
export class ContributionFrame {
  readonly element: HTMLElement;
  readonly contribution: Contribution;
  readonly #page: HostPage;
  readonly #channel: Channel;
  #loaded!: () => void;
  readonly loaded = new Promise<void>((resolve) => {
    this.#loaded = resolve;
  });

  /** The frame starts to load at once; `place` must be in the document, because a frame outside has no window. */
  constructor(page: HostPage, contribution: Contribution, place: HTMLElement, options: FrameOptions = {}) {
    this.#page = page;
    this.contribution = contribution;
    const { baseUrl } = page.data.extension;
    const isSandboxed = page.settings.frames === 'sandboxed';
    const frame = build('iframe', {
      src: `${baseUrl}/${contribution.properties.uri}`,
      title: contribution.properties.name ?? contribution.properties.title ?? contribution.id,
      'data-contribution': contribution.id,
      // Without allow-same-origin, as on premises: the page's origin is then the word "null".
      sandbox: isSandboxed ? 'allow-scripts allow-forms allow-popups' : undefined,
    });
    const status = build('div', { class: 'frame-status', role: 'status' }, 'Loading…');
    this.element = build('div', { class: 'frame' }, frame, status);
    this.element.hidden = options.isHidden ?? false;
    if (options.heightPx !== undefined) frame.style.height = `${options.heightPx}px`;
    place.append(this.element);
    const slow = setTimeout(() => {
      status.textContent = 'The extension is taking longer than expected to load.';
    }, slowAfterMs);
    const finish = (problem?: unknown) => {
      clearTimeout(slow);
      status.textContent = problem === undefined ? '' : `The extension failed to load: ${textOf(problem)}`;
      status.hidden = problem === undefined;
      this.#loaded();
    };
    const objects = new Map<string, object>([
      ['DevOps.HostControl', this.#hostControl(frame, options, finish)],
      ['DevOps.ServiceManager', { getService: (id: unknown) => page.service(String(id), this) }],
    ]);
    const target = frame.contentWindow;
    if (target === null) throw new Error('the frame has no window');
    this.#channel = new Channel(target, isSandboxed ? 'null' : new URL(baseUrl).origin, objects);
  }

  /** Calls what the page registered, and waits for it to be registered: that happens after the handshake. */
  async invoke(method: string, ...params: unknown[]): Promise<unknown> {
    await this.loaded;
    const id = this.contribution.properties.registeredObjectId ?? this.contribution.id;
    const deadlineMs = Date.now() + registeredWithinMs;
    for (;;) {
      try {
        return await this.#channel.invoke(id, method, params);
      } catch (error) {
        const isMissing = textOf(error).includes('could not be found');
        if (!isMissing || Date.now() > deadlineMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  changeTheme(): void {
    const detail = { data: themeOf(this.#page.settings.theme) };
    this.#channel.invoke('DevOps.SdkClient', 'dispatchEvent', ['themeChanged', { detail }]).catch(report);
  }

  close(): void {
    this.#channel.close();
    this.element.remove();
  }

  #hostControl(frame: HTMLIFrameElement, options: FrameOptions, finish: (problem?: unknown) => void) {
    const { data, settings } = this.#page;
    return {
      initialHandshake: (wish: { loaded?: boolean } = {}) => {
        if (wish.loaded !== false) finish();
        return handshakeOf(data, settings, this.contribution, options.configuration ?? {});
      },
      notifyLoadSucceeded: () => finish(),
      notifyLoadFailed: (problem: unknown) => finish(problem ?? 'no reason given'),
      getAccessToken: () => ({ token: data.user.accessToken }),
      getAppToken: () => this.#page.appToken(),
      resize: (_widthPx: unknown, heightPx: unknown) => {
        // The real page logs nothing; here the log shows frames that never settle.
        this.element.dataset.resizes = String(Number(this.element.dataset.resizes ?? 0) + 1);
        if (typeof heightPx === 'number' && options.heightPx !== undefined)
          frame.style.height = `${heightPx}px`;
      },
    };
  }
}

export const textOf = (problem: unknown): string =>
  typeof problem === 'object' && problem !== null && 'message' in problem
    ? String(problem.message)
    : String(problem);

/** For calls that nobody waits for. */
export const report = (problem: unknown): void => console.warn(`host: ${textOf(problem)}`);
