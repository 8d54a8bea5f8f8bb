import DataLoader from 'dataloader';
import { Failure, isFailure } from '../../sync/failure.ts';
import { outsideAttempt, untilAttemptEnds } from '../attempt.ts';
import type { ConnectorContext } from '../connector.ts';
import type { AlembaClient, Row } from './client.ts';
import { anyOf, equals, type Query } from './filter.ts';
import { lastActionJoin } from './history.ts';
import { refOfRow } from './translate.ts';

export interface RowRequest {
  id: string;
  /** Columns of `$select`. */
  columns: readonly string[];
}

/** Reads calls by number; readings that wait at the same time share a request. */
export interface RowLoader {
  /** Throws notFound when the call is gone or hidden. */
  load(request: RowRequest): Promise<Row>;
}

const maxBatch = 50;
/** IIS refuses query strings above 2,048 characters (`maxQueryString`, its default). */
const maxQueryChars = 2000;
/** The vendor's licence allows few requests at once; while these run, the next batch collects. */
const maxAtOnce = 2;

export function createRowLoader(context: ConnectorContext, client: AlembaClient): RowLoader {
  let running = 0;
  const waiting: (() => void)[] = [];
  const schedule = (dispatch: () => void) => {
    // A tick later, so that what is asked for together travels together; nothing waits when nothing runs.
    if (running < maxAtOnce) setImmediate(dispatch);
    else waiting.push(dispatch);
  };

  const query = (requests: readonly RowRequest[]): Query => ({
    $select: [...new Set(requests.flatMap((request) => request.columns))].join(','),
    $filter: anyOf(requests.map(({ id }) => equals('Ref', Number(id)))),
    $leftJoin: lastActionJoin,
    ...(requests.length > 1 && { $top: requests.length }),
  });

  const ask = async (requests: readonly RowRequest[]): Promise<ReadonlyMap<string, Row>> => {
    const rows = await outsideAttempt(() => client.search('call.read', '/call', query(requests)));
    return new Map(rows.map((row) => [refOfRow(row), row]));
  };

  const askEach = async (requests: readonly RowRequest[]): Promise<(Row | Error)[]> => {
    const answers: (Row | Error)[] = [];
    for (const request of requests) {
      const answer = await ask([request]).catch((error: unknown) => error as Error);
      answers.push(answer instanceof Error ? answer : rowOf(answer, request));
    }
    return answers;
  };

  const askTogether = async (requests: readonly RowRequest[]): Promise<(Row | Error)[]> => {
    try {
      const found = await ask(requests);
      return requests.map((request) => rowOf(found, request));
    } catch (error) {
      // One mapping names a property that does not exist: the other calls of the batch must not suffer for it.
      if (requests.length > 1 && isFailure(error) && error.kind === 'rejected') {
        context.log('alemba.batch_split', { calls: requests.length, reason: error.message });
        return askEach(requests);
      }
      return requests.map(() => error as Error);
    }
  };

  const split = (requests: readonly RowRequest[]): RowRequest[][] => {
    const parts: RowRequest[][] = [];
    const bareChars = client.urlLength('/call', {});
    for (const request of requests) {
      const last = parts.at(-1);
      const fits = last && client.urlLength('/call', query([...last, request])) - bareChars <= maxQueryChars;
      if (fits) last.push(request);
      else parts.push([request]);
    }
    return parts;
  };

  const loader = new DataLoader<RowRequest, Row>(
    async (requests) => {
      running += 1;
      try {
        const answers: (Row | Error)[] = [];
        for (const part of split(requests)) answers.push(...(await askTogether(part)));
        return answers;
      } finally {
        running -= 1;
        waiting.shift()?.();
      }
    },
    { cache: false, maxBatchSize: maxBatch, batchScheduleFn: schedule },
  );

  return { load: (request) => untilAttemptEnds(loader.load(request)) };
}

function rowOf(rows: ReadonlyMap<string, Row>, { id }: RowRequest): Row | Error {
  const message = `Call ${id} is gone, or hidden from the login that Tandem uses`;
  return rows.get(String(Number(id))) ?? new Failure({ kind: 'notFound', message });
}
