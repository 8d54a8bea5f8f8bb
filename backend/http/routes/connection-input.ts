import type { SecretState } from '../../compose/secrets.ts';
import type { AddressGuard } from '../../connectors/address-guard.ts';
import { AddressRefused } from '../../connectors/address-guard.ts';
import type { ConnectionInput } from '../../contract/connections.ts';
import type { ConnectorManifest, SettingField } from '../../contract/connector-manifest.ts';
import { azureDevOps } from '../../store/connections.ts';
import type { FieldTrouble } from './input-problems.ts';

type Value = string | number | boolean;

const maxTextLength = 20_000;

export interface CheckedInput {
  /** With defaults filled in. */
  settings: Record<string, Value>;
  troubles: FieldTrouble[];
  /** Requests would go to a server that the stored secrets were not entered for. */
  hasMoved: boolean;
}

/** What is stored of the connection that the input changes. */
export interface StoredInput {
  settings: Readonly<Record<string, Value>>;
  /** Names of the secrets that have a value. */
  secrets: ReadonlySet<string>;
  states: Readonly<Record<string, SecretState>>;
}

export const nothingStored: StoredInput = { settings: {}, secrets: new Set(), states: {} };

/**
 * Holds what an admin entered against the manifest. Secrets that are stored need not be entered again, unless an
 * address moves to another server: else whoever may change the address could have a stored secret sent to a server of
 * their own. Finds everything at once; addresses are checked by form, not by name resolution, which
 * happens when they are connected to.
 */
export function checkConnectionInput(
  manifest: ConnectorManifest,
  input: Pick<ConnectionInput, 'settings' | 'secrets'>,
  stored: StoredInput,
  guard: AddressGuard,
): CheckedInput {
  const settings: Record<string, Value> = {};
  const troubles: FieldTrouble[] = [];
  const known = new Set(manifest.settings.map(({ name }) => name));
  for (const name of Object.keys(input.settings)) {
    if (known.has(name)) continue;
    troubles.push(
      trouble(`settings.${name}`, `${manifest.name} has no setting of this name`, 'Leave it out.'),
    );
  }
  for (const field of manifest.settings) {
    const given = Object.hasOwn(input.settings, field.name) ? input.settings[field.name] : undefined;
    const value = given ?? field.default;
    const found = value === undefined ? requiredTrouble(field) : valueTrouble(field, value, guard);
    if (found !== undefined) troubles.push(found);
    else if (value !== undefined) settings[field.name] = typeof value === 'string' ? value.trim() : value;
  }
  const hasMoved = addressMoved(manifest, stored.settings, settings);
  if (hasMoved) troubles.push(...movedTroubles(manifest, input.secrets, stored.secrets));
  troubles.push(...secretTroubles(manifest, input.secrets, stored.secrets));
  if (manifest.kind === azureDevOps)
    troubles.push(...signInTroubles(settings, input.secrets, stored.secrets));
  return { settings, troubles, hasMoved };
}

const originsOf = (manifest: ConnectorManifest, settings: Readonly<Record<string, Value>>): string[] =>
  manifest.settings.flatMap(({ name, type }) => {
    const value = settings[name];
    return type === 'url' && typeof value === 'string' && URL.canParse(value) ? [new URL(value).origin] : [];
  });

function addressMoved(
  manifest: ConnectorManifest,
  before: Readonly<Record<string, Value>>,
  after: Readonly<Record<string, Value>>,
): boolean {
  const known = new Set(originsOf(manifest, before));
  return originsOf(manifest, after).some((origin) => !known.has(origin));
}

const movedTroubles = (
  manifest: ConnectorManifest,
  given: ConnectionInput['secrets'],
  stored: ReadonlySet<string>,
): FieldTrouble[] =>
  manifest.secrets
    .filter(({ name, origin }) => origin === 'typed' && stored.has(name) && !Object.hasOwn(given, name))
    .map(({ name, label }) =>
      trouble(
        `secrets.${name}`,
        `${label} was entered for another server`,
        'Enter it again, because the address changed to another server.',
      ),
    );

const trouble = (field: string, problem: string, remedy: string): FieldTrouble => ({
  field,
  problem,
  remedy,
});

const requiredTrouble = (field: SettingField): FieldTrouble | undefined =>
  field.required
    ? trouble(`settings.${field.name}`, `${field.label} is missing`, `Enter it. ${field.help}`)
    : undefined;

