import { onWorkItemChange } from '../changes.ts';
import { build } from '../dom.ts';
import { report, textOf } from '../frame.ts';
import type { HostPage } from '../host-page.ts';
import { keptQuery } from '../settings.ts';
import { Discussion } from './discussion.ts';
import { ExtensionParts, runMenuAction } from './extension-parts.ts';
import { FieldsView } from './fields-view.ts';
import { type FormEvent, WorkItemForm } from './form.ts';
import { Links } from './links.ts';

/** A work item form with everything that the extension adds to it. */
export class WorkItemPage {
  readonly #page: HostPage;
  readonly #root: HTMLElement;
  readonly #fields = new FieldsView();
  readonly #discussion = new Discussion();
  readonly #links = new Links();
  readonly #parts: ExtensionParts;
  readonly #save = build(
    'button',
    { type: 'button', class: 'primary', id: 'save', disabled: true, onclick: () => void this.#onSave() },
    'Save',
  );
  readonly #undo = build(
    'button',
    { type: 'button', id: 'undo', disabled: true, onclick: () => this.#page.form?.reset() },
    'Undo',
  );
  readonly #notice = build('p', { class: 'problem', role: 'alert', id: 'form-problem', hidden: true });
  readonly #number = build('span', { class: 'number', id: 'work-item-number' });
  readonly #tabs = build('div', { class: 'tabs', role: 'tablist' });
  readonly #details = build('div', { class: 'form-columns', id: 'details' });
  readonly #hidden = build('div', { hidden: true });
  readonly #form = build('article', { class: 'form' });
  readonly #tabsToOpen: ((form: WorkItemForm) => void)[] = [];
  /** Newest revision that was told, by work item. */
  readonly #newest = new Map<number, number>();
  /** Revisions may have been told while nobody listened. */
  #mayHaveMissed = false;
  #catchingUp = false;
  /** Openings so far, and the newest that is shown. */
  #openings = 0;
  #shown = 0;

