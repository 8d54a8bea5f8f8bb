import type { z } from 'zod';
import { RemoteFailure } from '../connectors/remote-failure.ts';
import { readRetryAfter } from '../connectors/retry-after.ts';
import type { RemoteAnswer, RemoteRequest, RemoteStream } from '../connectors/transport.ts';
import { Failure, isFailure } from '../sync/failure.ts';
import { identitiesUrlOf, organizationUrlOf } from './addresses.ts';
import { apiVersionOf, type Resource, type RestVersion } from './api-versions.ts';
import type { SignIn } from './auth.ts';
import type { AzureDevOpsContext } from './context.ts';
import { explainRefusal, explainVersion, problemOf } from './refusal.ts';

export interface ApiRequest {
  method: RemoteRequest['method'];
  /** Below `_apis/`: `wit/workitems/5`. Segments are the caller's to encode. */
  path: string;
  /** Id or name; without it the route of the whole organisation is used. */
  project?: string;
  resource: Resource;
  /** For counting: `workItem.read`. */
  route: string;
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  body?: unknown;
  contentType?: string;
  headers?: Record<string, string>;
  repeat?: RemoteRequest['repeat'];
  accept?: readonly number[];
  timeoutMs?: number;
  maxAnswerBytes?: number;
  /** Default: the organisation. */
  host?: 'organization' | 'identities';
}

export interface Client {
  readonly organizationUrl: string;
  send(request: ApiRequest): Promise<RemoteAnswer>;
  /** Sends and checks the answer; one that does not fit is `malformed`. */
  json<T>(request: ApiRequest, schema: z.ZodType<T>): Promise<T>;
  stream(request: ApiRequest): Promise<RemoteStream>;
  version(): Promise<RestVersion>;
}

export interface ClientOptions {
  /** Shared by all clients of one identity, so that a token is fetched once. */
  signIn: SignIn;
  version: () => Promise<RestVersion>;
}

/** What every request has in common: address, version, sign-in, pauses, and errors told in the product's words. */
export const createClient = (context: AzureDevOpsContext, options: ClientOptions): Client => {
  const organizationUrl = organizationUrlOf(context);
  const { signIn } = options;
  // Resources for which this server asked for the word "preview".
  const previewOnly = new Set<Resource>();

  const addressOf = async (request: ApiRequest): Promise<string> => {
    const version = await options.version();
    const apiVersion = apiVersionOf(request.resource, version);
    if (apiVersion === undefined) {
      const message = `Azure DevOps with REST version ${version} does not offer ${request.resource}`;
      throw new Failure({ kind: 'rejected', message });
    }
    const suffix = previewOnly.has(request.resource) && !apiVersion.includes('preview') ? '-preview' : '';
    return buildUrl(request, baseOf(request), `${apiVersion}${suffix}`);
  };

  const baseOf = (request: ApiRequest) =>
    request.host === 'identities' ? identitiesUrlOf(context) : organizationUrl;

  const perform = async <T extends { headers: Readonly<Record<string, string>> }>(
    request: ApiRequest,
    run: (outgoing: RemoteRequest) => Promise<T>,
  ): Promise<T> => {
    for (let triesLeft = 1; ; triesLeft--) {
      const authorization = await signIn.authorization();
      try {
        const answer = await run(outgoingOf(request, await addressOf(request), authorization));
        noticePause(context, answer.headers);
        return answer;
      } catch (error) {
        const mayRepeat = triesLeft > 0 && isRepeatableBody(request.body);
        if (mayRepeat && isFailure(error) && error.kind === 'unauthorized' && signIn.refused(authorization))
          continue;
        if (mayRepeat && wantsPreview(error) && !previewOnly.has(request.resource)) {
          previewOnly.add(request.resource);
          continue;
        }
        throw explainRefusal(explainVersion(error, context.apiVersion), isUnsafe(request));
      }
    }
  };

  const send = (request: ApiRequest) => perform(request, (outgoing) => context.transport.send(outgoing));

  return {
    organizationUrl,
    send,
    json: async (request, schema) => readAnswer(await send(request), schema, request),
    stream: (request) => perform(request, (outgoing) => context.transport.stream(outgoing)),
    version: options.version,
  };
};

