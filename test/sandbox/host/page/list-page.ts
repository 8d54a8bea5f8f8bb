import { onWorkItemChange } from './changes.ts';
import { build } from './dom.ts';
import { report, textOf } from './frame.ts';
import type { HostPage } from './host-page.ts';
import { keptQuery } from './settings.ts';
import { runMenuAction } from './work-item/extension-parts.ts';

interface Row {
  id: number;
  fields: Record<string, unknown>;
}

const columns = [
  'System.Id',
  'System.WorkItemType',
  'System.Title',
  'System.State',
  'System.AssignedTo',
  'System.Tags',
];
/** Answers of the batch route end at 200; the sandbox is far below. */
const maxRows = 200;

/** The result of a query over all open work items: rows to choose, and the extension's entries for those chosen. */
export class ListPage {
  readonly #page: HostPage;
  readonly #body = build('tbody', {});
  readonly #hidden = build('div', { hidden: true });
  readonly #notice = build('p', { class: 'problem', role: 'alert', hidden: true });
  readonly #chosen = new Set<number>();
  readonly #actions = build('div', { class: 'list-actions' });
  readonly #rows = new Map<number, HTMLTableRowElement>();
  #turn = 0;

  constructor(page: HostPage, root: HTMLElement, title: string) {
    this.#page = page;
    const types = ['Bug', 'User Story', 'Task'].map((type) =>
      build(
        'a',
        { class: 'button', href: page.path('_workitems', 'create', type) + keptQuery() },
        `New ${type}`,
      ),
    );
    const head = build(
      'tr',
      {},
      ['', 'ID', 'Type', 'Title', 'State', 'Assigned to', 'Tags'].map((name) =>
        build('th', { scope: 'col' }, name),
      ),
    );
    root.replaceChildren(
      build(
        'div',
        { class: 'page-head' },
        build('h1', {}, title),
        build('div', { class: 'list-actions' }, types),
      ),
      this.#actions,
      this.#notice,
      build(
        'div',
        { class: 'table-holder' },
        build('table', { id: 'results' }, build('thead', {}, head), this.#body),
      ),
      this.#hidden,
    );
    document.title = title;
    for (const contribution of page.contributions(
      'ms.vss-web.action',
      'ms.vss-work-web.query-result-work-item-menu',
    )) {
      const button = build(
        'button',
        { type: 'button', title: contribution.properties.title },
        contribution.properties.text,
      );
      button.addEventListener('click', () => {
        const ids = [...this.#chosen];
        const context = { ids, workItemIds: ids, id: ids[0] };
        runMenuAction(page, contribution, context, this.#hidden).catch((problem) =>
          this.#say(textOf(problem)),
        );
      });
      this.#actions.append(button);
    }
    this.#showChoice();
    const load = () => void this.load().catch(report);
    // What changed between the first reading and the connection was told to nobody.
    onWorkItemChange(load, load);
  }

  async load(): Promise<void> {
    const { project } = this.#page.data;
    const turn = ++this.#turn;
    try {
      const { workItems } = await this.#page.rest<{ workItems: { id: number }[] }>(
        'POST',
        `${encodeURIComponent(project.name)}/_apis/wit/wiql`,
        {
          query: `SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = '${project.name}' ORDER BY [System.Id]`,
        },
      );
      const ids = workItems.slice(-maxRows).map(({ id }) => id);
      const { value } = await this.#page.rest<{ value: Row[] }>('POST', '_apis/wit/workitemsbatch', {
        ids,
        fields: columns,
      });
      // A later answer may have overtaken this one.
      if (turn === this.#turn) this.#show(value);
    } catch (problem) {
      this.#say(textOf(problem));
    }
  }

  /** Rows that are there already stay, with their boxes: whoever presses one must not find it replaced. */
  #show(rows: Row[]): void {
    const ids = new Set(rows.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    for (const [at, { id, fields }] of rows.entries()) {
      const row = this.#rows.get(id) ?? this.#newRow(id);
      this.#rows.set(id, row);
      while (row.cells.length > 1) row.deleteCell(1);
      row.append(...this.#cells(id, fields));
      const there = this.#body.rows[at];
      if (there !== row) this.#body.insertBefore(row, there ?? null);
    }
  }

  #newRow(id: number): HTMLTableRowElement {
    const box = build('input', { type: 'checkbox', 'aria-label': `Choose work item ${id}` });
    box.checked = this.#chosen.has(id);
    box.addEventListener('change', () => {
      if (box.checked) this.#chosen.add(id);
      else this.#chosen.delete(id);
      this.#showChoice();
    });
    return build('tr', { 'data-work-item': id }, build('td', {}, box));
  }

  #cells(id: number, fields: Row['fields']): HTMLElement[] {
    const link = build(
      'a',
      { href: this.#page.path('_workitems', 'edit', id) + keptQuery() },
      String(fields['System.Title'] ?? ''),
    );
    const assignee = fields['System.AssignedTo'] as { displayName?: string } | undefined;
    const cells = [
      id,
      String(fields['System.WorkItemType']),
      link,
      String(fields['System.State']),
      assignee?.displayName ?? '',
      String(fields['System.Tags'] ?? ''),
    ];
    return cells.map((cell) => build('td', {}, cell));
  }

  #showChoice(): void {
    for (const button of this.#actions.querySelectorAll('button')) button.disabled = this.#chosen.size === 0;
  }

  #say(problem: string): void {
    this.#notice.textContent = problem;
    this.#notice.hidden = false;
  }
}
