import type { FilterChoices } from '../../compose/hook-keeper.ts';
import type { HookFilter } from '../../contract/subscriptions.ts';
import { findingsOf, keepFindings } from '../../engine/watchdog.ts';
import { recordAudit } from '../../store/audit.ts';
import type { Handlers } from '../handlers.ts';
import { type FieldTrouble, invalid } from './input-problems.ts';
import { applicableMappings } from './mapping-lookup.ts';
import type { Services } from './services.ts';
import { changesInWords, hooksSeenFrom, projectKey, subscriptionsView } from './subscriptions.ts';

type FilterHandlers = Pick<Handlers, 'readHookFilter' | 'changeHookFilter'>;

/** What the service hooks of the session's project are narrowed to. */
export function hookFilterHandlers(services: Services): FilterHandlers {
  const { engine, hooks } = services;
  return {
    async readHookFilter({ session }) {
      const { tenant } = session;
      const project = await projectKey(services, session);
      const [filter, choices, settings] = await Promise.all([
        hooks.filter(tenant, project),
        hooks.filterChoices(tenant, project),
        engine.settings.of(tenant),
      ]);
      const mappings = applicableMappings(settings, session.project).map((row) => row.settings);
      return { filter, ...choices, suggestion: hooks.suggestFilter(mappings) };
    },

    async changeHookFilter({ session, body }) {
      const { tenant } = session;
      const project = await projectKey(services, session);
      const filter = spelt(body, await hooks.filterChoices(tenant, project));
      // Before the hooks themselves: what is left undone there is finished by the watchdog.
      await hooks.setFilter(tenant, project, filter);
      const since = await hooksSeenFrom(services, session, project);
      const report = await hooks.repair(tenant, project);
      await engine.store.asTenant(tenant, (sql) =>
        recordAudit(sql, tenant, {
          by: session.user.name,
          action: 'serviceHooks.narrowed',
          subject: session.project.name,
          detail: [filterInWords(filter), changesInWords(report)].filter((part) => part !== '').join('; '),
        }),
      );
      await keepFindings(engine, tenant, project, findingsOf(report), since);
      return subscriptionsView(services, session, report);
    },
  };
}

const filterInWords = ({ areaPath, workItemType }: HookFilter): string =>
  `area path ${areaPath || 'any'}, work item type ${workItemType || 'any'}`;

/**
 * As Azure DevOps writes it: a subscription for a type that is spelt otherwise would let nothing through. What cannot be
 * read is taken as it is entered. Throws invalidRequest for what the project does not have.
 */
function spelt(entered: HookFilter, { areaPaths, workItemTypes }: FilterChoices): HookFilter {
  const troubles: FieldTrouble[] = [];
  const find = (field: keyof HookFilter, text: string, known: readonly string[] | undefined): string => {
    if (text === '' || known === undefined) return text;
    const found = known.find((one) => one.toLowerCase() === text.toLowerCase());
    if (found === undefined) troubles.push(unknown[field](text, known));
    return found ?? text;
  };
  const filter = {
    areaPath: find('areaPath', entered.areaPath.replace(/^\\+|\\+$/g, ''), areaPaths),
    workItemType: find('workItemType', entered.workItemType, workItemTypes),
  };
  if (troubles.length > 0) throw invalid(...troubles);
  return filter;
}

const unknown: Record<keyof HookFilter, (text: string, known: readonly string[]) => FieldTrouble> = {
  areaPath: (text, known) => ({
    field: 'areaPath',
    problem: `The project has no area ${text}.`,
    remedy: `Give an area as work items show it, beginning with ${known[0]}, or nothing for any.`,
  }),
  workItemType: (text, known) => ({
    field: 'workItemType',
    problem: `The project has no work item type ${text}.`,
    remedy: `Give one of ${known.join(', ')}, or nothing for any.`,
  }),
};
