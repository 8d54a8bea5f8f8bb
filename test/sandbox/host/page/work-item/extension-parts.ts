import type { Contribution } from '../../page-data.ts';
import { ContributionFrame, report } from '../frame.ts';
import type { HostPage } from '../host-page.ts';
import type { FormEvent, WorkItemForm } from './form.ts';

const formTarget = 'ms.vss-work-web.work-item-form';
const menuTarget = 'ms.vss-work-web.work-item-context-menu';
/** Of a group without `height`; the service's own. */
const usualGroupHeightPx = 150;

/** Everything that an extension adds to a form, in frames that outlive the work item: the next one reuses them. */
export class ExtensionParts {
  readonly #page: HostPage;
  readonly #frames: ContributionFrame[] = [];

  constructor(page: HostPage, places: { groups: HTMLElement; hidden: HTMLElement }) {
    this.#page = page;
    for (const contribution of page.contributions('ms.vss-work-web.work-item-form-group', formTarget)) {
      const heightPx = contribution.properties.height ?? usualGroupHeightPx;
      const heading = document.createElement('h3');
      heading.textContent = contribution.properties.name ?? contribution.id;
      const group = document.createElement('section');
      group.className = 'group';
      group.append(heading);
      places.groups.append(group);
      this.#add(new ContributionFrame(page, contribution, group, { heightPx }));
    }
    for (const contribution of page.contributions('ms.vss-work-web.work-item-notifications', formTarget)) {
      this.#add(new ContributionFrame(page, contribution, places.hidden, { isHidden: true }));
    }
  }

  pages(): Contribution[] {
    return this.#page.contributions('ms.vss-work-web.work-item-form-page', formTarget);
  }

  /** A page's frame is made when its tab is first opened. */
  openPage(contribution: Contribution, place: HTMLElement, form: WorkItemForm): void {
    const frame = new ContributionFrame(this.#page, contribution, place);
    this.#add(frame);
    void this.#call(frame, 'onLoaded', loadedOf(form));
  }

  menu(): Contribution[] {
    return this.#page.contributions('ms.vss-web.action', menuTarget);
  }

  announce(form: WorkItemForm, event: FormEvent): void {
    for (const frame of this.#frames) {
      const call = callOf(form, event);
      if (call !== undefined) void this.#call(frame, ...call);
    }
  }

  #add(frame: ContributionFrame): void {
    this.#frames.push(frame);
    this.#page.frames.add(frame);
  }

  async #call(frame: ContributionFrame, method: string, args: object): Promise<void> {
    try {
      await frame.invoke(method, args);
    } catch (problem) {
      report(problem);
    }
  }
}

const loadedOf = ({ id, isNew, isReadOnly }: WorkItemForm) => ({ id, isNew, isReadOnly });

function callOf(form: WorkItemForm, event: FormEvent): [method: string, args: object] | undefined {
  const { id } = form;
  switch (event.kind) {
    case 'loaded':
      return ['onLoaded', loadedOf(form)];
    case 'changed':
      return ['onFieldChanged', { id, changedFields: event.changedFields }];
    case 'saved':
      return ['onSaved', { id }];
    case 'refreshed':
    case 'relations':
      return ['onRefreshed', { id }];
    case 'reset':
      return ['onReset', { id }];
    case 'unloaded':
      return ['onUnloaded', { id }];
    default:
      return undefined;
  }
}

/** Runs a menu entry: its page has no face and ends when it has done its work. */
export async function runMenuAction(
  page: HostPage,
  contribution: Contribution,
  context: Record<string, unknown>,
  place: HTMLElement,
): Promise<void> {
  const known = [...page.frames].find((frame) => frame.contribution.id === contribution.id);
  const frame = known ?? new ContributionFrame(page, contribution, place, { isHidden: true });
  page.frames.add(frame);
  await frame.invoke('execute', context);
}
