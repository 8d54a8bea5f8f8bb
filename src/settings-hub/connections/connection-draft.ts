import type { Connection, ConnectionInput } from '../../../backend/contract/connections.ts';
import type { ConnectorManifest, SettingField } from '../../../backend/contract/connector-manifest.ts';
import { words } from '../../text-settings.ts';

type Settings = ConnectionInput['settings'];

export type Wait = 'growing' | 'fixed';

/** A connection while it is edited. Numbers stay as typed, so that "1." is not turned into something else meanwhile. */
export interface ConnectionDraft {
  name: string;
  settings: Record<string, string | boolean>;
  /** Only those that the person typed. */
  secrets: Record<string, string>;
  /** Days on which the secrets end, by name; empty: not known. */
  secretEnds: Record<string, string>;
  /** How long it waits between attempts: what the other way waits is kept beside, but not judged. */
  wait: Wait;
  retry: Record<keyof Connection['retry'], string>;
  budget: Record<keyof Connection['budget'], string>;
}

/** What the contract uses when nothing is said; a fixed wait, for which it has no default, begins with half an hour. */
const usualRetry = {
  maxAttempts: '30',
  firstDelaySeconds: '2',
  longestDelaySeconds: '900',
  fixedDelaySeconds: '1800',
  attemptTimeoutSeconds: '600',
};

/** As the contract has them. */
const ranges = {
  maxAttempts: [1, 100],
  firstDelaySeconds: [1, 3600],
  longestDelaySeconds: [1, 86_400],
  fixedDelaySeconds: [1, 86_400],
  attemptTimeoutSeconds: [10, 3600],
  requestsPerSecond: [0.1, 1000],
  concurrent: [1, 64],
} as const;

/** What is entered for each way to wait; that of the other way is neither shown nor judged. */
export const waitFields: Record<Wait, readonly (keyof ConnectionDraft['retry'])[]> = {
  growing: ['firstDelaySeconds', 'longestDelaySeconds'],
  fixed: ['fixedDelaySeconds'],
};

const asText = <T extends object>(numbers: T) =>
  Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])) as Record<
    keyof T,
    string
  >;

export function draftOf(manifest: ConnectorManifest, connection?: Connection): ConnectionDraft {
  const settings = Object.fromEntries(
    manifest.settings.map((field) => {
      const value = connection?.settings[field.name] ?? field.default;
      return [
        field.name,
        field.type === 'boolean' ? value === true : value === undefined ? '' : String(value),
      ];
    }),
  );
  return {
    name: connection?.name ?? manifest.name,
    settings,
    secrets: {},
    secretEnds: Object.fromEntries(
      manifest.secrets.map(({ name }) => [name, connection?.secrets[name]?.ends?.on ?? '']),
    ),
    wait: connection?.retry.fixedDelaySeconds === undefined ? 'growing' : 'fixed',
    retry: { ...usualRetry, ...(connection && asText(connection.retry)) },
    budget: asText(connection?.budget ?? manifest.budget),
  };
}

/** Problems by field: settings and secrets by name, others as `retry.maxAttempts`. */
export function problemsOf(
  manifest: ConnectorManifest,
  draft: ConnectionDraft,
  connection?: Connection,
): Record<string, string> {
  const problems: Record<string, string> = {};
  if (!draft.name.trim()) problems.name = words.connections.fieldNeeded;
  for (const field of manifest.settings) {
    const problem = settingProblem(field, draft.settings[field.name]);
    if (problem) problems[field.name] = problem;
  }
  for (const secret of manifest.secrets) {
    const stored = connection?.secrets[secret.name];
    const missing = secret.required && secret.origin === 'typed' && !stored && !draft.secrets[secret.name];
    if (missing) problems[secret.name] = words.connections.secretNeeded;
    const problem = endDayProblem(draft, secret.name, stored?.ends?.on);
    if (problem) problems[endDayField(secret.name)] = problem;
  }
  const unused: readonly string[] = waitFields[draft.wait === 'fixed' ? 'growing' : 'fixed'];
  for (const [name, value] of Object.entries({ ...draft.retry, ...draft.budget })) {
    const problem = rangeProblem(name as keyof typeof ranges, value);
    if (problem && !unused.includes(name)) problems[name] = problem;
  }
  return problems;
}

function rangeProblem(name: keyof typeof ranges, value: string): string | undefined {
  const [min, max] = ranges[name];
  const number = Number(value);
  const whole = name === 'maxAttempts' || name === 'concurrent';
  const bad = value.trim() === '' || Number.isNaN(number) || number < min || number > max;
  return bad || (whole && !Number.isInteger(number)) ? words.connections.outOfRange(min, max) : undefined;
}

