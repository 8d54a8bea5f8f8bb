import { Liquid, type Template } from 'liquidjs';
import { escapeText, toHtml, toText } from './markup/index.ts';
import type { FieldValue, FieldValues, RecordRef, RichText, Side } from './record.ts';

/** What a template can see. `source` is the side that the value comes from. */
export interface TemplateScope {
  workItem?: TemplateRecord;
  ticket?: TemplateRecord;
  source: TemplateRecord;
  link: { id: string };
}

export interface TemplateRecord {
  side: Side;
  system: string;
  ref?: RecordRef;
  title: string;
  status: string;
  fields: FieldValues;
}

export interface TemplateProblem {
  problem: string;
  /** From 1. */
  line: number;
  column: number;
}

export type Rendered =
  | { ok: string; unknownVariables: readonly string[] }
  /** A field that was not read: what is unknown must not be written as empty. */
  | { unknownField: string }
  | { failed: string };

/** The longest template of a mapping. Enforced by the contract as well. */
const maxTemplateChars = 20_000;
const maxRenderMs = 100;
/** LiquidJS counts characters and entries that a template makes. */
const maxRenderMemory = 2_000_000;
const maxOutputChars = 1_000_000;

/** A rich value in a template: its text in plain templates, its clean HTML in rich ones. */
class RichDrop {
  readonly #value: RichText;
  constructor(value: RichText) {
    this.#value = value;
  }
  get html(): string {
    return toHtml(this.#value).text;
  }
  toString(): string {
    return toText(this.#value).text;
  }
  valueOf(): string {
    return this.toString();
  }
}

const asText = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.map(asText).join(', ') : String(value);
};

const refusedTags = ['include', 'render', 'layout', 'block'];
/** Random, or of no use without the network or a clock. */
const refusedFilters = ['sample', 'hmac_sha256', 'sha256', 'inspect'];
const clockWords = new Set(['now', 'today']);

function makeEngine(rich: boolean): Liquid {
  const engine = new Liquid({
    parseLimit: maxTemplateChars,
    renderLimit: maxRenderMs,
    memoryLimit: maxRenderMemory,
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: false,
    // The machine's own zone would make the same input give another output elsewhere.
    timezoneOffset: 0,
    templates: {},
    outputEscape: (value: unknown) => {
      if (!rich) return asText(value);
      return value instanceof RichDrop ? value.html : escapeText(asText(value));
    },
  });
  for (const tag of refusedTags) delete engine.tags[tag];
  for (const filter of refusedFilters) delete engine.filters[filter];
  for (const name of Object.keys(engine.filters).filter((filter) => filter.startsWith('date'))) {
    const original = engine.filters[name];
    if (typeof original !== 'function') continue;
    // Liquid reads `now` from the clock; a template that did would never agree with itself.
    engine.registerFilter(name, function (value: unknown, ...rest: unknown[]) {
      if (typeof value === 'string' && clockWords.has(value.trim())) return '';
      return original.call(this, value, ...rest);
    });
  }
  return engine;
}

const engines: { plain?: Liquid; rich?: Liquid } = {};

function engineFor(rich: boolean): Liquid {
  const name = rich ? 'rich' : 'plain';
  engines[name] ??= makeEngine(rich);
  return engines[name];
}

interface Compiled {
  nodes: Template[];
  /** Paths of variables, for example `['workItem', 'fields', 'System.Title']`. */
  paths: readonly (readonly string[])[];
}

const compiled = new Map<string, Compiled>();
const maxCompiled = 500;

function compile(template: string, rich: boolean): Compiled {
  const key = `${rich ? 'rich' : 'plain'}:${template}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const engine = engineFor(rich);
  const nodes = engine.parse(template);
  const paths = engine
    .globalVariableSegmentsSync(nodes)
    .map((segments) => segments.filter((segment): segment is string => typeof segment === 'string'));
  const entry = { nodes, paths };
  if (compiled.size >= maxCompiled) compiled.delete(compiled.keys().next().value as string);
  compiled.set(key, entry);
  return entry;
}

/** The problem that keeps a template from being used, or undefined. */
export function checkTemplate(template: string, rich: boolean): TemplateProblem | undefined {
  try {
    compile(template, rich);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /, line:(\d+), col:(\d+)/.exec(message);
    return {
      problem: message.replace(/, line:\d+, col:\d+[\s\S]*$/, ''),
      line: Number(position?.[1] ?? 1),
      column: Number(position?.[2] ?? 1),
    };
  }
}

/** Field ids that a template reads, per side. Empty for a template that does not compile. */
export function fieldsOfTemplate(template: string, source: Side): Readonly<Record<Side, readonly string[]>> {
  const fields: Record<Side, Set<string>> = { workItem: new Set(), ticket: new Set() };
  if (checkTemplate(template, false) === undefined) {
    for (const [root, part, field] of compile(template, false).paths) {
      const side = root === 'source' ? source : root;
      if ((side === 'workItem' || side === 'ticket') && part === 'fields' && field !== undefined) {
        fields[side].add(field);
      }
    }
  }
  return { workItem: [...fields.workItem], ticket: [...fields.ticket] };
}

function plainValue(value: FieldValue): unknown {
  if (value === null || typeof value !== 'object') return value;
  switch (value.kind) {
    case 'rich':
      return new RichDrop(value);
    case 'choice':
      return value.name ?? value.id;
    case 'principal':
      return value.name ?? value.email ?? value.id;
    case 'instant':
      return value.at;
    case 'day':
      return value.on;
    case 'words':
      return [...value.words];
  }
}

function plainRecord(record: TemplateRecord | undefined) {
  if (record === undefined) return undefined;
  return {
    side: record.side,
    system: record.system,
    id: record.ref?.id ?? '',
    key: record.ref?.key ?? '',
    url: record.ref?.url ?? '',
    type: record.ref?.type ?? '',
    project: record.ref?.project ?? '',
    title: record.title,
    status: record.status,
    fields: Object.fromEntries(Object.entries(record.fields).map(([id, value]) => [id, plainValue(value)])),
  };
}

const recordNames = new Set([
  'id',
  'key',
  'url',
  'type',
  'project',
  'title',
  'status',
  'side',
  'system',
  'fields',
]);

/** The first field that is named but was not read, and the names that nothing stands for. */
function inspectPaths(paths: Compiled['paths'], scope: TemplateScope) {
  const unknownVariables: string[] = [];
  for (const [root, part, field] of paths) {
    if (root === 'link') continue;
    if (root !== 'workItem' && root !== 'ticket' && root !== 'source') {
      unknownVariables.push([root, part, field].filter((name) => name !== undefined).join('.'));
    } else if (part !== undefined && !recordNames.has(part)) {
      unknownVariables.push(`${root}.${part}`);
    } else if (part === 'fields' && field !== undefined) {
      const record = scope[root];
      if (record === undefined || !(field in record.fields)) return { unknownField: field, unknownVariables };
    }
  }
  return { unknownField: undefined, unknownVariables };
}

/**
 * Renders a template. Outputs of a rich template are escaped unless they are rich themselves. The same input gives
 * the same output on every machine: there is no clock, no randomness, no file and no zone but UTC.
 */
export function renderTemplate(template: string, rich: boolean, scope: TemplateScope): Rendered {
  try {
    const { nodes, paths } = compile(template, rich);
    const { unknownField, unknownVariables } = inspectPaths(paths, scope);
    if (unknownField !== undefined) return { unknownField };
    const text: string = engineFor(rich).renderSync(nodes, {
      workItem: plainRecord(scope.workItem),
      ticket: plainRecord(scope.ticket),
      source: plainRecord(scope.source),
      link: scope.link,
    });
    if (text.length > maxOutputChars)
      return { failed: `The template makes more than ${maxOutputChars} characters` };
    return { ok: text, unknownVariables };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}
