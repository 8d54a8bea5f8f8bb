import type { Connection } from '../../../backend/contract/connections.ts';
import type { ConnectorManifest } from '../../../backend/contract/connector-manifest.ts';
import { credentialEndOf } from '../../../backend/contract/credential-days.ts';
import { relativeTime } from '../../../src/components/time-words.ts';
import { isHighContrast, luminanceOf } from '../../../src/host/appearance.ts';
import { backendUrl } from '../../../src/host/backend-url.ts';
import {
  type ConnectionDraft,
  draftOf,
  inputOf,
  problemsOf,
  withSecret,
} from '../../../src/settings-hub/connections/connection-draft.ts';
import { endWords } from '../../../src/settings-hub/connections/credential-words.ts';
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

describe('the day on which a secret ends', () => {
  const connection = (on?: string) =>
    ({
      name: 'Desk',
      settings: { address: 'https://desk.example.com', pollSeconds: 30 },
      secrets: {
        password: {
          setAt: '2026-01-01T00:00:00Z',
          ...(on && { ends: { on, daysLeft: 9, standing: 'ending' } }),
        },
        hook: null,
      },
      retry: { maxAttempts: 5, firstDelaySeconds: 2, longestDelaySeconds: 60, attemptTimeoutSeconds: 60 },
      budget: { requestsPerSecond: 5, concurrent: 2 },
    }) as unknown as Connection;
  const ends = (stored: string | undefined, change: (draft: ConnectionDraft) => ConnectionDraft) => {
    const known = connection(stored);
    const draft = change(draftOf(manifest, known));
    return { sent: inputOf(manifest, draft, known).secretEnds, wrong: problemsOf(manifest, draft, known) };
  };
  const day = (on: string) => (draft: ConnectionDraft) => ({ ...draft, secretEnds: { password: on } });
  const same = (draft: ConnectionDraft) => draft;

  test('is sent when it differs', () => {
    expect(ends(undefined, same).sent).toEqual({});
    expect(ends('2999-01-01', same).sent).toEqual({});
    expect(ends(undefined, day('2999-01-02')).sent).toEqual({ password: '2999-01-02' });
    expect(ends('2999-01-01', day('')).sent).toEqual({ password: null });
  });

  test('may have passed when it stood there, and not when it is new', () => {
    expect(ends('2020-01-01', same).wrong).toEqual({});
    expect(ends(undefined, day('2020-01-01')).wrong).toEqual({ 'ends:password': 'This day has passed.' });
  });

  test('goes when another secret is typed, and comes back when it is not after all', () => {
    const typed = (draft: ConnectionDraft) => withSecret(draft, 'password', 'n', '2999-01-01');
    expect(typed(draftOf(manifest, connection('2999-01-01'))).secretEnds.password).toBe('');
    expect(ends('2999-01-01', typed).sent).toEqual({});
    const dated = (draft: ConnectionDraft) => day('2999-05-05')(typed(draft));
    expect(ends('2999-01-01', dated).sent).toEqual({ password: '2999-05-05' });
    const kept = (draft: ConnectionDraft) => withSecret(typed(draft), 'password', '', '2999-01-01');
    expect(ends('2999-01-01', kept).sent).toEqual({});
  });

  test.each<[number | undefined, string, string]>([
    [undefined, 'en-GB', 'end not known'],
    [15, 'en-GB', 'valid until 3 Mar 2027 (UTC)'],
    [15, 'de', 'valid until 03.03.2027 (UTC)'],
    [9, 'en-GB', 'ends in 9 days'],
    [0, 'en-GB', 'ends today'],
    [-2, 'en-GB', 'ended 2 days ago'],
  ])('%p days before it reads in %s as "%s"', (daysLeft, locale, words) => {
    const now = Date.parse('2027-03-03T23:59:59Z') - (daysLeft ?? 0) * 86_400_000;
    const end = daysLeft === undefined ? undefined : credentialEndOf('2027-03-03', now);
    expect(endWords(end, locale)).toBe(words);
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
