import type { Contribution, PageData } from '../page-data.ts';
import type { ContributionFrame } from './frame.ts';
import { Messages } from './messages.ts';
import { Overlays } from './overlays.ts';
import { createRest, type Rest } from './rest.ts';
import { createServices } from './services/index.ts';
import { type PageSettings, readSettings } from './settings.ts';
import { applyTheme, type ThemeName } from './theme.ts';
import type { WorkItemForm } from './work-item/form.ts';

/** What all pages of the simulated Azure DevOps share: who looks, the service, the frames and the overlays. */
export class HostPage {
  readonly data: PageData;
  readonly settings: PageSettings;
  readonly rest: Rest;
  readonly messages = new Messages();
  readonly overlays = new Overlays(this);
  readonly frames = new Set<ContributionFrame>();
  /** The work item on the page, for the form service. */
  form: WorkItemForm | undefined;
  readonly #services: ReturnType<typeof createServices>;

  private constructor(data: PageData, settings: PageSettings) {
    this.data = data;
    this.settings = settings;
    this.rest = createRest(data);
    this.#services = createServices(this);
  }

  static async open(): Promise<HostPage> {
    const settings = readSettings();
    applyTheme(settings.theme);
    const answer = await fetch(`/sandbox/page?user=${encodeURIComponent(settings.user)}`);
    if (!answer.ok) throw new Error(`The sandbox answered ${answer.status}.`);
    return new HostPage((await answer.json()) as PageData, settings);
  }

  service(id: string, frame: ContributionFrame): object {
    const make = this.#services[id];
    if (make === undefined) throw new Error(`The registered object ${id} could not be found.`);
    return make(frame);
  }

  async appToken(): Promise<{ token: string }> {
    const answer = await fetch(`/sandbox/app-token?user=${encodeURIComponent(this.data.user.key)}`);
    if (!answer.ok) throw new Error(`The app token was refused (${answer.status}).`);
    return (await answer.json()) as { token: string };
  }

  /** Contributions of a type that name a target, as the manifest declares them. */
  contributions(type: string, target?: string): Contribution[] {
    return this.data.contributions.filter(
      (one) => one.type === type && (target === undefined || one.targets.includes(target)),
    );
  }

  contribution(id: string): Contribution {
    const found = this.data.contributions.find((one) => one.id === id);
    if (found === undefined) throw new Error(`There is no contribution ${id}.`);
    return found;
  }

  /** Path of a page of the project. */
  path(...parts: (string | number)[]): string {
    const { organization, project } = this.data;
    return `/${[organization.name, project.name, ...parts].map((part) => encodeURIComponent(part)).join('/')}`;
  }

  changeTheme(name: ThemeName): void {
    this.settings.theme = name;
    applyTheme(name);
    for (const frame of this.frames) frame.changeTheme();
  }
}
