import { AzureDevOpsProblem, projectNotFound } from './problem.ts';
import type { CallContext, Route } from './router.ts';
import { latest, type Revision, type WorkItemRecord } from './store.ts';
import { parseWiql, type WiqlCondition, type WiqlQuery, type WiqlValue, wiqlProblem } from './wiql-parse.ts';
import { splitTags } from './work-item-patch.ts';
import { revisedDate, workItemUrl } from './work-item-view.ts';

/** 32,000 characters of query, 20,000 results (Microsoft: integration-bestpractices). */
const maxQueryCharacters = 32_000;
const maxResults = 20_000;
const dayMs = 86_400_000;

type Comparable = string | number | boolean | undefined;

interface Evaluation {
  context: CallContext;
  hasTime: boolean;
}

function fieldReference(context: CallContext, name: string): string {
  const definition = context.simulator.store.fields.find(name);
  if (definition === undefined)
    throw new AzureDevOpsProblem(
      400,
      'SyntaxException',
      `TF51005: The query references a field that does not exist. The error is caused by «[${name}]».`,
    );
  return definition.referenceName;
}

function stored(
  evaluation: Evaluation,
  workItem: WorkItemRecord,
  revision: Revision,
  reference: string,
): Comparable {
  if (reference === 'System.Id') return workItem.id;
  if (reference === 'System.RevisedDate') return revisedDate(workItem, revision);
  const value = revision.fields[reference];
  const definition = evaluation.context.simulator.store.fields.find(reference);
  return definition?.isIdentity && value !== undefined
    ? evaluation.context.simulator.users.text(String(value))
    : value;
}

function startOfDay(ms: number): number {
  return Math.floor(ms / dayMs) * dayMs;
}

function wanted(
  evaluation: Evaluation,
  workItem: WorkItemRecord,
  revision: Revision,
  value: WiqlValue,
): Comparable {
  if (typeof value !== 'object') return value;
  const { context } = evaluation;
  if ('field' in value) return stored(evaluation, workItem, revision, fieldReference(context, value.field));
  switch (value.macro) {
    case '@me':
      return context.simulator.users.text(context.user.id);
    case '@project':
      if (context.project === undefined) throw wiqlProblem('@project');
      return context.project.name;
    case '@today':
      return new Date(startOfDay(context.simulator.clock.nowMs()) + value.offset * dayMs).toISOString();
    default:
      throw wiqlProblem(value.macro);
  }
}

/** Identities match by mail, name or both; dates by day unless timePrecision is on; text without regard to case. */
function compare(
  evaluation: Evaluation,
  reference: string,
  operator: string,
  left: Comparable,
  right: Comparable,
): boolean {
  const definition = evaluation.context.simulator.store.fields.find(reference);
  const isEmpty = left === undefined || left === '';
  if (right === '' || right === undefined)
    return operator === '=' ? isEmpty : operator === '<>' ? !isEmpty : false;
  if (definition?.isIdentity) {
    const found = evaluation.context.simulator.users.resolve(String(right));
    const text = found === undefined ? String(right) : evaluation.context.simulator.users.text(found.id);
    return operator === '<>' ? left !== text : left === text;
  }
  if (reference === 'System.Tags') {
    const tags = splitTags(String(left ?? '')).map((tag) => tag.toLowerCase());
    const has = tags.includes(String(right).toLowerCase());
    return operator === '<>' ? !has : has;
  }
  if (isEmpty) return operator === '<>';
  const order =
    definition?.type === 'dateTime' ? dateOrder(evaluation, left, right) : plainOrder(left, right);
  switch (operator) {
    case '=':
      return order === 0;
    case '<>':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    default:
      return order >= 0;
  }
}

function dateOrder(evaluation: Evaluation, left: Comparable, right: Comparable): number {
  const leftMs = Date.parse(String(left));
  const rightMs = Date.parse(String(right));
  if (Number.isNaN(rightMs)) throw wiqlProblem(String(right));
  return evaluation.hasTime ? leftMs - rightMs : startOfDay(leftMs) - startOfDay(rightMs);
}

function plainOrder(left: Comparable, right: Comparable): number {
  if (typeof left === 'number') return left - Number(right);
  return String(left).toLowerCase().localeCompare(String(right).toLowerCase());
}

function holds(
  evaluation: Evaluation,
  workItem: WorkItemRecord,
  condition: WiqlCondition,
  revision: Revision,
): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.parts.every((part) => holds(evaluation, workItem, part, revision));
    case 'or':
      return condition.parts.some((part) => holds(evaluation, workItem, part, revision));
    case 'not':
      return !holds(evaluation, workItem, condition.part, revision);
    case 'test': {
      const revisions = condition.isEver ? workItem.revisions : [revision];
      return revisions.some((candidate) => testHolds(evaluation, workItem, condition, candidate));
    }
  }
}

