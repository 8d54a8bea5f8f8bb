import { type Failure, isFailure } from '../../sync/failure.ts';
import type { TestCheck } from '../connector.ts';
import type { Alemba } from './alemba.ts';
import type { Row } from './client.ts';
import { lastActionColumns, lastActionJoin } from './history.ts';
import { settingProblems } from './settings.ts';
import { baseColumns, refOfRow } from './translate.ts';

/** `tandem-` and twelve characters. */
const markChars = 19;

const passed = (code: string, finding: string): TestCheck => ({ code, outcome: 'passed', finding });
const failed = (code: string, finding: string, remedy: string): TestCheck => ({
  code,
  outcome: 'failed',
  finding,
  remedy,
});
const warning = (code: string, finding: string, remedy: string): TestCheck => ({
  code,
  outcome: 'warning',
  finding,
  remedy,
});
const skipped = (code: string, finding: string): TestCheck => ({ code, outcome: 'skipped', finding });

/** Checks a connection from the outside in; what cannot be checked for an earlier failure is skipped. Never throws. */
export async function testConnection(alemba: Alemba): Promise<readonly TestCheck[]> {
  const problems = settingProblems(alemba.settings);
  if (problems.length > 0) {
    return [failed('settings', problems.join(' '), 'Correct the settings under Advanced.')];
  }
  const checks = [...(await checkLogin(alemba))];
  if (checks.some((check) => check.outcome === 'failed')) {
    return [...checks, skipped('rights', 'Not checked without a session'), skipped('fields', 'Not checked')];
  }
  for (const check of [checkVersion, checkCalls, checkCorrelation, checkStatuses]) {
    checks.push(...(await attempt(() => check(alemba))));
  }
  return checks;
}

/** A failure of a check is itself a finding. */
async function attempt(check: () => Promise<TestCheck[]>): Promise<TestCheck[]> {
  try {
    return await check();
  } catch (error) {
    return [failed('unexpected', words(error), 'Look at the log of the backend, then test again.')];
  }
}

const words = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 500);

async function checkLogin({ people, settings }: Alemba): Promise<TestCheck[]> {
  try {
    const me = await people.me();
    const address = passed('address', `The Alemba API answers at ${settings.address}`);
    const who = passed('credentials', `Signed in as ${me.name ?? me.id}`);
    const dedicated = warning(
      'account',
      'Changes of this login count as made by Tandem',
      'Use a login that no person works with.',
    );
    return me.name !== undefined && /tandem|integration|service|api|system|bot/i.test(me.name)
      ? [address, who]
      : [address, who, dedicated];
  } catch (error) {
    return isFailure(error) ? [loginFinding(error)] : [failed('address', words(error), 'Test again.')];
  }
}

function loginFinding(failure: Failure): TestCheck {
  switch (failure.kind) {
    case 'unauthorized':
      return failed('credentials', failure.message, 'Check API client id, login ID, password and scope.');
    case 'throttled':
      return failed(
        'licence',
        failure.message,
        'Free a licence in Alemba, or give this login one of its own.',
      );
    case 'forbidden':
      return failed(
        'rights',
        failure.message,
        'Give the login an analyst role that may read people and calls.',
      );
    default:
      return failed(
        'address',
        failure.message,
        'Check the address: server and system, as in https://server/Production.',
      );
  }
}

async function checkVersion({ schema, settings }: Alemba): Promise<TestCheck[]> {
  try {
    const properties = await schema.properties();
    return [passed('version', `API ${settings.apiVersion}: a call has ${properties.size} properties`)];
  } catch (error) {
    return [
      failed('version', words(error), 'Choose the other API version, or give the login access to metadata.'),
    ];
  }
}

/** Reads the newest call exactly as a sweep would: a wrong property name shows here and not at night. */
async function checkCalls(alemba: Alemba): Promise<TestCheck[]> {
  const { client, settings } = alemba;
  const columns = [...baseColumns(settings), ...lastActionColumns(settings)];
  let rows: readonly Row[];
  try {
    rows = await client.search('call.probe', '/call', {
      $select: columns.join(','),
      $leftJoin: lastActionJoin,
      $orderby: 'LastActionDate desc',
      $top: 1,
    });
  } catch (error) {
    const remedy = 'Correct title, visibility flag, system flag or e-mail property under Advanced.';
    return [failed('fields', `Calls cannot be read: ${words(error)}`, remedy)];
  }
  const [row] = rows;
  const readable = passed('fields', 'Calls and their history can be read');
  if (row === undefined) {
    return [
      readable,
      warning('rights', 'The login sees no call at all', 'Check its partition and security role.'),
    ];
  }
  const answer = await client.get('call.probe', `/call/${refOfRow(row)}`, { $select: 'Ref' });
  const actions =
    typeof answer._actions === 'object' && answer._actions !== null ? Object.keys(answer._actions) : [];
  return [readable, actions.length > 0 ? passed('rights', `The login may ${actions.join(', ')}`) : noRights];
}

const noRights = failed(
  'rights',
  'The login may read calls but not change them',
  'Use an Analyst session (scope session-type:Analyst) with a role that may create and update calls.',
);

async function checkCorrelation({ schema, settings }: Alemba): Promise<TestCheck[]> {
  const field = settings.correlationField;
  const remedy = 'Choose a custom string of calls that nothing else uses, with room for 19 characters.';
  const property = (await schema.properties()).get(field);
  if (property === undefined) return [failed('correlation', `A call has no property ${field}`, remedy)];
  const isShort = property.maxLength !== undefined && property.maxLength < markChars;
  if (property.readOnly || property.kind !== 'string' || isShort) {
    return [failed('correlation', `${field} cannot hold Tandem's mark`, remedy)];
  }
  return [passed('correlation', `${field} holds Tandem's mark`)];
}

async function checkStatuses({ statuses }: Alemba): Promise<TestCheck[]> {
  const list = await statuses.list();
  const unclear = list.filter((status) => status.category === 'unknown').map((status) => status.name);
  if (unclear.length === 0) return [passed('statuses', `${list.length} call statuses are known`)];
  const remedy = 'Name their categories under Advanced, Status categories.';
  return [warning('statuses', `It is not clear what these statuses mean: ${unclear.join(', ')}`, remedy)];
}
