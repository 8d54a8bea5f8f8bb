import { Failure } from '../../sync/failure.ts';
import type { StatusCategory } from '../../sync/record.ts';
import { manifest } from './manifest.ts';

export type StatusAction = 'field' | 'close' | 'reopen' | 'defer';

/** The manifest's settings with types; texts that have a form of their own are read when they are used. */
export type AlembaSettings = ReturnType<typeof readSettings>;

const defaults = new Map(manifest.settings.map((field) => [field.name, field.default]));

/** Never throws: `settingProblems` tells what is wrong. */
export function readSettings(raw: Readonly<Record<string, unknown>>) {
  const value = (name: string) => raw[name] ?? defaults.get(name);
  const text = (name: string) => String(value(name) ?? '').trim();
  const number = (name: string) => Number(value(name));
  const list = (name: string) =>
    text(name)
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  return {
    address: readAddress(text('address')),
    apiVersion: text('apiVersion'),
    clientId: text('clientId'),
    username: text('username'),
    partition: text('partition'),
    callTemplate: text('call.template'),
    callType: text('call.type'),
    callIpkStatus: text('call.ipkStatus'),
    callIpkStream: text('call.ipkStream'),
    correlationField: text('correlation.field'),
    backlinkField: text('backlink.field'),
    tokenPath: text('auth.tokenPath'),
    grant: text('auth.grant'),
    scope: text('auth.scope'),
    licencePattern: text('auth.licencePattern'),
    titleField: text('fields.title'),
    stateField: text('status.stateField'),
    statusCategories: readLines(text('status.categories')) as ReadonlyMap<string, StatusCategory>,
    statusActions: readLines(text('status.actions')) as ReadonlyMap<string, StatusAction>,
    closeFields: list('close.fields'),
    assignmentFields: list('assignment.fields'),
    emailProperty: text('users.emailProperty'),
    callAddress: text('web.callAddress'),
    bodies: {
      close: text('bodies.close'),
      reopen: text('bodies.reopen'),
      defer: text('bodies.defer'),
      forward: text('bodies.forward'),
      addComment: text('bodies.addComment'),
    },
    addCommentRoute: text('routes.addComment'),
    addCommentFallback: text('routes.addCommentFallback'),
    commentTitle: text('comment.title'),
    visibilityField: text('comment.visibilityField'),
    systemField: text('history.systemField'),
    systemPattern: text('history.systemPattern'),
    attachmentAddRoute: text('routes.attachmentAdd'),
    attachmentListRoute: text('routes.attachmentList'),
    attachmentDownloadRoute: text('routes.attachmentDownload'),
    attachmentPattern: text('attachment.historyPattern'),
    lockConflictPattern: text('lock.conflictPattern'),
    lockMaxWaitMs: number('lock.maxWaitSeconds') * 1000,
    readUnderLock: text('lock.check') !== 'answer',
    overlapMs: number('changes.overlapSeconds') * 1000,
    pageSize: number('changes.pageSize'),
  };
}

/** People paste the address of a page or of the API; both lie below the system. */
function readAddress(address: string): string {
  return address
    .replace(/[?#].*$/, '')
    .replace(/\/(alemba\.(api|web))(\/.*)?$/i, '')
    .replace(/\/+$/, '');
}

function readLines(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').map((line) => /^(.+?)\s*=\s*(\w+)$/.exec(line.trim()));
  return new Map(
    lines.flatMap((match) => (match ? [[(match[1] as string).toLowerCase(), match[2] as string]] : [])),
  );
}

const patterns = new Map<string, RegExp>();

/** Case-insensitive; kept, because it is asked for with every history entry. Throws `Failure` rejected. */
export function compilePattern(source: string, name: string): RegExp {
  let pattern = patterns.get(source);
  if (pattern === undefined) {
    try {
      pattern = new RegExp(source, 'i');
    } catch (cause) {
      throw wrongSetting(name, 'is not a regular expression', cause);
    }
    patterns.set(source, pattern);
  }
  return pattern;
}

/**
 * A body from its JSON template. A text that is nothing but a placeholder takes the value with its type, so that
 * `"{status}"` becomes a number. Throws `Failure` rejected when the template is not a JSON object.
 */
export function fillBody(
  template: string,
  name: string,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const fill = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]));
    }
    if (typeof value !== 'string') return value;
    const whole = /^\{(\w+)\}$/.exec(value)?.[1];
    if (whole !== undefined && whole in values) return values[whole];
    return value.replaceAll(/\{(\w+)\}/g, (all, key: string) => (key in values ? String(values[key]) : all));
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(template === '' ? '{}' : template);
  } catch (cause) {
    throw wrongSetting(name, 'is not JSON', cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw wrongSetting(name, 'is not a JSON object');
  }
  return fill(parsed) as Record<string, unknown>;
}

const wrongSetting = (name: string, problem: string, cause?: unknown) => {
  const label = manifest.settings.find((field) => field.name === name)?.label ?? name;
  return new Failure(
    { kind: 'rejected', message: `The setting "${label}" ${problem}`, fields: [{ field: name, problem }] },
    { cause },
  );
};

/** One sentence per setting that cannot work. */
export function settingProblems(settings: AlembaSettings): string[] {
  const attempts: (() => unknown)[] = [
    () => compilePattern(settings.licencePattern, 'auth.licencePattern'),
    () => compilePattern(settings.lockConflictPattern, 'lock.conflictPattern'),
    () => compilePattern(settings.systemPattern, 'history.systemPattern'),
    () => compilePattern(settings.attachmentPattern, 'attachment.historyPattern'),
    ...Object.entries(settings.bodies).map(
      ([name, body]) =>
        () =>
          fillBody(body, `bodies.${name}`, {}),
    ),
  ];
  return attempts.flatMap((attempt) => {
    try {
      attempt();
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
}
