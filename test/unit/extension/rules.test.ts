import type { ConnectorManifest } from '../../../backend/contract/connector-manifest.ts';
import { relativeTime } from '../../../src/components/time-words.ts';
import { isHighContrast, luminanceOf } from '../../../src/host/appearance.ts';
import { backendUrl } from '../../../src/host/backend-url.ts';
import { draftOf, inputOf, problemsOf } from '../../../src/settings-hub/connections/connection-draft.ts';
import { tellTimeline } from '../../../src/text-timeline.ts';
import { chosenWorkItems } from '../../../src/ticket-menu/chosen-work-items.ts';

describe('times', () => {
  const now = Date.parse('2026-05-03T12:00:00Z');
  test.each([
    ['2026-05-03T11:59:40Z', 'now'],
    ['2026-05-03T11:58:00Z', '2m ago'],
    ['2026-05-03T14:59:00Z', 'in 3h'],
    ['2026-05-01T12:00:00Z', '2d ago'],
  ])('%s is %s', (at, words) => {
    expect(relativeTime(at, now, 'en')).toBe(words);
  });
});

describe('the timeline', () => {
  test('says what changed where', () => {
    const entry = { code: 'fieldSent', side: 'ticket' as const, field: 'State', from: 'Active', to: 'Fixed' };
    expect(tellTimeline(entry)).toBe('State “Active” → “Fixed”, written to the ticket.');
  });

  test('stays readable with a code that it does not know', () => {
    expect(tellTimeline({ code: 'someNewCode', field: 'Title', reason: 'because' })).toBe(
      'Some new code: Title. because.',
    );
  });
});

const manifest = {
  kind: 'desk',
  name: 'Desk',
  budget: { requestsPerSecond: 5, concurrent: 2 },
  settings: [
    { name: 'address', label: 'Address', help: '', type: 'url', required: true, advanced: false },
    {
      name: 'pollSeconds',
      label: 'Poll',
      help: '',
      type: 'number',
      required: false,
      min: 10,
      max: 60,
      advanced: true,
    },
    {
      name: 'code',
      label: 'Code',
      help: '',
      type: 'text',
      required: false,
      pattern: { source: '^[A-Z]+$', message: 'Capitals only.' },
      advanced: false,
    },
  ],
  secrets: [
    { name: 'password', label: 'Password', help: '', required: true, origin: 'typed' },
    { name: 'hook', label: 'Hook', help: '', required: true, origin: 'generated' },
  ],
} as unknown as ConnectorManifest;

describe('the form of a connection', () => {
  test('names every field that cannot be used, and does not ask for generated secrets', () => {
    const draft = draftOf(manifest);
    draft.settings = { address: 'desk', pollSeconds: '5', code: 'abc' };
    expect(problemsOf(manifest, draft)).toEqual({
      address: expect.any(String),
      pollSeconds: 'Enter a number from 10 to 60.',
      code: 'Capitals only.',
      password: expect.any(String),
    });
  });

  test('sends numbers as numbers, leaves out what is empty, and only secrets that were typed', () => {
    const draft = draftOf(manifest);
    draft.settings = { address: ' https://desk.example.com ', pollSeconds: '30', code: '' };
    draft.secrets = { password: 'typed', hook: '' };
    expect(problemsOf(manifest, draft)).toEqual({});
    expect(inputOf(manifest, draft)).toMatchObject({
      settings: { address: 'https://desk.example.com', pollSeconds: 30 },
      secrets: { password: 'typed' },
      budget: { requestsPerSecond: 5, concurrent: 2 },
    });
    expect(inputOf(manifest, draft).settings).not.toHaveProperty('code');
  });
});

describe('the address of the backend', () => {
  test.each([
    ['https://tandem.example.com/', 'https://tandem.example.com'],
    [' https://tandem.example.com/base/ ', 'https://tandem.example.com/base'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['http://tandem.example.com', undefined],
    ['http://localhost.example.com', undefined],
    ['https://user:secret@tandem.example.com', undefined],
    ['https://tandem.example.com/?a=1', undefined],
    ['https://tandem.example.com/#a', undefined],
    ['javascript:alert(1)', undefined],
    ['tandem', undefined],
    [undefined, undefined],
    [{ url: 'https://tandem.example.com' }, 'https://tandem.example.com'],
  ])('%p is %p', (value, url) => {
    expect(backendUrl(value)).toBe(url);
  });
});

describe('the work items that a menu was opened on', () => {
  test.each([
    [{ id: 5 }, ['5']],
    [{ workItemId: 5 }, ['5']],
    [{ ids: [5, 6, 5] }, ['5', '6']],
    [{ workItemIds: [7], id: 1 }, ['7']],
    [{ workItems: [{ id: 8 }, {}] }, ['8']],
    [{ id: -1 }, []],
    [{}, []],
    [undefined, []],
  ])('%j names %j', (context, ids) => {
    expect(chosenWorkItems(context)).toEqual(ids);
  });
});

test('dark and light are told by the background, in the notations that hosts use', () => {
  expect(luminanceOf('rgba(31, 31, 31, 1)')).toBeLessThan(0.1);
  expect(luminanceOf('#fff')).toBeCloseTo(1);
  expect(luminanceOf('#1e1e1e')).toBeLessThan(0.1);
  expect(luminanceOf('')).toBe(1);
});

test.each([
  ['light', 'rgba(255, 255, 255, 1)', '222, 222, 222', false],
  ['dark', 'rgba(30, 31, 34, 1)', '63, 63, 63', false],
  ['high contrast on black', 'rgba(0, 0, 0, 1)', '255, 255, 255', true],
  ['high contrast on white', 'rgba(255, 255, 255, 1)', '0, 0, 0', true],
  ['a host that sends no lines', 'rgba(0, 0, 0, 1)', '', false],
])('high contrast is told by its lines: %s', (_name, background, line, expected) => {
  expect(isHighContrast(background, line)).toBe(expected);
});