function testHolds(
  evaluation: Evaluation,
  workItem: WorkItemRecord,
  test: Extract<WiqlCondition, { kind: 'test' }>,
  revision: Revision,
): boolean {
  const reference = fieldReference(evaluation.context, test.field);
  const left = stored(evaluation, workItem, revision, reference);
  const values = test.values.map((value) => wanted(evaluation, workItem, revision, value));
  const [right] = values;
  if (test.operator === 'in') return values.some((value) => compare(evaluation, reference, '=', left, value));
  if (test.operator === 'under') {
    const path = String(left ?? '').toLowerCase();
    const root = String(right).toLowerCase();
    return path === root || path.startsWith(`${root}\\`);
  }
  if (test.operator === 'contains' || test.operator === 'contains words') {
    if (reference === 'System.History')
      return workItem.revisions.some((candidate) => includes(candidate.fields['System.History'], right));
    return includes(left, right);
  }
  return compare(evaluation, reference, test.operator, left, right);
}

const includes = (text: Comparable, part: Comparable): boolean =>
  String(text ?? '')
    .toLowerCase()
    .includes(String(part).toLowerCase());

function ordered(evaluation: Evaluation, query: WiqlQuery, found: WorkItemRecord[]): WorkItemRecord[] {
  const orderBy = query.orderBy.map((entry) => ({
    ...entry,
    reference: fieldReference(evaluation.context, entry.field),
  }));
  return found.sort((a, b) => {
    for (const { reference, isDescending } of orderBy) {
      const left = stored(evaluation, a, latest(a), reference);
      const right = stored(evaluation, b, latest(b), reference);
      const order =
        left === right ? 0 : left === undefined ? -1 : right === undefined ? 1 : plainOrder(left, right);
      if (order !== 0) return isDescending ? -order : order;
    }
    return a.id - b.id;
  });
}

function candidates(context: CallContext): WorkItemRecord[] {
  return [...context.simulator.store.workItems.values()].filter(
    (workItem) => workItem.deleted === undefined && context.user.roles.has(workItem.projectId),
  );
}

function runQuery(context: CallContext): object {
  const text = (context.body as { query?: unknown } | null)?.query;
  if (typeof text !== 'string' || text.trim() === '')
    throw new AzureDevOpsProblem(400, 'ArgumentNullException', 'Value cannot be null. Parameter name: wiql', {
      namespace: 'System',
    });
  if (text.length > maxQueryCharacters)
    throw new AzureDevOpsProblem(
      400,
      'WorkItemTrackingQueryMaxWiqlTextLengthLimitExceededException',
      `VS402339: The query is longer than ${maxQueryCharacters} characters.`,
    );
  const query = parseWiql(text);
  const evaluation: Evaluation = {
    context,
    hasTime: context.query.get('timePrecision')?.toLowerCase() === 'true',
  };
  const { where } = query;
  if (where !== undefined) checkFields(context, where, evaluation.hasTime);
  const all = candidates(context).filter(
    (workItem) => where === undefined || holds(evaluation, workItem, where, latest(workItem)),
  );
  const top = context.query.get('$top');
  if (top === null && all.length > maxResults)
    throw new AzureDevOpsProblem(
      400,
      'WorkItemTrackingQueryResultSizeLimitExceededException',
      `VS402337: The number of work items returned exceeds the size limit of ${maxResults}. Change the query to return fewer items.`,
    );
  const found = ordered(evaluation, query, all).slice(0, top === null ? maxResults : Number(top));
  const column = (name: string) => {
    const definition = context.simulator.store.fields.find(name);
    const reference = fieldReference(context, name);
    return {
      referenceName: reference,
      name: definition?.name ?? name,
      url: `${context.simulator.organizationUrl}/_apis/wit/fields/${reference}`,
    };
  };
  return {
    queryType: 'flat',
    queryResultType: 'workItem',
    asOf: context.simulator.clock.iso(),
    columns: query.columns.map(column),
    ...(query.orderBy.length > 0
      ? {
          sortColumns: query.orderBy.map((entry) => ({
            field: column(entry.field),
            descending: entry.isDescending,
          })),
        }
      : {}),
    workItems: found.map((workItem) => ({ id: workItem.id, url: workItemUrl(context.simulator, workItem) })),
  };
}

/** Names are checked even when no item would reach the test, and a time without timePrecision is refused. */
function checkFields(context: CallContext, condition: WiqlCondition, hasTime: boolean): void {
  if (condition.kind !== 'test') {
    const inner = condition.kind === 'not' ? [condition.part] : condition.parts;
    for (const part of inner) checkFields(context, part, hasTime);
    return;
  }
  const reference = fieldReference(context, condition.field);
  const definition = context.simulator.store.fields.find(reference);
  for (const value of condition.values) {
    if (
      typeof value === 'object' &&
      'macro' in value &&
      value.macro === '@project' &&
      context.project === undefined
    )
      throw wiqlProblem('@project');
    if (
      reference === 'System.TeamProject' &&
      typeof value === 'string' &&
      context.simulator.store.project(value) === undefined
    )
      throw projectNotFound(value);
    if (definition?.type === 'dateTime' && typeof value === 'string' && !hasTime && /\dT\d/.test(value))
      throw new AzureDevOpsProblem(
        400,
        'QueryException',
        `You cannot supply a time with the date when running a query using date precision. The error is caused by «${value}».`,
      );
  }
}

export const wiqlRoute: Route = {
  id: 'wiql.query',
  method: 'POST',
  path: 'wit/wiql',
  level: 'both',
  version: { since: 1, revision: 2 },
  scope: 'vso.work',
  handle: runQuery,
};
