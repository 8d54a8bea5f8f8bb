import type { HostPage } from '../host-page.ts';
import { ServiceError } from '../rest.ts';
import { type FieldInfo, readTypeInfo, type TypeInfo } from './type-info.ts';

export type FieldValue = unknown;
export type Fields = Record<string, FieldValue>;

export interface Relation {
  rel: string;
  url: string;
  attributes?: { comment?: string; name?: string; id?: number; resourceSize?: number };
}

interface WorkItemAnswer {
  id: number;
  rev: number;
  fields: Fields;
  relations?: Relation[];
}

export type FormEvent =
  | { kind: 'loaded' | 'saved' | 'refreshed' | 'reset' | 'unloaded' | 'error' | 'relations' }
  | { kind: 'changed'; changedFields: Fields };

/** The work item on the page: what the service has, what the person changed, and saving it. */
export class WorkItemForm {
  readonly page: HostPage;
  type: TypeInfo;
  id: number;
  rev: number;
  original: Fields;
  changed: Fields = {};
  relations: Relation[];
  /** Set by an extension; blocks saving. */
  problem: string | undefined;
  readonly #listeners = new Set<(event: FormEvent) => void>();

  private constructor(page: HostPage, type: TypeInfo, workItem: WorkItemAnswer) {
    this.page = page;
    this.type = type;
    this.id = workItem.id;
    this.rev = workItem.rev;
    this.original = workItem.fields;
    this.relations = workItem.relations ?? [];
  }

  /** @throws ServiceError when the work item is not there or hidden. */
  static async open(page: HostPage, id: number): Promise<WorkItemForm> {
    const workItem = await readWorkItem(page, id);
    const type = await readTypeInfo(page, String(workItem.fields['System.WorkItemType']));
    return new WorkItemForm(page, type, workItem);
  }

  static async create(page: HostPage, typeName: string): Promise<WorkItemForm> {
    const { project } = page.data;
    const type = await readTypeInfo(page, typeName);
    return new WorkItemForm(page, type, {
      id: 0,
      rev: 0,
      fields: {
        'System.WorkItemType': type.name,
        'System.TeamProject': project.name,
        'System.State': type.transitions['']?.[0]?.to ?? type.states[0]?.name,
        'System.AreaPath': project.name,
        'System.IterationPath': project.name,
        'System.Title': '',
      },
    });
  }

  get isNew(): boolean {
    return this.id === 0;
  }

  get isDirty(): boolean {
    return Object.keys(this.changed).length > 0;
  }

  get isReadOnly(): boolean {
    return !['administrator', 'contributor'].includes(this.page.data.user.role);
  }

  listen(listener: (event: FormEvent) => void): void {
    this.#listeners.add(listener);
  }

  value(name: string, options: { returnOriginalValue?: boolean } = {}): FieldValue {
    if (name === 'System.Id') return this.id;
    if (name === 'System.Rev') return this.rev;
    return options.returnOriginalValue || !(name in this.changed) ? this.original[name] : this.changed[name];
  }

  set(name: string, value: FieldValue): boolean {
    const field = this.field(name);
    if (field === undefined || this.isReadOnly) return false;
    const known = this.original[field.referenceName];
    if (same(known, value)) delete this.changed[field.referenceName];
    else this.changed[field.referenceName] = value;
    this.#tell({ kind: 'changed', changedFields: { [field.referenceName]: value } });
    return true;
  }

  field(name: string): FieldInfo | undefined {
    return this.type.fields.find(({ referenceName }) => referenceName.toLowerCase() === name.toLowerCase());
  }

  /** States that may follow the one that is saved, and itself. */
  allowedStates(): string[] {
    const state = String(this.original['System.State'] ?? '');
    const from = this.isNew ? '' : state;
    return [...new Set([state, ...(this.type.transitions[from] ?? []).map(({ to }) => to)])];
  }

  setError(problem: string | undefined): void {
    this.problem = problem;
    this.#tell({ kind: 'error' });
  }