/** With a secret as it is typed. The stored day is that of the stored secret: it goes when a new one begins. */
export function withSecret(
  draft: ConnectionDraft,
  name: string,
  value: string,
  storedDay = '',
): ConnectionDraft {
  const day = draft.secretEnds[name] ?? '';
  const begins = value !== '' && !draft.secrets[name] && day === storedDay;
  return {
    ...draft,
    secrets: { ...draft.secrets, [name]: value },
    secretEnds: { ...draft.secretEnds, [name]: begins ? '' : value === '' ? storedDay : day },
  };
}

/** Where the problem of a secret's day stands among those of the form. */
export const endDayField = (secret: string): string => `ends:${secret}`;

/** A day that stood there already may have passed; a new one that has passed is a slip of the pen. */
function endDayProblem(draft: ConnectionDraft, name: string, stored?: string): string | undefined {
  const day = draft.secretEnds[name] ?? '';
  if (day === '' || (day === stored && !draft.secrets[name])) return undefined;
  // Both in the form of ISO 8601, which sorts by time.
  const today = new Date().toISOString().slice(0, 10);
  return day < today ? words.connections.ends.past : undefined;
}

/** Only what differs: a day of a secret that is not set means nothing, and a new secret drops the former's by itself. */
function endDaysOf(
  manifest: ConnectorManifest,
  draft: ConnectionDraft,
  connection?: Connection,
): ConnectionInput['secretEnds'] {
  const changed: ConnectionInput['secretEnds'] = {};
  for (const { name } of manifest.secrets) {
    const stored = connection?.secrets[name];
    const day = draft.secretEnds[name] ?? '';
    const isNew = Boolean(draft.secrets[name]);
    if (isNew ? day !== '' : stored && day !== (stored.ends?.on ?? ''))
      changed[name] = day === '' ? null : day;
  }
  return changed;
}

export function settingProblem(field: SettingField, value: string | boolean | undefined): string | undefined {
  if (typeof value === 'boolean') return undefined;
  const typed = (value ?? '').trim();
  if (typed === '') return field.required ? words.connections.fieldNeeded : undefined;
  if (field.type === 'number') {
    const number = Number(typed);
    const outside = number < (field.min ?? -Infinity) || number > (field.max ?? Infinity);
    if (Number.isNaN(number) || outside) return words.connections.outOfRange(field.min, field.max);
  }
  if (field.type === 'url' && !/^https?:\/\/[^\s]+$/i.test(typed)) return words.connections.notAddress;
  if (field.pattern && !new RegExp(field.pattern.source).test(typed)) return field.pattern.message;
  return undefined;
}

/** As the contract wants it: empty optional settings are left out, numbers are numbers. */
export function inputOf(
  manifest: ConnectorManifest,
  draft: ConnectionDraft,
  connection?: Connection,
): ConnectionInput {
  const settings: Settings = {};
  for (const field of manifest.settings) {
    const value = draft.settings[field.name];
    if (typeof value === 'boolean') settings[field.name] = value;
    else if (value !== undefined && value.trim() !== '') {
      settings[field.name] = field.type === 'number' ? Number(value) : value.trim();
    }
  }
  const { budget } = draft;
  return {
    kind: manifest.kind,
    name: draft.name.trim(),
    settings,
    secrets: Object.fromEntries(Object.entries(draft.secrets).filter(([, value]) => value !== '')),
    secretEnds: endDaysOf(manifest, draft, connection),
    retry: retryOf(draft),
    budget: { requestsPerSecond: Number(budget.requestsPerSecond), concurrent: Number(budget.concurrent) },
  };
}

/** The fixed wait is there only when it holds. What is not shown must not keep the form from being saved. */
function retryOf({ wait, retry }: ConnectionDraft): Connection['retry'] {
  const number = (name: keyof typeof usualRetry) =>
    Number(rangeProblem(name, retry[name]) ? usualRetry[name] : retry[name]);
  return {
    maxAttempts: number('maxAttempts'),
    firstDelaySeconds: number('firstDelaySeconds'),
    longestDelaySeconds: number('longestDelaySeconds'),
    ...(wait === 'fixed' && { fixedDelaySeconds: number('fixedDelaySeconds') }),
    attemptTimeoutSeconds: number('attemptTimeoutSeconds'),
  };
}
