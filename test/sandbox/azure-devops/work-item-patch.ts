import type { FieldDefinition } from './fields.ts';
import { AzureDevOpsProblem, ruleProblem } from './problem.ts';
import { coerce } from './rules.ts';
import type { Simulator } from './simulator.ts';
import type { FieldValue, Relation, Revision } from './store.ts';

export interface PatchOperation {
  op: string;
  path: string;
  value?: unknown;
  from?: string | null;
}

export interface ParsedPatch {
  tests: { path: string; value: unknown }[];
  /** `undefined` clears the field. */
  fields: Map<string, FieldValue | undefined>;
  /** Tags given with `add` join the ones that are there; `replace` overwrites. */
  addedTags: string[] | undefined;
  history: { text: string; format: 'html' | 'markdown' } | undefined;
  addedRelations: Relation[];
  removedRelationIndexes: number[];
  replacedRelations: { index: number; relation: Partial<Relation> }[];
  markdownFields: string[];
}

function badPatch(message: string): AzureDevOpsProblem {
  return new AzureDevOpsProblem(400, 'VssPropertyValidationException', message, {
    namespace: 'Microsoft.VisualStudio.Services.Common',
    eventId: 3000,
  });
}

export function parsePatch(simulator: Simulator, body: unknown, bypassRules: boolean): ParsedPatch {
  if (!Array.isArray(body) || body.length === 0)
    throw badPatch('You must pass a valid patch document in the body of the request.');
  const parsed: ParsedPatch = {
    tests: [],
    fields: new Map(),
    addedTags: undefined,
    history: undefined,
    addedRelations: [],
    removedRelationIndexes: [],
    replacedRelations: [],
    markdownFields: [],
  };
  for (const operation of body as PatchOperation[]) {
    if (typeof operation?.path !== 'string' || typeof operation.op !== 'string')
      throw badPatch('You must pass a valid patch document in the body of the request.');
    const kind = operation.op.toLowerCase();
    const path = operation.path;
    if (kind === 'test') parsed.tests.push({ path, value: operation.value });
    else if (/^\/fields\//i.test(path))
      readField(simulator, parsed, kind, path.slice(8), operation.value, bypassRules);
    else if (/^\/relations\//i.test(path)) readRelation(parsed, kind, path.slice(11), operation.value);
    else if (/^\/multilineFieldsFormat\//i.test(path))
      readFormat(simulator, parsed, path.slice(23), operation.value);
    else if (path === '/id') continue;
    else
      throw new AzureDevOpsProblem(
        400,
        'InvalidPatchFieldNameException',
        `TF401288: The patch path '${path}' is not supported.`,
      );
  }
  if (parsed.history !== undefined && parsed.markdownFields.includes('System.History'))
    parsed.history.format = 'markdown';
  return parsed;
}

function readFormat(simulator: Simulator, parsed: ParsedPatch, name: string, value: unknown): void {
  const definition = simulator.store.fields.find(name);
  if (simulator.flavor !== 'services' || definition === undefined)
    throw new AzureDevOpsProblem(
      400,
      'InvalidPatchFieldNameException',
      `TF401288: The patch path '/multilineFieldsFormat/${name}' is not supported.`,
    );
  if (String(value).toLowerCase() === 'markdown') parsed.markdownFields.push(definition.referenceName);
  else
    throw badPatch(
      `The format '${String(value)}' is not valid for field ${name}: Markdown cannot be turned back.`,
    );
}

function readField(
  simulator: Simulator,
  parsed: ParsedPatch,
  kind: string,
  name: string,
  value: unknown,
  bypassRules: boolean,
): void {
  const definition = simulator.store.fields.find(name);
  if (definition === undefined)
    throw new AzureDevOpsProblem(
      400,
      'WorkItemTrackingFieldDefinitionNotFoundException',
      `TF51535: Cannot find field ${name}.`,
    );
  const reference = definition.referenceName;
  if (!['add', 'replace', 'remove'].includes(kind)) throw badPatch(`The operation ${kind} is not supported.`);
  const isMove = reference === 'System.WorkItemType' || reference === 'System.TeamProject';
  if (
    definition.readOnly &&
    !bypassRules &&
    !isMove &&
    reference !== 'System.AreaId' &&
    reference !== 'System.IterationId'
  )
    throw ruleProblem([{ field: reference, fieldName: definition.name, flags: ['readOnly'] }]);
  if (kind === 'remove') {
    parsed.fields.set(reference, undefined);
    return;
  }
  if (reference === 'System.History') {
    if (typeof value === 'string' && value !== '') parsed.history = { text: value, format: 'html' };
    return;
  }
  if (reference === 'System.Tags' && kind === 'add') {
    parsed.addedTags = splitTags(String(value ?? ''));
    return;
  }
  parsed.fields.set(reference, fieldValue(simulator, definition, value));
}

function fieldValue(
  simulator: Simulator,
  definition: FieldDefinition,
  value: unknown,
): FieldValue | undefined {
  if (!definition.isIdentity) {
    if (typeof value === 'object' && value !== null)
      throw badPatch(`The value of field '${definition.name}' has to be text, a number or a truth value.`);
    return coerce(definition, value);
  }
  if (value === null || value === undefined || value === '') return undefined;
  const user = simulator.users.resolve(value);
  if (user?.isMember) return user.id;
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  throw new AzureDevOpsProblem(
    400,
    'WorkItemFieldInvalidException',
    `The identity value '${shown}' for field '${definition.name}' is an unknown identity.`,
  );
}

function readRelation(parsed: ParsedPatch, kind: string, position: string, value: unknown): void {
  if (kind === 'add' && position === '-') {
    const relation = value as Partial<Relation> | null;
    if (typeof relation?.rel !== 'string' || typeof relation.url !== 'string')
      throw badPatch('A relation needs rel and url.');
    parsed.addedRelations.push({
      rel: relation.rel,
      url: relation.url,
      attributes: { ...relation.attributes },
    });
    return;
  }
  const [text, ...rest] = position.split('/');
  const index = Number(text);
  if (!Number.isInteger(index) || index < 0) throw badPatch(`Invalid relation index '${position}'.`);
  if (kind === 'remove') parsed.removedRelationIndexes.push(index);
  else if (rest[0] === 'attributes' && rest[1] !== undefined)
    parsed.replacedRelations.push({ index, relation: { attributes: { [rest[1]]: value } } });
  else parsed.replacedRelations.push({ index, relation: value as Partial<Relation> });
}

export function splitTags(text: string): string[] {
  const seen = new Map<string, string>();
  for (const tag of text.split(/[;,]/)) {
    const name = tag.trim();
    if (name !== '' && !seen.has(name.toLowerCase())) seen.set(name.toLowerCase(), name);
  }
  return [...seen.values()];
}

/** 412 for a failed `test`, as the service's exception map has it; 409 is what an unlucky race shows. */
export function checkTests(
  parsed: ParsedPatch,
  current: Revision,
  style: 'testFailed' | 'revisionMismatch',
): void {
  for (const test of parsed.tests) {
    const actual =
      test.path === '/rev'
        ? current.rev
        : test.path === '/id'
          ? test.value
          : current.fields[test.path.slice(8)];
    if (actual === test.value || String(actual) === String(test.value)) continue;
    if (style === 'revisionMismatch') throw revisionMismatch();
    throw new AzureDevOpsProblem(
      412,
      'TestPatchOperationFailedException',
      `VS403351: Test Operation for path ${test.path} failed, value ${String(actual)} was not equal to test value ${String(test.value)}.`,
      { namespace: 'Microsoft.VisualStudio.Services.WebApi.Patch', eventId: 3000 },
    );
  }
}

export function revisionMismatch(): AzureDevOpsProblem {
  return new AzureDevOpsProblem(
    409,
    'WorkItemRevisionMismatchException',
    'TF26071: This work item has been changed by someone else since you opened it. You will need to refresh it and discard your changes.',
    { errorCode: 600122 },
  );
}
