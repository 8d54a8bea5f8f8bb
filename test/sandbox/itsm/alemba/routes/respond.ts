import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AlembaError, badRequest, OAuthError, resourceNotFound, unsupportedMedia } from '../errors.ts';
import type { ApiVersion } from '../links.ts';
import type { Actor } from '../model.ts';
import type { AlembaSystem } from '../system.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route in the ledger's words, `call.read`. */
    name?: string;
  }
}

export interface ApiParams {
  version: ApiVersion;
  ref: string;
  entity: string;
  action: string;
  id: string;
}

export type ApiRequest = FastifyRequest<{
  Params: ApiParams;
  Querystring: Record<string, string | string[]>;
}>;

export function actorOf(system: AlembaSystem, request: FastifyRequest): Actor {
  return system.sessions.authenticate(request.headers.authorization);
}

/** @throws AlembaError 400 for anything but a JSON object; actions may come without a body. */
export function bodyOf(request: FastifyRequest): Record<string, unknown> {
  const body = request.body ?? {};
  if (typeof body !== 'object' || Array.isArray(body)) throw badRequest('A JSON object is expected');
  return body as Record<string, unknown>;
}

/** Errors in the vendor's shapes; what is left over is a defect of the simulator and answered as 500. */
export function registerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | AlembaError | OAuthError, request, reply) => {
    if (error instanceof AlembaError || error instanceof OAuthError) {
      return reply.code(error.status).send(error.toBody());
    }
    return sendError(reply, translate(error, request));
  });
  app.setNotFoundHandler((request, reply) =>
    sendError(reply, resourceNotFound(request.url.split('?')[0] ?? '')),
  );
}

function sendError(reply: FastifyReply, error: AlembaError): FastifyReply {
  return reply.code(error.status).send(error.toBody());
}

function translate(error: FastifyError, request: FastifyRequest): AlembaError {
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return unsupportedMedia(request.headers['content-type'] ?? '');
  }
  if (error.statusCode === 413) return new AlembaError(413, 'The maximum request length was exceeded');
  if (error.statusCode !== undefined && error.statusCode < 500) return badRequest(error.message);
  return new AlembaError(500, `An error has occurred: ${error.message}`);
}
