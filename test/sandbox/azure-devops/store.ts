import { FieldCatalogue } from './fields.ts';
import { stableGuid } from './users.ts';

export type FieldValue = string | number | boolean;
export type Fields = Record<string, FieldValue>;

export interface Relation {
  rel: string;
  url: string;
  attributes: Record<string, unknown>;
}

export interface CommentVersionRecord {
  version: number;
  text: string;
  format: 'html' | 'markdown';
  modifiedBy: string;
  modifiedDate: string;
  createdInRevision: number;
  isDeleted: boolean;
}

export interface CommentRecord {
  id: number;
  createdBy: string;
  createdDate: string;
  isDeleted: boolean;
  versions: CommentVersionRecord[];
}

/** Identities are kept as user ids; the views turn them into the form that the caller's version shows. */
export interface Revision {
  rev: number;
  fields: Fields;
  relations: Relation[];
  changedBy: string;
  changedDate: string;
  watermark: number;
  commentVersion?: { commentId: number; version: number };
  isDeleted: boolean;
  /** Reference names of long text fields that were switched to Markdown; there is no way back. */
  markdownFields: string[];
}

/** The number of an update and of the revision drift apart: a link added from the other side makes an update only. */
export interface Update {
  id: number;
  rev: number;
  revisedBy: string;
  date: string;
  fields: Record<string, { oldValue?: FieldValue; newValue?: FieldValue }>;
  relations?: { added?: Relation[]; removed?: Relation[]; updated?: Relation[] };
}

export interface WorkItemRecord {
  id: number;
  projectId: string;
  typeName: string;
  revisions: Revision[];
  updates: Update[];
  comments: CommentRecord[];
  deleted?: { at: string; by: string };
  /** The JSON of the plain GET, kept until the next change. */
  json?: string;
}

export interface ClassificationNode {
  id: number;
  identifier: string;
  name: string;
  structure: 'area' | 'iteration';
  /** As fields show it: `Fabrikam\Web`. */
  path: string;
  attributes?: { startDate: string; finishDate: string };
  children: ClassificationNode[];
}

export interface Project {
  id: string;
  name: string;
  description: string;
  state: 'wellFormed' | 'deleting' | 'createPending';
  revision: number;
  lastUpdateTime: string;
  teams: { id: string; name: string; description: string; memberIds: string[] }[];
  areas: ClassificationNode;
  iterations: ClassificationNode;
  tags: Map<string, { id: string; name: string; lastUpdated: string }>;
}

export interface AttachmentRecord {
  id: string;
  fileName: string;
  path: string;
  /** Bytes received so far; equals `totalBytes` when complete. */
  sizeBytes: number;
  totalBytes: number;
  isComplete: boolean;
  contentType: string;
  createdBy: string;
  createdDate: string;
}

/** One line of the reporting log: which revision came after which, across the whole organisation. */
export interface LogLine {
  watermark: number;
  workItemId: number;
  rev: number;
}

/** All of the store as plain data, so that a sandbox can go on where it stopped. */
export interface StoreSnapshot {
  projects: Project[];
  workItems: WorkItemRecord[];
  attachments: AttachmentRecord[];
  log: LogLine[];
  extensionData: [string, [string, Record<string, unknown>][]][];
  next: { workItemId: number; commentId: number; nodeId: number; resourceId: number; watermark: number };
}

/** Everything the simulated organisation holds. Plain data with look-ups; the rules live beside it. */
export class Store {
  readonly fields = new FieldCatalogue();
  readonly projects: Project[] = [];
  readonly workItems = new Map<number, WorkItemRecord>();
  readonly attachments = new Map<string, AttachmentRecord>();
  readonly log: LogLine[] = [];
  readonly extensionData = new Map<string, Map<string, Record<string, unknown>>>();
  #nextWorkItemId = 1;
  #nextCommentId = 1;
  #nextNodeId = 1;
  #nextResourceId = 65_000;
  #watermark = 0;

  takeWorkItemId(): number {
    return this.#nextWorkItemId++;
  }

  takeCommentId(): number {
    return this.#nextCommentId++;
  }

  takeResourceId(): number {
    return this.#nextResourceId++;
  }

