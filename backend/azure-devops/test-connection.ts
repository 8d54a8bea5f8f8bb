import type { TestCheck } from '../connectors/connector.ts';
import { type Failure, isFailure } from '../sync/failure.ts';
import { organizationUrlOf } from './addresses.ts';
import { patchContentType, setField } from './patch.ts';
import { isVersionRefused, versionRemedy } from './refusal.ts';
import { type ConnectionFacts, readConnectionFacts, tryVersion } from './server.ts';
import { createServiceHooks } from './subscriptions.ts';
import { queryIds } from './wiql.ts';
import type { Workshop } from './workshop.ts';

/** More than this between the clocks and sign-in tokens begin to fail. */
const maxSkewMs = 60_000;

const passed = (code: string, finding: string): TestCheck => ({ code, outcome: 'passed', finding });
const skipped = (code: string): TestCheck => ({
  code,
  outcome: 'skipped',
  finding: 'Not tested because an earlier check failed.',
});
const problem = (
  code: string,
  outcome: 'warning' | 'failed',
  finding: string,
  remedy: string,
): TestCheck => ({ code, outcome, finding, remedy });

const laterCodes = ['clock', 'projects', 'rights', 'serviceHooks'];

/** See `RecordSystem.test`. */
export const testConnection = async (
  workshop: Workshop,
  options: { project?: string },
): Promise<readonly TestCheck[]> => {
  const opened = await open(workshop);
  if (!opened.facts) return [...opened.checks, ...laterCodes.map(skipped)];
  const clock = checkClock(opened.facts, workshop.context.now());
  const projects = await checkProjects(workshop, options.project);
  if (!projects.project) {
    return [...opened.checks, clock, projects.check, ...laterCodes.slice(2).map(skipped)];
  }
  const { project, type } = projects;
  const rights = await Promise.all([
    checkRights(workshop, project.name, type),
    checkHooks(workshop, project.id),
  ]);
  return [...opened.checks, clock, projects.check, ...rights];
};

/** Address, credentials and version: each needs the one before. */
const open = async (workshop: Workshop): Promise<{ checks: TestCheck[]; facts?: ConnectionFacts }> => {
  const rest = (from: number) => ['address', 'credentials', 'version'].slice(from).map(skipped);
  try {
    organizationUrlOf(workshop.context);
  } catch (error) {
    const remedy = 'Enter it as https://dev.azure.com/your-organisation or as the collection of your Server.';
    return { checks: [problem('address', 'failed', wordsOf(error), remedy), ...rest(1)] };
  }
  try {
    const version = await workshop.client.version();
    // One that was found has answered already; one that was chosen may be unknown to the server.
    if (workshop.context.apiVersion) await tryVersion(workshop.client);
    const facts = await readConnectionFacts(workshop.client);
    const address = passed('address', `${workshop.client.organizationUrl} answers.`);
    if (facts.isAnonymous) return { checks: [address, anonymous(workshop), ...rest(2)] };
    const name = facts.user.name ?? facts.user.login ?? facts.user.id;
    return {
      checks: [
        address,
        passed('credentials', `Signed in as ${name}.`),
        passed(
          'version',
          `REST version ${version}, ${workshop.context.apiVersion ? 'as chosen' : 'found by asking'}.`,
        ),
      ],
      facts,
    };
  } catch (error) {
    return { checks: checksForOpening(workshop, error, rest) };
  }
};

const anonymous = (workshop: Workshop): TestCheck =>
  problem('credentials', 'failed', 'Azure DevOps does not know the account.', renewal(workshop));

const renewal = ({ context }: Workshop): string =>
  context.auth.kind === 'pat'
    ? 'Create a new personal access token for this organisation, with the scopes Work items (read & write), Project and team (read) and Identity (read), and enter it.'
    : 'Check the tenant id, the client id and the client secret, and that the service principal was added to the organisation with a Basic licence.';

const checksForOpening = (
  workshop: Workshop,
  error: unknown,
  rest: (from: number) => TestCheck[],
): TestCheck[] => {
  if (!isFailure(error)) throw error;
  const words = error.message;
  const address = passed('address', `${workshop.client.organizationUrl} answers.`);
  switch (error.kind) {
    case 'unauthorized':
      return [address, problem('credentials', 'failed', words, renewal(workshop)), ...rest(2)];
    case 'forbidden':
      return error.details.status === undefined
        ? [problem('address', 'failed', words, 'Ask the operator to allow this address.'), ...rest(1)]
        : [address, problem('credentials', 'failed', words, renewal(workshop)), ...rest(2)];
    case 'rejected': {
      const { apiVersion } = workshop.context;
      if (apiVersion && isVersionRefused(error)) {
        const finding = `This server does not know REST version ${apiVersion}, which is chosen under "API version".`;
        return [address, skipped('credentials'), problem('version', 'failed', finding, versionRemedy)];
      }
      const remedy = 'Azure DevOps Server 2019 or newer is needed.';
      return [address, skipped('credentials'), problem('version', 'failed', words, remedy)];
    }
    case 'notFound': {
      const remedy = 'Check the name of the organisation or of the collection in the address.';
      return [problem('address', 'failed', words, remedy), ...rest(1)];
    }
    default: {
      const remedy = 'Check that the backend reaches this address, then test again.';
      return [problem('address', 'failed', words, remedy), ...rest(1)];
    }
  }
};

