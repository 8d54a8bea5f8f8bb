import { build } from './dom.ts';

export interface Toast {
  message: string;
  /** Milliseconds. */
  duration?: number;
  callToAction?: string;
  onCallToActionClick?: () => void;
  forceOverrideExisting?: boolean;
}

export interface Banner {
  message?: string;
  messageFormat?: string;
  level?: number;
  buttons?: { text: string; onClick?: () => void; href?: string }[];
}

const usualToastMs = 4000;

/** Toasts at the foot of the page and one banner at its head. */
export class Messages {
  readonly #toasts = build('div', { class: 'toasts', role: 'status' });
  readonly #banner = build('div', { class: 'banner', role: 'alert', hidden: true });

  attach(head: HTMLElement): void {
    head.append(this.#banner);
    document.body.append(this.#toasts);
  }

  toast({ message, duration, callToAction, onCallToActionClick, forceOverrideExisting }: Toast): void {
    if (forceOverrideExisting) this.#toasts.replaceChildren();
    const toast = build('div', { class: 'toast' }, build('span', {}, message));
    if (callToAction !== undefined) {
      toast.append(build('button', { type: 'button', onclick: () => onCallToActionClick?.() }, callToAction));
    }
    this.#toasts.append(toast);
    setTimeout(() => toast.remove(), duration ?? usualToastMs);
  }

  banner({ message, messageFormat, level, buttons }: Banner): void {
    this.#banner.dataset.level = String(level ?? 0);
    const actions = (buttons ?? []).map(({ text, onClick }) =>
      build('button', { type: 'button', onclick: () => onClick?.() }, text),
    );
    const close = build('button', { type: 'button', onclick: () => this.closeBanner() }, 'Dismiss');
    this.#banner.replaceChildren(build('span', {}, message ?? messageFormat ?? ''), ...actions, close);
    this.#banner.hidden = false;
  }

  closeBanner(): void {
    this.#banner.hidden = true;
  }
}