  /** @throws ServiceError with the service's own words; Error when a field that both changed stands in the way. */
  async save(): Promise<void> {
    if (this.problem !== undefined) throw new Error(this.problem);
    if (this.isNew) {
      await this.#create();
      return;
    }
    const operations = Object.entries(this.changed).map(([name, value]) => patchOf(name, value));
    try {
      this.#take(await this.#patch([{ op: 'test', path: '/rev', value: this.rev }, ...operations]));
    } catch (error) {
      if (!(error instanceof ServiceError) || ![409, 412].includes(error.status)) throw error;
      await this.#saveOverChange(operations);
    }
    this.changed = {};
    this.#tell({ kind: 'saved' });
  }

  async refresh(): Promise<void> {
    if (this.isNew) return;
    this.#take(await readWorkItem(this.page, this.id));
    this.#tell({ kind: 'refreshed' });
  }

  /** As `refresh`, but silent when the form shows the present revision already. */
  async follow(): Promise<void> {
    if (this.isNew) return;
    const now = await readWorkItem(this.page, this.id);
    if (now.rev === this.rev) return;
    this.#take(now);
    this.#tell({ kind: 'refreshed' });
  }

  reset(): void {
    this.changed = {};
    this.problem = undefined;
    this.#tell({ kind: 'reset' });
  }

  async changeRelations(operations: unknown[]): Promise<void> {
    this.#take(await this.#patch(operations));
    this.#tell({ kind: 'relations' });
  }

  close(): void {
    this.#tell({ kind: 'unloaded' });
    this.#listeners.clear();
  }

  announceLoaded(): void {
    this.#tell({ kind: 'loaded' });
  }

  /** The first save of a new work item is announced as a loading, as the real form does. */
  async #create(): Promise<void> {
    const { project } = this.page.data;
    const values = { ...this.original, ...this.changed };
    const skipped = ['System.WorkItemType', 'System.TeamProject'];
    const operations = Object.entries(values)
      .filter(([name, value]) => !skipped.includes(name) && value !== undefined && value !== '')
      .map(([name, value]) => patchOf(name, value));
    const path = `${encodeURIComponent(project.name)}/_apis/wit/workitems/$${encodeURIComponent(this.type.name)}`;
    this.#take(await this.page.rest<WorkItemAnswer>('POST', path, operations));
    this.changed = {};
    this.#tell({ kind: 'loaded' });
  }

  /** Somebody else saved in between: their changes stay, unless both changed the same field. */
  async #saveOverChange(operations: unknown[]): Promise<void> {
    const now = await readWorkItem(this.page, this.id);
    const contested = Object.keys(this.changed).filter(
      (name) => !same(now.fields[name], this.original[name]),
    );
    if (contested.length > 0) {
      const names = contested.map((name) => this.field(name)?.name ?? name).join(', ');
      throw new Error(
        `Somebody else changed ${names} since you opened this work item. Undo your change to see it.`,
      );
    }
    this.#take(await this.#patch([{ op: 'test', path: '/rev', value: now.rev }, ...operations]));
  }

  #patch(operations: unknown[]): Promise<WorkItemAnswer> {
    return this.page.rest('PATCH', `_apis/wit/workitems/${this.id}?$expand=relations`, operations);
  }

  #take(workItem: WorkItemAnswer): void {
    this.id = workItem.id;
    this.rev = workItem.rev;
    this.original = workItem.fields;
    // A patch answers without relations unless asked.
    this.relations = workItem.relations ?? [];
  }

  #tell(event: FormEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

const readWorkItem = (page: HostPage, id: number) =>
  page.rest<WorkItemAnswer>('GET', `_apis/wit/workitems/${id}?$expand=relations`);

const patchOf = (name: string, value: FieldValue) =>
  value === '' || value === undefined || value === null
    ? { op: 'remove', path: `/fields/${name}` }
    : { op: 'add', path: `/fields/${name}`, value: plainOf(value) };

/** Identities are written as their address. */
const plainOf = (value: FieldValue): FieldValue =>
  typeof value === 'object' && value !== null && 'uniqueName' in value ? value.uniqueName : value;

const same = (one: FieldValue, other: FieldValue) =>
  String(plainOf(one) ?? '') === String(plainOf(other) ?? '');
