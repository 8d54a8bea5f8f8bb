import { build } from './dom.ts';
import { ContributionFrame } from './frame.ts';
import type { HostPage } from './host-page.ts';

export interface DialogOptions {
  title?: string;
  configuration?: Record<string, unknown>;
  lightDismiss?: boolean;
  onClose?: (result?: unknown) => void;
}

export interface PanelOptions extends DialogOptions {
  description?: string;
  /** 0 small, 1 medium, 2 large. */
  size?: number;
}

export interface MessageOptions {
  title?: string;
  showCancel?: boolean;
  okText?: string;
  cancelText?: string;
  onClose?: (confirmed: boolean) => void;
}

const panelWidthsPx = [340, 592, 940];
/** The real dialog opens in one size and follows `resize`; extensions cannot choose it. */
const dialogHeightPx = 420;

/** Dialogs and panels whose body is a contribution, and plain questions. */
export class Overlays {
  readonly #page: HostPage;

  constructor(page: HostPage) {
    this.#page = page;
  }

  dialog(contributionId: string, options: DialogOptions = {}): void {
    this.#open('dialog', contributionId, options, dialogHeightPx);
  }

  panel(contributionId: string, options: PanelOptions = {}): void {
    const width = panelWidthsPx[options.size ?? 0] ?? panelWidthsPx[0];
    const box = this.#open('panel', contributionId, options, undefined);
    box.style.inlineSize = `min(100vw, ${width}px)`;
  }

  ask(message: string, options: MessageOptions = {}): void {
    const box = build('dialog', { class: 'overlay message' });
    const answer = (confirmed: boolean) => {
      box.close();
      box.remove();
      options.onClose?.(confirmed);
    };
    const buttons = [
      build(
        'button',
        { type: 'button', class: 'primary', onclick: () => answer(true) },
        options.okText ?? 'OK',
      ),
    ];
    if (options.showCancel !== false) {
      buttons.push(
        build('button', { type: 'button', onclick: () => answer(false) }, options.cancelText ?? 'Cancel'),
      );
    }
    box.append(
      build('h2', {}, options.title ?? ''),
      build('p', {}, message),
      build('div', { class: 'buttons' }, buttons),
    );
    box.addEventListener('cancel', () => answer(false));
    document.body.append(box);
    box.showModal();
  }

  #open(
    kind: 'dialog' | 'panel',
    contributionId: string,
    options: DialogOptions,
    heightPx: number | undefined,
  ) {
    const contribution = this.#page.contribution(contributionId);
    const body = build('div', { class: 'overlay-body' });
    const title = options.title ?? contribution.properties.name ?? '';
    const box = build(
      'dialog',
      { class: `overlay ${kind}`, 'aria-label': title },
      build(
        'header',
        {},
        build('h2', {}, title),
        build(
          'button',
          { type: 'button', class: 'plain', 'aria-label': 'Close', onclick: () => close() },
          '✕',
        ),
      ),
      body,
    );
    document.body.append(box);
    // Several may be open at once, the newest on top, as on the real page.
    box.showModal();
    const close = (result?: unknown) => {
      this.#page.frames.delete(frame);
      frame.close();
      box.close();
      box.remove();
      options.onClose?.(result);
    };
    const frame = new ContributionFrame(this.#page, contribution, body, {
      configuration: { ...options.configuration, [kind]: { close } },
      ...(heightPx !== undefined && { heightPx }),
    });
    this.#page.frames.add(frame);
    box.addEventListener('cancel', () => close());
    if (options.lightDismiss !== false) {
      box.addEventListener('click', (event) => {
        if (event.target === box) close();
      });
    }
    return box;
  }
}
