import type { FastifyRequest } from 'fastify';
import { frameworkProblem } from './problem.ts';
import type { Flavor } from './simulator.ts';

export interface ApiVersion {
  /** `7.1` as 7.1. */
  number: number;
  isPreview: boolean;
  /** The N of `-preview.N`. */
  revision: number | undefined;
}

/** What a route accepts. `revision` is the newest `-preview.N`; `isPreviewOnly` routes refuse a plain version. */
export interface RouteVersion {
  since: number;
  revision: number;
  isPreviewOnly?: boolean;
}

/**
 * Newest released and newest accepted version (Microsoft: integrate/concepts/rest-api-versioning; for Server 2022.1 the
 * folder azure-devops-server-7.1 of vsts-rest-api-specs). There is none such for 7.2.
 */
export const supported: Record<Flavor, { released: number; max: number }> = {
  services: { released: 7.1, max: 7.2 },
  'server-2022.1': { released: 7.1, max: 7.1 },
  'server-2022': { released: 7.0, max: 7.0 },
  'server-2020': { released: 6.0, max: 6.0 },
  'server-2019': { released: 5.0, max: 5.0 },
};

const show = (version: number): string => version.toFixed(1);

/**
 * Reads and checks the version. A GET may leave it out and gets the newest released one; a write may not. 400 with
 * the service's own three errors otherwise.
 */
export function checkApiVersion(
  request: FastifyRequest,
  query: URLSearchParams,
  flavor: Flavor,
  route: RouteVersion,
): ApiVersion {
  const { released, max } = supported[flavor];
  const text =
    query.get('api-version') ?? /api-version\s*=\s*"?([^;,"\s]+)/i.exec(request.headers.accept ?? '')?.[1];
  if (text === undefined || text === null) {
    if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS')
      return { number: released, isPreview: route.isPreviewOnly ?? false, revision: undefined };
    throw frameworkProblem(
      400,
      'VssVersionNotSpecifiedException',
      `No api-version was supplied for the "${request.method}" request. The version must be supplied either as part of the Accept header (e.g. "application/json; api-version=1.0") or as a query parameter (e.g. "?api-version=1.0").`,
    );
  }
  const parts = /^(\d+\.\d+)(-preview(?:\.(\d+))?)?$/i.exec(text);
  if (parts === null)
    throw frameworkProblem(
      400,
      'VssInvalidApiResourceVersionException',
      `The api-version "${text}" is not in a valid format.`,
    );
  const version: ApiVersion = {
    number: Number(parts[1]),
    isPreview: parts[2] !== undefined,
    revision: parts[3] === undefined ? undefined : Number(parts[3]),
  };
  if (version.number > max || (version.revision ?? 0) > route.revision)
    throw frameworkProblem(
      400,
      'VssVersionOutOfRangeException',
      `The requested REST API version of ${show(version.number)} is out of range for this server. The latest REST API version this server supports is ${show(max)}.`,
    );
  if (!version.isPreview && (route.isPreviewOnly || version.number > released))
    throw frameworkProblem(
      400,
      'VssInvalidPreviewVersionException',
      `The requested version "${text}" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: "${text}-preview"`,
    );
  return version;
}
