import { AzureDevOpsProblem } from './problem.ts';
import type { CallContext, Route } from './router.ts';
import type { LogLine, Revision, WorkItemRecord } from './store.ts';
import { fieldsView } from './work-item-view.ts';

/** The service's page; `$maxPageSize` may ask for fewer. */
const pageSize = 1000;

interface ReportingFilter {
  fields?: string[];
  types?: string[];
  includeIdentityRef?: boolean;
  includeDeleted?: boolean;
  includeLatestOnly?: boolean;
  includeDiscussionChangesOnly?: boolean;
}

const truth = (value: string | null): boolean => value?.toLowerCase() === 'true';
const parts = (value: string | null): string[] | undefined =>
  value === null || value === '' ? undefined : value.split(',');

function filterOf(context: CallContext): ReportingFilter {
  if (context.request.method === 'POST') return (context.body ?? {}) as ReportingFilter;
  const { query } = context;
  const fields = parts(query.get('fields'));
  const types = parts(query.get('types'));
  return {
    ...(fields === undefined ? {} : { fields }),
    ...(types === undefined ? {} : { types }),
    includeIdentityRef: truth(query.get('includeIdentityRef')),
    includeDeleted: truth(query.get('includeDeleted')),
    includeLatestOnly: truth(query.get('includeLatestOnly')),
    includeDiscussionChangesOnly: truth(query.get('includeDiscussionChangesOnly')),
  };
}

/** Tokens look like `813;350;1`: watermark, work item, revision. */
function startOf(context: CallContext): number {
  const token = context.query.get('continuationToken') ?? context.query.get('watermark');
  if (token !== null && token !== '') {
    const watermark = Number(token.split(';')[0]);
    if (!Number.isInteger(watermark))
      throw new AzureDevOpsProblem(
        400,
        'ArgumentException',
        `The continuation token '${token}' is not valid.`,
        { namespace: 'System' },
      );
    return watermark;
  }
  const startDateTime = context.query.get('startDateTime');
  if (startDateTime === null || startDateTime === '') return 0;
  const startMs = Date.parse(startDateTime);
  if (Number.isNaN(startMs))
    throw new AzureDevOpsProblem(400, 'ArgumentException', `The value '${startDateTime}' is not a date.`, {
      namespace: 'System',
    });
  const { log, workItems } = context.simulator.store;
  const first = log.find((line) => {
    const revision = workItems
      .get(line.workItemId)
      ?.revisions.find((candidate) => candidate.rev === line.rev);
    return revision !== undefined && Date.parse(revision.changedDate) >= startMs;
  });
  return (first?.watermark ?? context.simulator.store.watermark + 1) - 1;
}

interface Hit {
  line: LogLine;
  workItem: WorkItemRecord;
  revision: Revision;
}

function hitOf(context: CallContext, filter: ReportingFilter, line: LogLine): Hit | undefined {
  const workItem = context.simulator.store.workItems.get(line.workItemId);
  const revision = workItem?.revisions.find((candidate) => candidate.rev === line.rev);
  if (workItem === undefined || revision === undefined) return undefined;
  if (!context.user.roles.has(workItem.projectId)) return undefined;
  if (context.project !== undefined && context.project.id !== workItem.projectId) return undefined;
  if (workItem.deleted !== undefined && !filter.includeDeleted) return undefined;
  if (filter.types !== undefined && !filter.types.includes(workItem.typeName)) return undefined;
  if (filter.includeLatestOnly && revision !== workItem.revisions.at(-1)) return undefined;
  if (filter.includeDiscussionChangesOnly && revision.fields['System.History'] === undefined)
    return undefined;
  return { line, workItem, revision };
}

function view(context: CallContext, filter: ReportingFilter, hit: Hit): Record<string, unknown> {
  const fields = fieldsView(context.simulator, hit.workItem, hit.revision, {
    ...(filter.fields === undefined ? {} : { only: filter.fields }),
    isExpanded: true,
    form: filter.includeIdentityRef ? 'ref' : 'text',
  });
  // Long text is never part of the reporting answer unless asked for by name.
  if (filter.fields === undefined)
    for (const definition of context.simulator.store.fields.all)
      if (definition.type === 'html') delete fields[definition.referenceName];
  return {
    id: hit.workItem.id,
    rev: hit.revision.rev,
    ...(hit.workItem.deleted === undefined ? {} : { isDeleted: true }),
    fields,
  };
}

/** Revisions in the order they were made. The cursor moves past what was filtered out, so nothing is read twice. */
function report(context: CallContext): object {
  const filter = filterOf(context);
  const start = startOf(context);
  const maxHits = Math.min(Number(context.query.get('$maxPageSize') ?? pageSize) || pageSize, pageSize);
  const hits: Hit[] = [];
  let last: LogLine | undefined;
  const { log } = context.simulator.store;
  // Watermarks count up by one from 1, so the index is known.
  let index = start;
  for (; index < log.length && hits.length < maxHits; index += 1) {
    const line = log[index];
    if (line === undefined) break;
    last = line;
    const hit = hitOf(context, filter, line);
    if (hit !== undefined) hits.push(hit);
  }
  const token = last === undefined ? `${start};0;0` : `${last.watermark};${last.workItemId};${last.rev}`;
  const scope = context.project === undefined ? '' : `/${context.project.id}`;
  const next = new URLSearchParams(context.query);
  next.set('continuationToken', token);
  return {
    values: hits.map((hit) => view(context, filter, hit)),
    nextLink: `${context.simulator.organizationUrl}${scope}/_apis/wit/reporting/workItemRevisions?${next}`,
    continuationToken: token,
    isLastBatch: index >= log.length,
  };
}

const common = {
  path: 'wit/reporting/workitemrevisions',
  level: 'both',
  version: { since: 2, revision: 2 },
  scope: 'vso.work',
} as const;

export const reportingRoutes: Route[] = [
  { id: 'reporting.revisions', method: 'GET', ...common, handle: report },
  { id: 'reporting.revisions', method: 'POST', ...common, handle: report },
];
