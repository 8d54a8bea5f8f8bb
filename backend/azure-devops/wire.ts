import { z } from 'zod';

/** Shapes of answers, as far as they are used (Microsoft: REST API 7.1, wit and core). Everything else is dropped. */

export const identity = z.object({
  id: z.string().optional(),
  displayName: z.string().optional(),
  uniqueName: z.string().optional(),
  descriptor: z.string().optional(),
});

export const relation = z.object({
  rel: z.string(),
  url: z.string(),
  attributes: z.record(z.string(), z.unknown()).nullish(),
});

export const workItem = z.object({
  id: z.number().int(),
  rev: z.number().int(),
  fields: z.record(z.string(), z.unknown()),
  relations: z.array(relation).nullish(),
  /** Fields that hold Markdown, Services only: `{ "System.Description": "markdown" }`. */
  multilineFieldsFormat: z.record(z.string(), z.string()).nullish(),
  commentVersionRef: z
    .object({ commentId: z.number().int(), version: z.number().int().optional() })
    .nullish(),
});

/** With `errorPolicy: omit` a work item that cannot be read stands as null. */
export const workItemList = z.object({ value: z.array(workItem.nullable()) });

export const comment = z.object({
  id: z.number().int(),
  text: z.string().default(''),
  renderedText: z.string().nullish(),
  format: z.union([z.string(), z.number()]).nullish(),
  createdBy: identity.nullish(),
  createdDate: z.string(),
  isDeleted: z.boolean().nullish(),
});

export const commentList = z.object({
  comments: z.array(comment).default([]),
  continuationToken: z.string().nullish(),
});

export const update = z.object({
  id: z.number().int(),
  rev: z.number().int(),
  revisedBy: identity.nullish(),
  revisedDate: z.string().nullish(),
  fields: z.record(z.string(), z.object({ newValue: z.unknown() })).nullish(),
});

export const updateList = z.object({ value: z.array(update) });

export const attachmentReference = z.object({ id: z.string(), url: z.string() });

export const wiqlResult = z.object({ workItems: z.array(z.object({ id: z.number().int() })).nullish() });

export const field = z.object({
  referenceName: z.string(),
  name: z.string(),
  type: z.string(),
  readOnly: z.boolean().default(false),
  isIdentity: z.boolean().default(false),
  isDeleted: z.boolean().nullish(),
  description: z.string().nullish(),
  usage: z.string().nullish(),
});

export const fieldList = z.object({ value: z.array(field) });

export const typeField = z.object({
  referenceName: z.string(),
  name: z.string(),
  alwaysRequired: z.boolean().nullish(),
  /** With $expand=allowedValues, as a string; an identity field has an object. */
  defaultValue: z.unknown(),
  helpText: z.string().nullish(),
  allowedValues: z.array(z.unknown()).nullish(),
});

export const typeFieldList = z.object({ value: z.array(typeField) });

export const state = z.object({ name: z.string(), category: z.string().nullish() });

export const workItemType = z.object({
  name: z.string(),
  isDisabled: z.boolean().nullish(),
  states: z.array(state).nullish(),
  transitions: z.record(z.string(), z.array(z.object({ to: z.string() }))).nullish(),
});

export const workItemTypeList = z.object({ value: z.array(workItemType) });

export const stateList = z.object({ value: z.array(state) });

export const deletedWorkItem = z.object({
  id: z.union([z.number(), z.string()]),
  project: z.string().nullish(),
  resource: workItem.nullish(),
});

export const project = z.object({ id: z.string(), name: z.string() });

export const projectList = z.object({ value: z.array(project) });

export const revisionBatch = z.object({
  values: z.array(
    z.object({
      id: z.number().int(),
      rev: z.number().int(),
      isDeleted: z.boolean().nullish(),
      fields: z.record(z.string(), z.unknown()).nullish(),
    }),
  ),
  continuationToken: z.union([z.string(), z.number()]).nullish(),
  isLastBatch: z.boolean(),
});

export type WireWorkItem = z.infer<typeof workItem>;
export type WireRelation = z.infer<typeof relation>;
export type WireComment = z.infer<typeof comment>;
export type WireIdentity = z.infer<typeof identity>;
export type WireField = z.infer<typeof field>;