const checkClock = (facts: ConnectionFacts, now: Date): TestCheck => {
  const serverMs = Date.parse(facts.serverDate ?? '');
  if (Number.isNaN(serverMs)) {
    return problem('clock', 'warning', 'The server does not tell its time.', 'Compare the clocks by hand.');
  }
  const skewMs = now.getTime() - serverMs;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= maxSkewMs) return passed('clock', 'The clocks agree within a minute.');
  const finding = `The backend's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} that of Azure DevOps.`;
  return problem('clock', 'warning', finding, 'Synchronise the clock of the machine that runs the backend.');
};

interface CheckedProject {
  check: TestCheck;
  project?: { id: string; name: string };
  type: string;
}

/** At least one project, with at least one type of work item. */
const checkProjects = async (workshop: Workshop, wanted: string | undefined): Promise<CheckedProject> => {
  const rightsRemedy = 'Add the account to the project, at least as a contributor.';
  try {
    const projects = await workshop.metadata.projects();
    const project = wanted
      ? projects.find(({ id, name }) => id === wanted || name.toLowerCase() === wanted.toLowerCase())
      : projects[0];
    if (!project) {
      const finding = wanted ? `The project ${wanted} is not visible.` : 'No project is visible.';
      return { check: problem('projects', 'failed', finding, rightsRemedy), type: '' };
    }
    const types = await workshop.metadata.types(project.name);
    const [type] = types;
    if (!type) {
      const remedy = 'Choose a process with work item types for the project.';
      const finding = `The project ${project.name} has no type of work item.`;
      return { check: problem('projects', 'failed', finding, remedy), type: '' };
    }
    const finding = `${projects.length} visible; ${project.name} has ${types.length} types of work items.`;
    return { check: passed('projects', finding), project, type };
  } catch (error) {
    return { check: refused('projects', error, rightsRemedy), type: '' };
  }
};

const refused = (code: string, error: unknown, remedy: string): TestCheck => {
  if (!isFailure(error)) throw error;
  return problem(code, 'failed', error.message, scopeRemedy(error) ?? remedy);
};

/** The token is good, as earlier checks have shown, and does not reach this route: its scopes are too narrow. */
const scopeRemedy = (error: Failure): string | undefined =>
  error.kind === 'unauthorized' ? 'Give the token the scope that the message names.' : undefined;

const wordsOf = (error: unknown): string => {
  if (!isFailure(error)) throw error;
  return error.message;
};

/** One query, and a create that is validated and not saved. */
const checkRights = async (workshop: Workshop, project: string, type: string): Promise<TestCheck> => {
  const code = 'rights';
  try {
    await queryIds(workshop.client, ['[System.TeamProject] = @project'], { top: 1, project });
  } catch (error) {
    return refused(code, error, 'Give the account "View work items in this node" on the root area.');
  }
  try {
    await tryCreate(workshop, project, type);
  } catch (error) {
    // Fields that this type requires are a matter of the mapping; the right was there.
    const isRule = isFailure(error) && error.kind === 'rejected' && (error.details.fields?.length ?? 0) > 0;
    const remedy = 'Give the account "Edit work items in this node" on the root area, and a Basic licence.';
    if (!isRule) return refused(code, error, remedy);
  }
  return passed(code, `Work items of ${project} can be read, created and changed.`);
};

const tryCreate = async (workshop: Workshop, project: string, type: string): Promise<void> => {
  const kindOf = await workshop.kinds({ project, type, markdown: new Set() });
  await workshop.client.send({
    method: 'POST',
    project,
    path: `wit/workitems/$${encodeURIComponent(type)}`,
    resource: 'workItems',
    route: 'workItem.tryCreate',
    query: { validateOnly: true },
    body: setField('System.Title', 'Tandem connection test', kindOf('System.Title')),
    contentType: patchContentType,
    repeat: 'safe',
  });
};

const checkHooks = async (workshop: Workshop, projectId: string): Promise<TestCheck> => {
  const remedy =
    'Let a project administrator grant the account View, Edit and Delete of service hook subscriptions, or enter the service hooks by hand.';
  try {
    const rights = await createServiceHooks(workshop.client).rights(projectId);
    if (rights.mayView && rights.mayEdit) return passed('serviceHooks', 'Service hooks can be managed.');
    return problem('serviceHooks', 'warning', `Missing: ${rights.needs}.`, remedy);
  } catch (error) {
    return refused('serviceHooks', error, remedy);
  }
};
