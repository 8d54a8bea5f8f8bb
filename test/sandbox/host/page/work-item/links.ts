import { build } from '../dom.ts';
import { textOf } from '../frame.ts';
import type { Relation, WorkItemForm } from './form.ts';

/** Related records and files of the work item, and a way to add a file. */
export class Links {
  readonly element = build('section', { class: 'group links' });
  readonly #list = build('ul', {});
  readonly #notice = build('p', { class: 'problem', role: 'alert', hidden: true });
  /** Not offered before there is a work item: a file chosen too early would go nowhere. */
  readonly #upload = build('label', { class: 'upload', hidden: true });
  #form: WorkItemForm | undefined;

  constructor() {
    const input = build('input', { type: 'file', onchange: () => void this.#add(input) });
    this.#upload.append('Attach a file', input);
    this.element.append(build('h3', {}, 'Links and files'), this.#list, this.#notice, this.#upload);
  }

  show(form: WorkItemForm): void {
    this.#form = form;
    this.#upload.hidden = form.isNew || form.isReadOnly;
    const rows = form.relations.map((relation) => rowOf(form, relation));
    this.#list.replaceChildren(...(rows.length > 0 ? rows : [build('li', { class: 'quiet' }, 'None')]));
  }

  async #add(input: HTMLInputElement): Promise<void> {
    const form = this.#form;
    const file = input.files?.[0];
    input.value = '';
    if (form === undefined || file === undefined) return;
    this.#notice.hidden = true;
    try {
      const { organization, user, project } = form.page.data;
      const name = encodeURIComponent(file.name);
      const stored = await fetch(
        `${organization.apiUrl}/${encodeURIComponent(project.name)}/_apis/wit/attachments?fileName=${name}&api-version=7.1`,
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${user.accessToken}`,
            'content-type': 'application/octet-stream',
            'x-sandbox-page': '1',
          },
          body: file,
        },
      );
      if (!stored.ok) throw new Error(`The file was refused (${stored.status}).`);
      const { url } = (await stored.json()) as { url: string };
      const value = { rel: 'AttachedFile', url, attributes: { name: file.name } };
      await form.changeRelations([{ op: 'add', path: '/relations/-', value }]);
    } catch (problem) {
      this.#notice.textContent = textOf(problem);
      this.#notice.hidden = false;
    }
  }
}

function rowOf(form: WorkItemForm, { rel, url, attributes = {} }: Relation): HTMLElement {
  const { path } = form.page;
  const workItemId = /workItems\/(\d+)$/i.exec(url)?.[1];
  if (workItemId !== undefined) {
    const kind = rel.endsWith('Reverse') ? 'Parent' : rel.endsWith('Forward') ? 'Child' : 'Related';
    const href = path.call(form.page, '_workitems', 'edit', workItemId);
    return build('li', { 'data-rel': rel }, `${kind} `, build('a', { href }, `#${workItemId}`));
  }
  if (rel === 'AttachedFile') return build('li', { 'data-rel': rel }, `File ${attributes.name ?? url}`);
  const label = attributes.comment || url;
  const isWeb = /^https?:/i.test(url);
  return build(
    'li',
    { 'data-rel': rel },
    isWeb ? build('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, label) : label,
  );
}
