import { z } from 'zod';

/**
 * One declaration per connector: draws its form, checks its input, masks its secrets. The extension and the backend
 * read the same object.
 */
export const settingField = z.object({
  name: z.string().regex(/^[a-z][A-Za-z0-9.]*$/),
  label: z.string(),
  help: z.string(),
  type: z.enum(['text', 'url', 'number', 'boolean', 'choice', 'multiline']),
  required: z.boolean(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  choices: z.array(z.object({ id: z.string(), name: z.string() })).optional(),
  /** A regular expression's source that the value must match, with the sentence to show when it does not. */
  pattern: z.object({ source: z.string(), message: z.string() }).optional(),
  /** For numbers, inclusive; the unit stands in the label. */
  min: z.number().optional(),
  max: z.number().optional(),
  placeholder: z.string().optional(),
  /** Shown under "Advanced": overrides for what the vendor leaves undocumented. */
  advanced: z.boolean().default(false),
});

export const secretOrigin = z.enum(['typed', 'generated']);

export const secretField = z.object({
  name: z.string().regex(/^[a-z][A-Za-z0-9]*$/),
  label: z.string(),
  help: z.string(),
  required: z.boolean(),
  /** Where the vendor shows the day on which it ends; absent where nothing but a replacement ends it. */
  endHelp: z.string().optional(),
  /** The webhook secret is made by Tandem and shown once, the others are typed by the admin. */
  origin: secretOrigin.default('typed'),
});

export const capabilities = z.object({
  create: z.boolean(),
  transition: z.enum(['field', 'action', 'both']),
  commentsRead: z.boolean(),
  commentsWrite: z.boolean(),
  commentVisibility: z.enum(['both', 'publicOnly', 'internalOnly']),
  attachmentsRead: z.boolean(),
  attachmentsWrite: z.boolean(),
  attachmentsMaxBytes: z.number().int().positive(),
  concurrency: z.enum(['etag', 'field', 'lock', 'stamp', 'none']),
  changeFeed: z.enum(['sequence', 'timestamp', 'audit', 'none']),
  webhook: z.enum(['api', 'admin', 'none']),
  richText: z.enum(['html', 'markdown', 'text']),
  priorities: z.boolean(),
  assignee: z.boolean(),
  templates: z.boolean(),
  /** Tells a deleted record from one that may not be seen. */
  tellsDeleted: z.boolean(),
});

export const connectorManifest = z.object({
  /** Folder name and stored kind: `alemba`. */
  kind: z.string().regex(/^[a-z][a-z0-9-]*$/),
  name: z.string(),
  /** What this system calls a ticket, for people: "call". */
  ticketNoun: z.string(),
  description: z.string(),
  documentationUrl: z.string().optional(),
  settings: z.array(settingField),
  secrets: z.array(secretField),
  capabilities,
  /** Requests per second and at once, unless the admin says otherwise. */
  budget: z.object({ requestsPerSecond: z.number().positive(), concurrent: z.number().int().positive() }),
});

/** As the hub lists it. A connection that is there is edited with it also when no more can be added. */
export const listedConnector = connectorManifest.extend({ offered: z.boolean() });

export type SettingField = z.infer<typeof settingField>;
export type SecretField = z.infer<typeof secretField>;
export type Capabilities = z.infer<typeof capabilities>;
export type ConnectorManifest = z.infer<typeof connectorManifest>;
export type ListedConnector = z.infer<typeof listedConnector>;