function valueTrouble(field: SettingField, value: Value, guard: AddressGuard): FieldTrouble | undefined {
  const of = (problem: string, remedy: string) => trouble(`settings.${field.name}`, problem, remedy);
  if (field.type === 'boolean') {
    return typeof value === 'boolean'
      ? undefined
      : of(`${field.label} is neither on nor off`, 'Give true or false.');
  }
  if (field.type === 'number') return numberTrouble(field, value);
  if (typeof value !== 'string') return of(`${field.label} is no text`, 'Enter a text.');
  const text = value.trim();
  if (text.length > maxTextLength) {
    return of(`${field.label} is too long`, `Enter at most ${maxTextLength} characters.`);
  }
  if (text === '' && field.required) return requiredTrouble(field);
  if (field.type === 'choice') {
    const choices = field.choices ?? [];
    if (choices.some(({ id }) => id === text)) return undefined;
    return of(
      `${field.label} has no choice "${text.slice(0, 60)}"`,
      `Choose one of ${choices.map(({ id }) => id).join(', ')}.`,
    );
  }
  if (field.type === 'url' && text !== '') return addressTrouble(field, text, guard);
  if (field.pattern !== undefined && !new RegExp(field.pattern.source).test(text)) {
    return of(`${field.label} does not have the form that is needed`, `${field.pattern.message}.`);
  }
  return undefined;
}

function numberTrouble(field: SettingField, value: Value): FieldTrouble | undefined {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = field;
  if (typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max) return undefined;
  const bounds = [
    field.min === undefined ? '' : `from ${field.min}`,
    field.max === undefined ? '' : `up to ${field.max}`,
  ];
  const range = bounds.filter((bound) => bound !== '').join(' ');
  return trouble(
    `settings.${field.name}`,
    typeof value === 'number' ? `${field.label} is out of range` : `${field.label} is no number`,
    `Enter a number${range === '' ? '' : ` ${range}`}.`,
  );
}

function addressTrouble(field: SettingField, text: string, guard: AddressGuard): FieldTrouble | undefined {
  try {
    guard.checkUrl(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof AddressRefused)) throw error;
    const remedy = field.placeholder === undefined ? '' : ` It looks like ${field.placeholder}.`;
    return trouble(
      `settings.${field.name}`,
      error.message,
      `Enter an address that the operator allows.${remedy}`,
    );
  }
}

function secretTroubles(
  manifest: ConnectorManifest,
  secrets: ConnectionInput['secrets'],
  stored: ReadonlySet<string>,
): FieldTrouble[] {
  const troubles: FieldTrouble[] = [];
  for (const name of Object.keys(secrets)) {
    const field = manifest.secrets.find((secret) => secret.name === name);
    const path = `secrets.${name}`;
    if (field === undefined) {
      troubles.push(trouble(path, `${manifest.name} has no secret of this name`, 'Leave it out.'));
    } else if (field.origin === 'generated') {
      troubles.push(
        trouble(path, `${field.label} is made by Tandem`, 'Leave it out, and have a new one made instead.'),
      );
    }
  }
  for (const { name, label, help, required, origin } of manifest.secrets) {
    if (!required || origin === 'generated') continue;
    const given = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
    const isKept = given === undefined && stored.has(name);
    if (typeof given === 'string' || isKept) continue;
    troubles.push(trouble(`secrets.${name}`, `${label} is missing`, `Enter it. ${help}`));
  }
  return troubles;
}

/** What the manifest cannot say: each way to sign in needs its own. */
function signInTroubles(
  settings: Readonly<Record<string, Value>>,
  secrets: ConnectionInput['secrets'],
  stored: ReadonlySet<string>,
): FieldTrouble[] {
  const hasSecret = (name: string) => {
    const given = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
    return typeof given === 'string' || (given === undefined && stored.has(name));
  };
  const troubles: FieldTrouble[] = [];
  const need = (field: string, isThere: boolean, what: string) => {
    if (!isThere) troubles.push(trouble(field, `This sign-in needs the ${what}`, 'Enter it.'));
  };
  if (settings.authKind === 'entra') {
    need('settings.tenantId', Boolean(settings.tenantId), 'Entra tenant');
    need('settings.clientId', Boolean(settings.clientId), 'application (client) id');
    need('secrets.clientSecret', hasSecret('clientSecret'), 'client secret');
  } else if (settings.authKind === 'pat') {
    need('secrets.pat', hasSecret('pat'), 'personal access token');
  }
  return troubles;
}
