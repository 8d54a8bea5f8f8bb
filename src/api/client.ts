import type { RouteName } from '../../backend/contract/routes.ts';
import { ApiProblem, localProblem } from './problem.ts';
import { send } from './request.ts';
import { routeTable } from './route-table.ts';
import type { Api, CallOptions, Session } from './types.ts';

/** What a session is opened with; asked for anew each time, because the tokens are short-lived and not kept. */
export interface SessionSource {
  backendUrl: string;
  organization: string;
  hostId: string;
  /** Id, or name when only that is known. */
  projectId: string | undefined;
  appToken(): Promise<string | undefined>;
  accessToken(): Promise<string>;
}

export interface Client {
  api: Api;
  /** Without a slash at the end. */
  backendUrl: string;
  /** The session, opened when there is none; its rights say which buttons make sense. */
  session(): Promise<Session>;
}

/** Renewed this long before it ends, so that a slow request does not arrive with a dead token. */
const renewBeforeMs = 30_000;

/**
 * A client for one backend and project. The session lives in this closure alone: not in storage, where every script of
 * the shared gallery origin could read it.
 */
export function createClient(source: SessionSource): Client {
  let opening: Promise<Session> | undefined;
  let expiresAtMs = 0;

  const session = (): Promise<Session> => {
    if (opening && Date.now() < expiresAtMs - renewBeforeMs) return opening;
    expiresAtMs = Number.POSITIVE_INFINITY;
    const mine = openSession(source);
    opening = mine;
    mine.then(
      (opened) => {
        if (opening === mine) expiresAtMs = Date.parse(opened.expiresAt);
      },
      () => {
        if (opening === mine) opening = undefined;
      },
    );
    return mine;
  };

  /** Concurrent calls that were refused with the same session share one renewal. */
  const renew = async (refused: Session): Promise<Session> => {
    if (opening && (await opening) === refused) opening = undefined;
    return session();
  };

  const call = async (name: RouteName, input: Record<string, unknown>, options?: CallOptions) => {
    const used = await session();
    try {
      return await send(source.backendUrl, name, input, used.token, options);
    } catch (reason) {
      if (!(reason instanceof ApiProblem) || reason.code !== 'signInRequired') throw reason;
      // Once: a session that is refused right after it was opened will not get better.
      return send(source.backendUrl, name, input, (await renew(used)).token, options);
    }
  };

  const names = Object.keys(routeTable) as RouteName[];
  const api = Object.fromEntries(
    names
      .filter((name) => name !== 'openSession')
      .map((name) => [
        name,
        (input: Record<string, unknown>, options?: CallOptions) => call(name, input, options),
      ]),
  ) as unknown as Api;
  return { api, backendUrl: source.backendUrl, session };
}

async function openSession(source: SessionSource): Promise<Session> {
  if (!source.projectId) throw localProblem('noProject');
  const [appToken, accessToken] = await Promise.all([source.appToken(), source.accessToken()]);
  const { organization, hostId, projectId } = source;
  const body = { organization, hostId, projectId, accessToken, ...(appToken ? { appToken } : {}) };
  return (await send(source.backendUrl, 'openSession', { body }, undefined)) as Session;
}
