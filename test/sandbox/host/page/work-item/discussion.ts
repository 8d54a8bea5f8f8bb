import { build } from '../dom.ts';
import { textOf } from '../frame.ts';
import type { WorkItemForm } from './form.ts';
import { safeFragment } from './safe-html.ts';

interface Comment {
  id: number;
  text: string;
  renderedText?: string;
  createdBy: { displayName: string };
  createdDate: string;
}

const version = 'api-version=7.1-preview.4';

/** The discussion below the form: newest first, as the service shows it. */
export class Discussion {
  /** Nothing to write in before there is a work item. */
  readonly element = build('section', { class: 'group discussion read-only' });
  readonly #list = build('ol', { class: 'comments' });
  readonly #box = build('textarea', { rows: 3, 'aria-label': 'Add a comment', placeholder: 'Add a comment' });
  readonly #notice = build('p', { class: 'problem', role: 'alert', hidden: true });
  #form: WorkItemForm | undefined;
  #turn = 0;

  constructor() {
    const send = build('button', { type: 'button', onclick: () => void this.#send() }, 'Comment');
    const writer = build('div', { class: 'comment-writer' }, this.#box, send);
    this.element.append(build('h3', {}, 'Discussion'), writer, this.#notice, this.#list);
  }

  async show(form: WorkItemForm): Promise<void> {
    const turn = ++this.#turn;
    this.#form = form;
    this.element.classList.toggle('read-only', form.isReadOnly || form.isNew);
    if (form.isNew) return this.#list.replaceChildren();
    const { comments } = await form.page.rest<{ comments: Comment[] }>(
      'GET',
      `${this.#path(form)}?$top=100&order=desc&${version}`,
    );
    // A later answer may have overtaken this one.
    if (turn === this.#turn) this.#list.replaceChildren(...comments.map(rowOf));
  }

  async #send(): Promise<void> {
    const form = this.#form;
    const text = this.#box.value.trim();
    if (form === undefined || text === '') return;
    this.#notice.hidden = true;
    try {
      const paragraph = build(
        'div',
        {},
        ...text.split('\n').flatMap((line, index) => (index > 0 ? [build('br'), line] : [line])),
      );
      await form.page.rest('POST', `${this.#path(form)}?${version}`, { text: paragraph.outerHTML });
      this.#box.value = '';
      await form.refresh();
    } catch (problem) {
      this.#notice.textContent = textOf(problem);
      this.#notice.hidden = false;
    }
  }

  #path(form: WorkItemForm): string {
    return `${encodeURIComponent(form.page.data.project.name)}/_apis/wit/workItems/${form.id}/comments`;
  }
}

const rowOf = (comment: Comment): HTMLElement =>
  build(
    'li',
    { 'data-comment': comment.id },
    build(
      'div',
      { class: 'comment-head' },
      build('strong', {}, comment.createdBy.displayName),
      build('time', { datetime: comment.createdDate }, new Date(comment.createdDate).toLocaleString()),
    ),
    build('div', { class: 'comment-text' }, safeFragment(comment.renderedText ?? comment.text)),
  );
