/** What a page of the simulated Azure DevOps needs to know; made by the server, read by the page. */
export interface Contribution {
  /** Full id: `publisher.extension.name`. */
  id: string;
  type: string;
  targets: string[];
  properties: {
    name?: string;
    uri?: string;
    height?: number;
    text?: string;
    title?: string;
    toolbarText?: string;
    registeredObjectId?: string;
  };
}

export interface PageUser {
  key: string;
  id: string;
  displayName: string;
  uniqueName: string;
  descriptor: string;
  /** In the project; `none` for members of the organisation without it and for strangers. */
  role: 'administrator' | 'contributor' | 'reader' | 'none';
}

export interface PageData {
  user: PageUser & { accessToken: string };
  users: PageUser[];
  organization: { id: string; name: string; apiUrl: string; identityUrl: string; isHosted: boolean };
  project: { id: string; name: string; team: { id: string; name: string } };
  extension: { id: string; publisherId: string; extensionId: string; version: string; baseUrl: string };
  contributions: Contribution[];
}

/** Sent over `/sandbox/events` when a work item got a revision. */
export interface WorkItemChange {
  id: number;
  rev: number;
}
