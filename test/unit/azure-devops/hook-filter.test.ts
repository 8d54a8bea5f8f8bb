import { filterDifference, filterOf, publisherInputsOf } from '../../../backend/azure-devops/hook-filter.ts';
import { suggestFilter } from '../../../backend/azure-devops/suggest-filter.ts';
import type { Rule } from '../../../backend/contract/mapping.ts';

const any = { areaPath: '', workItemType: '' };
const web = { areaPath: 'Fabrikam\\Web', workItemType: '' };
const webBugs = { areaPath: 'Fabrikam\\Web', workItemType: 'Bug' };

describe('inputs of the publisher', () => {
  test.each([
    ['nothing chosen, as before there was a choice', any, { projectId: 'p' }],
    ['an area', web, { projectId: 'p', areaPath: 'Fabrikam\\Web' }],
    ['a type', { areaPath: '', workItemType: 'Bug' }, { projectId: 'p', workItemType: 'Bug' }],
    ['both', webBugs, { projectId: 'p', areaPath: 'Fabrikam\\Web', workItemType: 'Bug' }],
  ])('%s', (_words, filter, inputs) => {
    expect(publisherInputsOf('p', filter)).toEqual(inputs);
    expect(filterOf(inputs)).toEqual(filter);
    expect(filterDifference(inputs, filter)).toBeUndefined();
  });
});

describe('what is narrowed otherwise than chosen', () => {
  test.each([
    [{ areaPath: '', workItemType: '', tag: '', linksChanged: 'false' }, any, undefined],
    [{ areaPath: '\\fabrikam\\web\\' }, web, undefined],
    [{ areaPath: 'Fabrikam\\Web' }, any, 'Its filter areaPath holds back events.'],
    [{ workItemType: 'Task' }, any, 'Its filter workItemType holds back events.'],
    [{}, web, 'Its filter areaPath is not the one that was chosen here.'],
    [{ areaPath: 'Fabrikam' }, web, 'Its filter areaPath is not the one that was chosen here.'],
    [
      { areaPath: 'Fabrikam\\Web', workItemType: 'Task' },
      webBugs,
      'Its filter workItemType is not the one that was chosen here.',
    ],
    [{ areaPath: 'Fabrikam\\Web', tag: 'x' }, web, 'Its filter tag holds back events.'],
    [{ linksChanged: 'true' }, any, 'Its filter linksChanged holds back events.'],
  ])('%j for %j: %s', (inputs, filter, words) => {
    expect(filterDifference(inputs, filter)).toBe(words);
  });
});

describe('a suggestion', () => {
  const under = (value: string, operator: 'under' | 'equals' | 'notEquals' = 'under'): Rule => ({
    kind: 'condition',
    field: 'System.AreaPath',
    operator,
    value,
  });
  const tagged: Rule = { kind: 'condition', field: 'System.Tags', operator: 'contains', value: 'desk' };
  const mapping = (rule?: Rule, more: { types?: string[]; isDefault?: boolean; mode?: 'never' } = {}) => ({
    workItemTypes: more.types ?? ['Bug'],
    createTicket: {
      mode: more.mode ?? ('automatic' as const),
      isDefault: more.isDefault ?? false,
      onStates: [],
      rule,
    },
    updateWhen: {},
  });
  const area = 'Fabrikam\\Web';

  test.each([
    ['no mapping', [], {}],
    ['one type', [mapping(), mapping(undefined, { types: ['bug'] })], { workItemType: 'Bug' }],
    ['two types', [mapping(), mapping(undefined, { types: ['Bug', 'Task'] })], {}],
    ['one area', [mapping(under(area))], { areaPath: area, workItemType: 'Bug' }],
    ['an area that one of them lacks', [mapping(under(area)), mapping(tagged)], { workItemType: 'Bug' }],
    [
      'the same area within other criteria',
      [
        mapping({ kind: 'all', rules: [tagged, under(area)] }),
        mapping({ kind: 'any', rules: [under(area), under(area.toLowerCase(), 'equals')] }),
      ],
      { areaPath: area, workItemType: 'Bug' },
    ],
    [
      'an area or something else',
      [mapping({ kind: 'any', rules: [under(area), tagged] })],
      { workItemType: 'Bug' },
    ],
    ['all but an area', [mapping(under(area, 'notEquals'))], { workItemType: 'Bug' }],
    ['a rule that is not asked', [mapping(under(area), { isDefault: true })], { workItemType: 'Bug' }],
    ['a rule of what never creates', [mapping(under(area), { mode: 'never' })], { workItemType: 'Bug' }],
    [
      'the condition for updates',
      [{ ...mapping(), updateWhen: { workItem: under(area) } }],
      { areaPath: area, workItemType: 'Bug' },
    ],
  ])('%s', (_words, mappings, suggestion) => {
    expect(suggestFilter(mappings)).toEqual(suggestion);
  });
});
