import type { SecretState } from '../../compose/secrets.ts';
import type { ConnectionInput, TestCheckResult } from '../../contract/connections.ts';
import type { ConnectorManifest, SecretField } from '../../contract/connector-manifest.ts';
import { type CredentialEnd, credentialEndOf, daysUntil } from '../../contract/credential-days.ts';
import type { Overview } from '../../contract/overview.ts';
import type { ConnectionRow } from '../../store/connections.ts';
import type { Sql } from '../../store/pool.ts';
import { listSecrets } from '../../store/secrets.ts';
import { manifestOf } from './connection-view.ts';
import type { FieldTrouble } from './input-problems.ts';
import type { Services } from './services.ts';

type States = Readonly<Record<string, SecretState>>;
type Entered = Pick<ConnectionInput, 'secrets' | 'secretEnds'>;

/** Own properties only: names come from outside. */
const ownValue = <V>(values: Readonly<Record<string, V>>, name: string): V | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

/**
 * What is wrong with the days that an admin entered; their form is checked by the contract. A day that stands already
 * may have passed since; a new one that has passed is a slip of the pen.
 */
export function endDayTroubles(
  manifest: ConnectorManifest,
  entered: Entered,
  stored: States,
  now: Date,
): FieldTrouble[] {
  return Object.entries(entered.secretEnds).flatMap(([name, day]): FieldTrouble[] => {
    const field = `secretEnds.${name}`;
    const secret = manifest.secrets.find((one) => one.name === name);
    if (secret === undefined) {
      return [{ field, problem: `${manifest.name} has no secret of this name`, remedy: 'Leave it out.' }];
    }
    if (day === null) return [];
    const given = ownValue(entered.secrets, name);
    const known = ownValue(stored, name);
    if (given === null || (given === undefined && known === undefined)) {
      const problem = `${secret.label} is not set, so it has no day on which it ends`;
      return [{ field, problem, remedy: 'Enter it too, or leave out its day.' }];
    }
    const isKept = given === undefined && known?.endsOn === day;
    if (isKept || daysUntil(day, now.getTime()) >= 0) return [];
    const problem = `${day} has passed (by the calendar of UTC)`;
    return [{ field, problem, remedy: 'Enter the day on which the present one ends, or leave it empty.' }];
  });
}

/** The days of all secrets as the input leaves them. */
const daysAfter = (manifest: ConnectorManifest, entered: Entered, stored: States) =>
  manifest.secrets.flatMap((secret) => {
    const given = ownValue(entered.secrets, secret.name);
    const known = ownValue(stored, secret.name);
    if (given === null || (given === undefined && known === undefined)) return [];
    const day = ownValue(entered.secretEnds, secret.name);
    const kept = given === undefined ? known?.endsOn : undefined;
    return [{ secret, before: known?.endsOn, after: day === undefined ? kept : (day ?? undefined) }];
  });

/**
 * Stores the days, after the secrets themselves, which drop theirs when they are replaced.
 * @returns what changed, in words for the audit.
 */
export async function writeEndDays(
  services: Pick<Services, 'secrets'>,
  sql: Sql,
  connection: string,
  input: { manifest: ConnectorManifest; entered: Entered; stored: States },
): Promise<string[]> {
  const changed: string[] = [];
  for (const { secret, before, after } of daysAfter(input.manifest, input.entered, input.stored)) {
    await services.secrets.setEndDay(sql, connection, secret.name, after ?? null);
    if (before !== after) changed.push(endDayWords(secret.name, before, after));
  }
  return changed;
}

export const endDayWords = (name: string, before: string | undefined, after: string | undefined): string =>
  `end of secret ${name} (${before ?? 'not known'} → ${after ?? 'not known'})`;

/**
 * What a test of the connection says about the days. Never "failed": a sign-in that works refutes a day that has
 * passed, and one that does not is told by its own check.
 */
export function endDayChecks(
  manifest: ConnectorManifest,
  entered: Entered,
  stored: States,
  now: Date,
): TestCheckResult[] {
  return daysAfter(manifest, entered, stored).flatMap(({ secret, after }): TestCheckResult[] => {
    // What Tandem made itself ends when an admin wants it to; without a day there is nothing to say.
    if (after === undefined && secret.origin === 'generated') return [];
    const ends = after === undefined ? undefined : credentialEndOf(after, now.getTime());
    return [{ code: 'credentialEnds', ...endDayFinding(secret, ends) }];
  });
}

function endDayFinding(
  { label, origin }: SecretField,
  ends: CredentialEnd | undefined,
): Omit<TestCheckResult, 'code'> {
  if (ends === undefined) {
    return {
      outcome: 'skipped',
      finding: `${label}: the day on which it ends is not known.`,
      remedy: 'Enter it in the form of the connection to be told two weeks before.',
    };
  }
  const { on, daysLeft, standing } = ends;
  if (standing === 'valid') return { outcome: 'passed', finding: `${label} is valid until ${on} (UTC).` };
  const remedy =
    origin === 'generated'
      ? 'Have Tandem make a new one in the form of the connection, and enter it there.'
      : 'Make a new one there, enter it in the form of the connection, and its new day.';
  if (standing === 'ended') {
    return {
      outcome: 'warning',
      finding: `${label} ended on ${on} (UTC), by the day that was entered.`,
      remedy: `${remedy} If it was extended, correct the day.`,
    };
  }
  const when = daysLeft === 0 ? 'today' : daysLeft === 1 ? 'tomorrow' : `in ${daysLeft} days`;
  return { outcome: 'warning', finding: `${label} ends ${when}, on ${on} (UTC).`, remedy };
}

/** For the overview: what has ended or ends soon, soonest first. */
export async function endingCredentials(
  services: Services,
  sql: Sql,
  connections: ReadonlyMap<string, ConnectionRow>,
): Promise<Overview['endingCredentials']> {
  const nowMs = services.engine.now().getTime();
  const found: Overview['endingCredentials'] = [];
  for (const { connection, name, ends_on } of await listSecrets(sql)) {
    const row = connections.get(connection);
    const secret = row && manifestOf(services, row.kind)?.secrets.find((one) => one.name === name);
    if (row === undefined || secret === undefined || ends_on === null) continue;
    const ends = credentialEndOf(ends_on, nowMs);
    if (ends.standing === 'valid') continue;
    const { label, origin } = secret;
    found.push({ connectionId: row.id, connection: row.name, label, origin, ends });
  }
  return found.sort((a, b) => a.ends.daysLeft - b.ends.daysLeft);
}
