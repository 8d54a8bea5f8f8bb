import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { downloadRoute } from '../contract/downloads.ts';
import { ProblemError } from './problem.ts';

/** The content of a file, and its name as the other system gives it. */
export type OpenDownload = (token: string) => Promise<{ name: string; content: Readable } | undefined>;

export const downloadPath = (token: string): string => downloadRoute.path.replace(':token', token);

/** Tokens hold a name of 255 characters at most, sealed and in base64. */
const maxTokenLength = 4000;

/**
 * Files of tickets, passed through without being kept. They come from strangers: always as bytes to be saved, never as
 * something that the browser shows or runs.
 */
export function mountDownloads(app: FastifyInstance, open: OpenDownload): void {
  app.route<{ Params: { '*': string } }>({
    method: downloadRoute.method,
    // Asked for its head alone, the other system would still send the whole file.
    exposeHeadRoute: false,
    // A wildcard, because the router caps named parameters at 300 characters.
    url: downloadRoute.path.replace(':token', '*'),
    config: { name: 'download' },
    async handler(request, reply) {
      const token = request.params['*'];
      const file = token.length > maxTokenLength ? undefined : await open(token);
      if (file === undefined) throw new ProblemError('notFound');
      return reply
        .header('content-type', downloadRoute.headers['content-type'])
        .header('accept-ranges', downloadRoute.headers['accept-ranges'])
        .header('content-disposition', dispositionOf(file.name))
        .header('content-security-policy', "sandbox; default-src 'none'")
        .send(file.content);
    },
  });
}

/** RFC 6266: a plain name for old readers, the real one for all others. */
export const dispositionOf = (name: string): string => {
  const plain = name.replace(/[^\w. -]/g, '_') || 'file';
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
};
