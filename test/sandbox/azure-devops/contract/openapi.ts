import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import ajvFormats from 'ajv-formats';

/** Microsoft's OpenAPI 2.0 files as a judge over single exchanges. */
export interface Contract {
  /** The violations of one exchange, as readable lines; none for an address that the files do not know. */
  validateExchange(
    method: string,
    url: string,
    requestBody: unknown,
    status: number,
    responseBody: unknown,
  ): string[];
  /** What had to be loosened in the files' schemas, and why. */
  relaxations: readonly string[];
  /** Exchanges that met a schema so far. */
  checked(): number;
  /** `METHOD path` of the exchanges that no file describes. */
  unknown(): string[];
}

type Schema = Record<string, unknown>;

interface Operation {
  parameters?: { in: string; name: string; required?: boolean; schema?: Schema }[];
  responses?: Record<string, { schema?: Schema }>;
  consumes?: string[];
}

interface ApiFile {
  paths: Record<string, Record<string, Operation>>;
  definitions: Record<string, Schema>;
}

const relaxations = [
  'additionalProperties {type: object} of field maps: any value; the examples show text and numbers in work item fields',
  'properties of type object without properties (resource, newValue, defaultValue, value): any value, as in the examples',
  'null is allowed everywhere: the examples send null for absent values (resourceVersion, defaultValue, actions)',
  'format T, Stream and byte: dropped, they are not JSON formats; probationRetries is sent as a number',
  'StreamedBatch.values: items of any type; the file says text, the examples show work items',
  'WorkItemDeleteReference.deletedDate is text without a format and stays so: the service writes a local date',
  'enums: compared without regard to case, numbers allowed (enumsAsNumbers clients)',
  'lists: {count, value} around the array that the file names, as in every example',
  'status: any 2xx may stand in for the documented 200; the examples show 201 for uploads and 204 for deletes',
  'JsonPatchDocument: the file says object and array at once; checked as an array of operations',
  'Notification.status: queuedForRetry added, which the reference of the service hooks lists (30) and the file does not',
];

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** OpenAPI 2.0 to JSON Schema, with the relaxations above. `prefix` keeps the files' definitions apart. */
function convert(schema: unknown, prefix: string, name = ''): unknown {
  if (!isSchema(schema)) return schema;
  if (typeof schema.$ref === 'string') {
    const target = { $ref: `${prefix}${schema.$ref.split('/').at(-1)}` };
    return { anyOf: [{ type: 'null' }, target] };
  }
  if (Array.isArray(schema.enum))
    return convertEnum([...schema.enum.map(String), ...missingEnumValues(schema.enum)]);
  const parts = Array.isArray(schema.allOf) ? schema.allOf.map((part) => convert(part, prefix)) : undefined;
  const properties = isSchema(schema.properties) ? schema.properties : undefined;
  const map = isSchema(schema.additionalProperties) ? schema.additionalProperties : undefined;
  if (schema.type === 'object' && properties === undefined && map === undefined && parts === undefined)
    return {};
  if (name === 'probationRetries') return { type: ['number', 'string', 'null'] };
  const result: Schema = {};
  const isArrayInDisguise =
    Array.isArray(schema.allOf) && schema.allOf.some((part) => isSchema(part) && part.type === 'array');
  if (typeof schema.type === 'string' && !isArrayInDisguise) result.type = [schema.type, 'null'];
  const known = ['date-time', 'uuid', 'uri'];
  if (typeof schema.format === 'string' && known.includes(schema.format)) result.format = schema.format;
  if (schema.items !== undefined)
    result.items = isLooseItems(schema.items) ? {} : convert(schema.items, prefix);
  if (properties !== undefined)
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, convert(value, prefix, key)]),
    );
  if (map !== undefined)
    result.additionalProperties =
      map.type === 'object' && map.properties === undefined && map.additionalProperties === undefined
        ? {}
        : convert(map, prefix);
  if (parts !== undefined) result.allOf = parts;
  return result;
}

const isLooseItems = (items: unknown): boolean => isSchema(items) && items.format === 'T';

/** Documented in the service hooks' reference, yet missing in the file. */
const missingEnumValues = (values: unknown[]): string[] =>
  values.includes('requestInProgress') ? ['queuedForRetry'] : [];

function convertEnum(values: string[]): Schema {
  const pattern = `^(${values.map((value) => value.replace(/[^a-z0-9]/gi, '\\$&')).join('|')})$`;
  const anyCase = pattern.replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
  return { anyOf: [{ type: ['number', 'null'] }, { type: 'string', pattern: anyCase }] };
}

interface KnownOperation {
  method: string;
  template: string;
  pattern: RegExp;
  staticLength: number;
  response: ValidateFunction | undefined;
  isList: boolean;
  body: ValidateFunction | undefined;
}

