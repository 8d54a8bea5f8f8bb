import { writeMark } from '../sync/mark.ts';
import type { FieldValue } from '../sync/record.ts';
import { type FieldKind, writeValue } from './values.ts';

/** JSON Patch as Azure DevOps takes it (Microsoft: wit/work-items/update, RFC 6902 with its own paths). */
export type PatchOperation =
  | { op: 'test'; path: '/rev'; value: number }
  | { op: 'add' | 'replace'; path: string; value: unknown }
  | { op: 'remove'; path: string };

export const patchContentType = 'application/json-patch+json';

/** Refuses the patch when the work item has moved on. */
export const onRevision = (revision: string | number): PatchOperation => ({
  op: 'test',
  path: '/rev',
  value: Number(revision),
});

/** One value; `kindOf` tells what the field is. Long text in Markdown says so in an operation of its own. */
export const setField = (id: string, value: FieldValue, kind: FieldKind): PatchOperation[] => {
  const path = `/fields/${id}`;
  const written = writeValue(id, value, kind);
  if (written === undefined || written === '') return [{ op: 'remove', path }];
  // "add" on tags adds to those that are there; everywhere else it replaces.
  const operations: PatchOperation[] = [
    { op: id === 'System.Tags' ? 'replace' : 'add', path, value: written },
  ];
  if (kind.isMarkdown && kind.field?.type === 'html') {
    operations.push({ op: 'add', path: `/multilineFieldsFormat/${id}`, value: 'Markdown' });
  }
  return operations;
};

/** A comment in the same revision as the other operations; HTML. */
export const setHistory = (html: string): PatchOperation => ({
  op: 'add',
  path: '/fields/System.History',
  value: html,
});

export const addRelation = (
  rel: 'Hyperlink' | 'AttachedFile',
  url: string,
  attributes: Readonly<Record<string, string>>,
): PatchOperation => ({ op: 'add', path: '/relations/-', value: { rel, url, attributes } });

/** Marks arrive bare; what already carries the prefix is left as it is. */
export const bareMark = (mark: string): string => mark.replace(/^tandem-/, '');
export const markWord = (mark: string): string => writeMark(bareMark(mark));