  constructor(page: HostPage, root: HTMLElement) {
    this.#page = page;
    this.#root = root;
    const groups = build('div', { class: 'groups' });
    this.#details.append(
      build('div', { class: 'column main' }, this.#fields.long, this.#discussion.element),
      build('div', { class: 'column side' }, groups, this.#fields.side, this.#links.element),
    );
    const bar = build('div', { class: 'form-bar' }, this.#number, this.#save, this.#undo, this.#menuButton());
    this.#form.append(
      build('div', { class: 'form-head' }, bar, this.#fields.title, this.#fields.head, this.#notice),
      this.#tabs,
      this.#details,
    );
    this.#root.replaceChildren(this.#form, this.#hidden);
    this.#parts = new ExtensionParts(page, { groups, hidden: this.#hidden });
    this.#buildTabs();
    onWorkItemChange(
      ({ id, rev }) => void this.#follow(id, rev),
      () => {
        this.#mayHaveMissed = true;
        void this.#catchUp();
      },
    );
    // Moving on in a list shows the next work item in the same frames; tests do it without a list.
    window.addEventListener('sandbox:open', (event) => {
      this.open({ id: (event as CustomEvent<number>).detail }).catch(report);
    });
    window.addEventListener('pagehide', () => this.#page.form?.close());
  }

  /** Shows a work item in the same frames, as the real page does when one moves on in a list. */
  async open(target: { id: number } | { type: string }): Promise<void> {
    this.#page.form?.close();
    this.#page.form = undefined;
    const opening = ++this.#openings;
    const form =
      'id' in target
        ? await WorkItemForm.open(this.#page, target.id)
        : await WorkItemForm.create(this.#page, target.type);
    // The answer for one that was opened later may have overtaken this one.
    if (opening < this.#shown) return;
    this.#shown = opening;
    this.#page.form = form;
    form.listen((event) => this.#on(form, event));
    form.announceLoaded();
    for (const openTab of this.#tabsToOpen.splice(0)) openTab(form);
    void this.#catchUp();
  }

  #on(form: WorkItemForm, event: FormEvent): void {
    this.#parts.announce(form, event);
    if (event.kind === 'unloaded') return;
    this.#fields.show(form);
    if (event.kind !== 'changed') {
      this.#links.show(form);
      this.#discussion.show(form).catch(report);
      this.#say(undefined);
    }
    if (form.problem !== undefined) this.#say(form.problem);
    this.#form.style.setProperty('--type-color', form.type.color);
    this.#number.textContent = form.isNew ? `New ${form.type.name}` : `${form.type.name} ${form.id}`;
    this.#form.dataset.rev = String(form.rev);
    this.#save.disabled = !form.isDirty || form.isReadOnly || form.problem !== undefined;
    this.#undo.disabled = !form.isDirty;
    document.title = `${this.#number.textContent}: ${form.value('System.Title')}`;
    if (event.kind === 'loaded' && !form.isNew) {
      history.replaceState(
        null,
        '',
        this.#page.path('_workitems', 'edit', form.id) + keptQuery() + location.hash,
      );
    }
  }

  async #onSave(): Promise<void> {
    this.#save.disabled = true;
    try {
      await this.#page.form?.save();
    } catch (problem) {
      this.#say(textOf(problem));
      this.#save.disabled = false;
    }
  }

  /** Somebody else, often Tandem, changed the work item: shown at once unless that would cost the person's edits. */
  async #follow(id: number, rev: number): Promise<void> {
    if (rev > (this.#newest.get(id) ?? 0)) this.#newest.set(id, rev);
    await this.#catchUp();
  }

  /**
   * Reads until the form shows the newest revision that was told: one may be told while the form is still being opened,
   * or while an earlier one is being read.
   */
  async #catchUp(): Promise<void> {
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    try {
      for (;;) {
        const form = this.#page.form;
        if (form === undefined) break;
        if (!this.#mayHaveMissed && form.rev >= (this.#newest.get(form.id) ?? 0)) break;
        this.#mayHaveMissed = false;
        const before = form.rev;
        if (form.isDirty) await this.#discussion.show(form);
        else await form.follow();
        if (form.rev === before && form === this.#page.form && !this.#mayHaveMissed) break;
      }
    } catch (problem) {
      this.#say(textOf(problem));
    } finally {
      this.#catchingUp = false;
    }
  }

  #say(problem: string | undefined): void {
    this.#notice.textContent = problem ?? '';
    this.#notice.hidden = problem === undefined;
  }

  #buildTabs(): void {
    const pages = new Map<HTMLElement, HTMLElement>();
    const tab = (name: string, page: HTMLElement, open?: () => void) => {
      const button = build('button', { type: 'button', role: 'tab', 'aria-selected': 'false' }, name);
      button.addEventListener('click', () => {
        for (const [other, content] of pages) {
          content.hidden = other !== button;
          other.setAttribute('aria-selected', String(other === button));
        }
        open?.();
      });
      pages.set(button, page);
      this.#tabs.append(button);
      return button;
    };
    const details = tab('Details', this.#details);
    for (const contribution of this.#parts.pages()) {
      const place = build('div', { class: 'page-frame', hidden: true });
      this.#form.append(place);
      let isOpen = false;
      tab(contribution.properties.name ?? contribution.id, place, () => {
        if (isOpen) return;
        isOpen = true;
        const openTab = (form: WorkItemForm) => this.#parts.openPage(contribution, place, form);
        // Pressed before the work item is there: the tab fills as soon as it is.
        if (this.#page.form === undefined) this.#tabsToOpen.push(openTab);
        else openTab(this.#page.form);
      });
    }
    details.click();
  }

  #menuButton(): HTMLElement {
    const list = build('div', { class: 'menu', role: 'menu' });
    const details = build(
      'details',
      { class: 'menu-holder' },
      build('summary', { 'aria-label': 'More actions' }, '…'),
      list,
    );
    for (const contribution of this.#page.contributions(
      'ms.vss-web.action',
      'ms.vss-work-web.work-item-context-menu',
    )) {
      const entry = build(
        'button',
        { type: 'button', role: 'menuitem', title: contribution.properties.title },
        contribution.properties.text,
      );
      entry.addEventListener('click', () => {
        details.open = false;
        const { form } = this.#page;
        if (form === undefined) return this.#say('The work item is still being opened.');
        const { id } = form;
        const context = { id, workItemId: id, workItemDirty: form.isDirty };
        runMenuAction(this.#page, contribution, context, this.#hidden).catch((problem) =>
          this.#say(textOf(problem)),
        );
      });
      list.append(entry);
    }
    return details;
  }
}
