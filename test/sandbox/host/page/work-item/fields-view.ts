import { build } from '../dom.ts';
import type { WorkItemForm } from './form.ts';
import { safeFragment } from './safe-html.ts';

type Input = HTMLInputElement | HTMLSelectElement;

const people = 'System.AssignedTo';
const sideFields = [
  'Microsoft.VSTS.Common.Priority',
  'Microsoft.VSTS.Common.Severity',
  'System.AreaPath',
  'System.IterationPath',
  'System.Tags',
  'Custom.TicketNumber',
];
const longFields = ['Microsoft.VSTS.TCM.ReproSteps', 'System.Description'];

/** The fields of the form: inputs that write through to the form and follow it. */
export class FieldsView {
  readonly title = build('input', { class: 'title', 'aria-label': 'Title', 'data-field': 'System.Title' });
  readonly head = build('div', { class: 'head-fields' });
  readonly side = build('section', { class: 'group' });
  readonly long = build('section', { class: 'group' });
  #form: WorkItemForm | undefined;
  #shownType = '';
  /** By field, how to show its value. */
  readonly #show = new Map<string, () => void>();

  constructor() {
    this.title.addEventListener('input', () => this.#form?.set('System.Title', this.title.value));
  }

  show(form: WorkItemForm): void {
    this.#form = form;
    if (this.#shownType !== form.type.name) this.#build(form);
    this.title.disabled = form.isReadOnly;
    for (const show of this.#show.values()) show();
  }

  #build(form: WorkItemForm): void {
    this.#shownType = form.type.name;
    this.#show.clear();
    this.#show.set('System.Title', () =>
      setUnlessTyping(this.title, String(this.#value('System.Title') ?? '')),
    );
    this.head.replaceChildren(
      this.#labelled(
        'Assigned to',
        this.#choice(people, () => this.#people()),
      ),
      this.#labelled(
        'State',
        this.#choice('System.State', () => this.#states()),
      ),
    );
    const has = (name: string) => form.field(name) !== undefined;
    this.side.replaceChildren(
      build('h3', {}, 'Details'),
      ...sideFields
        .filter(has)
        .map((name) => this.#labelled(form.field(name)?.name ?? name, this.#input(form, name))),
    );
    this.long.replaceChildren(
      ...longFields
        .filter(has)
        .flatMap((name) => [build('h3', {}, form.field(name)?.name ?? name), this.#rich(name)]),
    );
  }

  #value(name: string): unknown {
    return this.#form?.value(name);
  }

  #labelled(label: string, input: HTMLElement): HTMLElement {
    return build('label', { class: 'field' }, build('span', {}, label), input);
  }

  #input(form: WorkItemForm, name: string): HTMLElement {
    const allowed = form.field(name)?.allowedValues ?? [];
    if (allowed.length > 0)
      return this.#choice(name, () => ['', ...allowed.map(String)].map((value) => [value, value || 'None']));
    const input = build('input', { 'data-field': name });
    input.addEventListener('change', () => this.#form?.set(name, input.value));
    this.#show.set(name, () => {
      setUnlessTyping(input, String(this.#value(name) ?? ''));
      input.disabled = this.#form?.isReadOnly ?? true;
    });
    return input;
  }

  #choice(name: string, options: () => string[][]): HTMLSelectElement {
    const select = build('select', { 'data-field': name });
    select.addEventListener('change', () => {
      const known = this.#form?.original[name];
      this.#form?.set(name, typeof known === 'number' ? Number(select.value) : select.value);
    });
    this.#show.set(name, () => {
      const value = keyOf(this.#value(name));
      const shown = options();
      if (!shown.some(([key]) => key === value)) shown.push([value, labelOf(this.#value(name))]);
      select.replaceChildren(
        ...shown.map(([key, label]) => build('option', { value: key, selected: key === value }, label)),
      );
      select.value = value;
      select.disabled = this.#form?.isReadOnly ?? true;
      if (name === 'System.State') select.dataset.category = this.#category(value);
    });
    return select;
  }

  #category(state: string): string {
    return this.#form?.type.states.find(({ name }) => name === state)?.category ?? '';
  }

  #states(): string[][] {
    return (this.#form?.allowedStates() ?? []).map((state) => [state, state]);
  }

  #people(): string[][] {
    const members = this.#form?.page.data.users.filter(({ role }) => role !== 'none') ?? [];
    return [['', 'Unassigned'], ...members.map(({ uniqueName, displayName }) => [uniqueName, displayName])];
  }

  /** Rich text: edited in place; what leaves is the browser's own markup, as from the real editor. */
  #rich(name: string): HTMLElement {
    const box = build('div', {
      class: 'rich',
      role: 'textbox',
      'aria-multiline': 'true',
      'aria-label': name,
      'data-field': name,
    });
    box.addEventListener('input', () => this.#form?.set(name, box.innerHTML));
    this.#show.set(name, () => {
      box.contentEditable = this.#form?.isReadOnly ? 'false' : 'true';
      if (document.activeElement === box) return;
      box.replaceChildren(safeFragment(String(this.#value(name) ?? '')));
    });
    return box;
  }
}

/** A value that arrives must not move the cursor of somebody who types. */
function setUnlessTyping(input: Input, value: string): void {
  if (input.value !== value) input.value = value;
}

const keyOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'uniqueName' in value
    ? String(value.uniqueName)
    : String(value ?? '');

const labelOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'displayName' in value
    ? String(value.displayName)
    : String(value ?? '');