/** `{project}/` and `{team}/` are optional in the service's addresses although the files show one form only. */
function pathPattern(template: string): RegExp {
  const source = template
    .replace(/^\/\{organization\}/, '')
    .replace(/^\/\{project\}(\/\{team\})?/, '(?:PROJECT)?(?:PROJECT)?')
    .replace(/\/$/, '')
    .replace(/[.$]/g, '\\$&')
    .replace(/\/\{path\}/g, '(?:/.+)?')
    .replace(/\{[^}]+\}/g, '[^/$]+')
    .replaceAll('PROJECT', '/[^/]+');
  return new RegExp(`^${source}/?$`, 'i');
}

/** Throws when a file is missing or not JSON. The files start with a byte order mark. */
export function loadContract(files: string[]): Contract {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
  ajvFormats.default(ajv);
  const operations: KnownOperation[] = [];
  for (const [index, path] of files.entries()) {
    const file = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, '')) as ApiFile;
    const prefix = `file${index}.`;
    for (const [name, schema] of Object.entries(file.definitions))
      ajv.addSchema(convert(schema, prefix) as object, `${prefix}${name}`);
    for (const [template, methods] of Object.entries(file.paths))
      for (const [method, operation] of Object.entries(methods))
        operations.push(compile(ajv, prefix, template, method, operation));
  }
  // The most literal template wins: `workitems/$batch` must not be taken for a work item.
  operations.sort((a, b) => b.staticLength - a.staticLength);
  let checkedCount = 0;
  const unknown = new Set<string>();
  return {
    relaxations,
    checked: () => checkedCount,
    unknown: () => [...unknown].sort(),
    validateExchange: (method, url, requestBody, status, responseBody) => {
      const path = apiPath(url);
      const operation = operations.find(
        (candidate) => candidate.method === method && candidate.pattern.test(path),
      );
      if (operation === undefined) {
        unknown.add(`${method} ${path.replace(/\/[0-9a-f-]{36}|\/\d+(?=\/|$)/gi, '/{id}')}`);
        return [];
      }
      checkedCount += 1;
      return judge(operation, requestBody, status, responseBody);
    },
  };
}

/** Without host, organisation (or tfs/collection, vssps/organisation) and query. */
function apiPath(url: string): string {
  const { pathname } = new URL(url, 'http://localhost');
  const decoded = decodeURIComponent(pathname);
  return decoded.replace(/^\/(?:tfs|vssps)(?=\/[^/]+\/)/, '').replace(/^\/[^/]+/, '');
}

function compile(
  ajv: Ajv,
  prefix: string,
  template: string,
  method: string,
  operation: Operation,
): KnownOperation {
  const schema = operation.responses?.['200']?.schema;
  const isStream = schema?.type === 'string';
  const body = operation.parameters?.find((parameter) => parameter.in === 'body')?.schema;
  const isBinary = (operation.consumes ?? []).includes('application/octet-stream');
  return {
    method: method.toUpperCase(),
    template,
    pattern: pathPattern(template),
    staticLength: template.replace(/\{[^}]+\}/g, '').length,
    isList: schema?.type === 'array',
    response: schema === undefined || isStream ? undefined : ajv.compile(convert(schema, prefix) as object),
    body: body === undefined || isBinary ? undefined : ajv.compile(convert(body, prefix) as object),
  };
}

function judge(
  operation: KnownOperation,
  requestBody: unknown,
  status: number,
  responseBody: unknown,
): string[] {
  const label = `${operation.method} ${operation.template}`;
  const problems: string[] = [];
  const explain = (what: string, validate: ValidateFunction) => {
    // Nullable references are alternatives: the deepest error is the one that says what is wrong.
    const errors = (validate.errors ?? []).filter(
      (entry) => entry.message !== 'must be null' && entry.keyword !== 'anyOf',
    );
    const [error] = errors.sort((a, b) => b.instancePath.length - a.instancePath.length);
    problems.push(`${label}: ${what}${error?.instancePath ?? ''} ${error?.message ?? 'is invalid'}`);
  };
  if (operation.body !== undefined && requestBody !== undefined && !operation.body(requestBody))
    explain('request', operation.body);
  if (status < 200 || status > 299) {
    const error = responseBody as { typeKey?: unknown; message?: unknown } | undefined;
    if (typeof error?.message !== 'string' || typeof error.typeKey !== 'string')
      problems.push(`${label}: error ${status} without message and typeKey`);
    return problems;
  }
  if (operation.response === undefined || status === 204) return problems;
  let answer = responseBody;
  if (operation.isList) {
    const wrapped = responseBody as { count?: unknown; value?: unknown } | undefined;
    if (!Array.isArray(wrapped?.value) || wrapped.count !== wrapped.value.length)
      return [...problems, `${label}: not a {count, value} list`];
    answer = wrapped.value;
  }
  if (answer === undefined) problems.push(`${label}: no answer body`);
  else if (!operation.response(answer)) explain('response', operation.response);
  return problems;
}