const readAnswer = <T>(answer: RemoteAnswer, schema: z.ZodType<T>, request: ApiRequest): T => {
  const parsed = schema.safeParse(answer.json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') || 'the answer';
  const message = `Azure DevOps answered ${request.route} in a shape that is not known: ${where}: ${issue?.message}`;
  const requestId = answer.headers.activityid ?? answer.headers['x-vss-e2eid'];
  const details = {
    // What was to happen once has happened by now, as far as anybody can tell.
    kind: isUnsafe(request) ? ('ambiguous' as const) : ('malformed' as const),
    message: message.slice(0, 1000),
    status: answer.status,
    ...(requestId && { requestId }),
  };
  throw new RemoteFailure(details, answer);
};

const outgoingOf = (request: ApiRequest, url: string, authorization: string): RemoteRequest => {
  const { method, route, body, contentType, repeat, accept, timeoutMs, maxAnswerBytes } = request;
  return {
    method,
    url,
    route,
    headers: {
      // 401 instead of a redirect to a sign-in page, where the service can be moved to it.
      'x-tfs-fedauthredirect': 'Suppress',
      ...request.headers,
      authorization,
    },
    ...(body !== undefined && { body }),
    ...(contentType && { contentType }),
    ...(repeat && { repeat }),
    ...(accept && { accept }),
    ...(timeoutMs && { timeoutMs }),
    ...(maxAnswerBytes && { maxAnswerBytes }),
  };
};

export const buildUrl = (
  request: Pick<ApiRequest, 'path' | 'project' | 'query'>,
  baseUrl: string,
  apiVersion: string,
): string => {
  const project = request.project === undefined ? '' : `/${encodeURIComponent(request.project)}`;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) query.set(name, String(value));
  }
  query.set('api-version', apiVersion);
  // The service reads `$expand` also as `%24expand`, but proxies in front of Servers have been seen to double it.
  return `${baseUrl}${project}/_apis/${request.path}?${query.toString().replaceAll('%24', '$')}`;
};

/** A stream is used up by its first sending. */
const isRepeatableBody = (body: unknown) =>
  body === undefined ||
  Buffer.isBuffer(body) ||
  typeof (body as { pipe?: unknown } | null)?.pipe !== 'function';

const isUnsafe = (request: ApiRequest) =>
  request.repeat === 'unsafe' ||
  (request.repeat === undefined && request.method !== 'GET' && request.method !== 'OPTIONS');

/** "The -preview flag must be supplied": resources were released at different times on different Servers. */
const wantsPreview = (error: unknown) => problemOf(error)?.typeKey === 'VssInvalidPreviewVersionException';

/** Longest pause taken from X-RateLimit-Reset: the window of the limit (Microsoft: integrate/concepts/rate-limits). */
const longestWindowMs = 5 * 60_000;

/** Retry-After may come with 200; a budget that is used up is told by its own headers. */
const noticePause = (context: AzureDevOpsContext, headers: Readonly<Record<string, string>>) => {
  if (!context.slowDown) return;
  const nowMs = context.now().getTime();
  const asked = readRetryAfter(headers, () => nowMs);
  if (asked) {
    context.slowDown(asked);
    return;
  }
  const remaining = headers['x-ratelimit-remaining'];
  const resetS = Number(headers['x-ratelimit-reset']);
  if (remaining === undefined || Number(remaining) > 0 || !Number.isFinite(resetS)) return;
  const sentAtMs = Date.parse(headers.date ?? '');
  const waitMs = resetS * 1000 - (Number.isNaN(sentAtMs) ? nowMs : sentAtMs);
  if (waitMs > 0) context.slowDown(Math.min(waitMs, longestWindowMs));
};