  takeWatermark(workItemId: number, rev: number): number {
    this.#watermark += 1;
    this.log.push({ watermark: this.#watermark, workItemId, rev });
    return this.#watermark;
  }

  get watermark(): number {
    return this.#watermark;
  }

  project(nameOrId: string): Project | undefined {
    const wanted = nameOrId.toLowerCase();
    return this.projects.find((project) => project.id === wanted || project.name.toLowerCase() === wanted);
  }

  projectById(id: string): Project {
    const project = this.projects.find((candidate) => candidate.id === id);
    if (project === undefined) throw new Error(`no sandbox project ${id}`);
    return project;
  }

  addProject(name: string, description: string, at: string): Project {
    const node = (structure: 'area' | 'iteration'): ClassificationNode => this.newNode(name, structure, name);
    const project: Project = {
      id: stableGuid(`project:${name}`),
      name,
      description,
      state: 'wellFormed',
      revision: 411 + this.projects.length,
      lastUpdateTime: at,
      teams: [
        {
          id: stableGuid(`team:${name}`),
          name: `${name} Team`,
          description: `The default team of ${name}.`,
          memberIds: [],
        },
      ],
      areas: node('area'),
      iterations: node('iteration'),
      tags: new Map(),
    };
    this.projects.push(project);
    return project;
  }

  newNode(name: string, structure: 'area' | 'iteration', path: string): ClassificationNode {
    return {
      id: this.#nextNodeId++,
      identifier: stableGuid(`${structure}:${path}`),
      name,
      structure,
      path,
      children: [],
    };
  }

  addNode(
    parent: ClassificationNode,
    name: string,
    attributes?: ClassificationNode['attributes'],
  ): ClassificationNode {
    const node = this.newNode(name, parent.structure, `${parent.path}\\${name}`);
    if (attributes !== undefined) node.attributes = attributes;
    parent.children.push(node);
    return node;
  }

  /** By the path as fields write it, without regard to case; a leading or trailing backslash is tolerated. */
  findNode(root: ClassificationNode, path: string): ClassificationNode | undefined {
    const parts = path
      .replace(/^\\+|\\+$/g, '')
      .toLowerCase()
      .split('\\');
    if (parts[0] !== root.name.toLowerCase()) return undefined;
    let node: ClassificationNode | undefined = root;
    for (const part of parts.slice(1))
      node = node?.children.find((child) => child.name.toLowerCase() === part);
    return node;
  }

  snapshot(): StoreSnapshot {
    return {
      projects: this.projects,
      workItems: [...this.workItems.values()].map(({ json: _, ...workItem }) => workItem),
      attachments: [...this.attachments.values()],
      log: this.log,
      extensionData: [...this.extensionData].map(([key, documents]) => [key, [...documents]]),
      next: {
        workItemId: this.#nextWorkItemId,
        commentId: this.#nextCommentId,
        nodeId: this.#nextNodeId,
        resourceId: this.#nextResourceId,
        watermark: this.#watermark,
      },
    };
  }

  /** Takes the place of everything that the store held. */
  restore(snapshot: StoreSnapshot): void {
    this.clear();
    this.projects.push(...snapshot.projects);
    for (const workItem of snapshot.workItems) this.workItems.set(workItem.id, workItem);
    for (const attachment of snapshot.attachments) this.attachments.set(attachment.id, attachment);
    for (const line of snapshot.log) this.log.push(line);
    for (const [key, documents] of snapshot.extensionData) this.extensionData.set(key, new Map(documents));
    const { next } = snapshot;
    this.#nextWorkItemId = next.workItemId;
    this.#nextCommentId = next.commentId;
    this.#nextNodeId = next.nodeId;
    this.#nextResourceId = next.resourceId;
    this.#watermark = next.watermark;
  }

  clear(): void {
    this.projects.length = 0;
    this.workItems.clear();
    this.attachments.clear();
    this.extensionData.clear();
    this.log.length = 0;
    this.#nextWorkItemId = 1;
    this.#nextCommentId = 1;
    this.#nextNodeId = 1;
    this.#watermark = 0;
  }
}

export function latest(workItem: WorkItemRecord): Revision {
  const revision = workItem.revisions.at(-1);
  if (revision === undefined) throw new Error(`work item ${workItem.id} has no revision`);
  return revision;
}
