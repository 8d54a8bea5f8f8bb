import { z } from 'zod';
import { downloadRoute } from '../contract/downloads.ts';
import { problem, problemCatalogue } from '../contract/problem.ts';
import type { RouteShape } from '../contract/route.ts';
import { routes } from '../contract/routes.ts';

type Json = Record<string, unknown>;

type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => Json;

/**
 * Schemas that refer to themselves (rules within rules) come with definitions of their own; within a document they have
 * to stand under `components`, where `definitions` gathers them.
 */
const schemasInto =
  (definitions: Json): SchemaOf =>
  (schema, io) => {
    const {
      $schema: _dialect,
      $defs = {},
      ...rest
    } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json & { $defs?: Json };
    // What is answered is stricter (no further properties) than what is taken.
    const suffix = io === 'output' ? 'Answered' : '';
    const placed = (part: unknown) =>
      JSON.parse(
        JSON.stringify(part).replace(/"#\/\$defs\/([^"]+)"/g, `"#/components/schemas/$1${suffix}"`),
      ) as Json;
    for (const [name, definition] of Object.entries($defs)) definitions[name + suffix] = placed(definition);
    return placed(rest);
  };

const content = (schema: Json) => ({ 'application/json': { schema } });

const parametersOf = (route: RouteShape, schemaOf: SchemaOf): Json[] => {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const query = route.query ? schemaOf(route.query, 'input') : {};
  const required = new Set((query.required as string[] | undefined) ?? []);
  const inQuery = Object.entries((query.properties as Json | undefined) ?? {}).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.has(name),
    schema,
  }));
  return [...inPath, ...inQuery];
};

const operationOf = (name: string, route: RouteShape, schemaOf: SchemaOf): Json => ({
  operationId: name,
  summary: route.summary,
  description: `Guard: ${route.guard}.`,
  tags: [route.path.split('/').find((part) => part && part !== 'api' && !part.startsWith(':')) ?? 'api'],
  parameters: parametersOf(route, schemaOf),
  ...(route.body && { requestBody: { required: true, content: content(schemaOf(route.body, 'input')) } }),
  responses: {
    200: { description: 'Done.', content: content(schemaOf(route.response, 'output')) },
    default: { $ref: '#/components/responses/Problem' },
  },
  security: route.guard === 'open' ? [] : [{ session: [] }],
});

const download: Json = {
  operationId: 'download',
  summary: downloadRoute.summary,
  description: downloadRoute.description,
  tags: ['downloads'],
  parameters: [{ name: 'token', in: 'path', required: true, schema: { type: 'string' } }],
  responses: {
    200: {
      description: 'The file, whole.',
      headers: Object.fromEntries(
        Object.entries(downloadRoute.headers)
          .filter(([name]) => name !== 'content-type')
          .map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
      ),
      content: { [downloadRoute.headers['content-type']]: { schema: { type: 'string', format: 'binary' } } },
    },
    default: { $ref: '#/components/responses/Problem' },
  },
  // The token in the address is the proof.
  security: [],
};

/** The API as OpenAPI 3.1, derived from the contract alone. `serverUrl` is the public address of the backend. */
export const buildOpenApi = (serverUrl: string): Json => {
  const paths: Record<string, Json> = {};
  const schemas: Json = {};
  const schemaOf = schemasInto(schemas);
  for (const [name, route] of Object.entries<RouteShape>(routes)) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(name, route, schemaOf) };
  }
  paths[downloadRoute.path.replace(':token', '{token}')] = { get: download };
  const codes = Object.entries(problemCatalogue).map(
    ([code, { status, title }]) => `${code} (${status}): ${title}.`,
  );
  return {
    openapi: '3.1.0',
    info: { title: 'Tandem', version: '1', description: 'API between the extension and its backend.' },
    servers: [{ url: serverUrl }],
    paths,
    components: {
      securitySchemes: {
        session: { type: 'http', scheme: 'bearer', description: 'From POST /api/session.' },
      },
      schemas: { Problem: schemaOf(problem, 'output'), ...schemas },
      responses: {
        Problem: {
          description: codes.join(' '),
          content: content({ $ref: '#/components/schemas/Problem' }),
        },
      },
    },
  };
};
