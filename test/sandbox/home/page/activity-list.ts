import { build, need } from '../../host/page/dom.ts';
import type { ActivityView } from './home-data.ts';

type Attempt = ActivityView['attempts'][number];

const signs: Record<Attempt['outcome'], string> = { done: '✓', halt: '–', failure: '!' };
const words: Record<Attempt['outcome'], string> = { done: 'done', halt: 'nothing to do', failure: 'failed' };

const clock = (iso: string) =>
  new Date(iso).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });

const took = (durationMs: number) =>
  durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;

/** Newest first; a row that is there already stays, so that reading is not disturbed. */
export function showActivity({ attempts, books, problem }: ActivityView): void {
  const list = need('#activity');
  const known = new Map([...list.children].map((row) => [(row as HTMLElement).dataset.attempt, row]));
  const rows = attempts.map((attempt) => known.get(attempt.id) ?? rowOf(attempt));
  if (rows.length === 0) rows.push(build('li', { class: 'quiet' }, 'Nothing yet.'));
  list.replaceChildren(...rows);
  const line = need('#books');
  line.classList.toggle('bad', problem !== undefined || books?.balanced === false);
  if (problem !== undefined) line.textContent = 'The backend does not answer; this is the last known state.';
  else if (books !== undefined) {
    const { received, handled, duplicate, parked, pending } = books;
    line.textContent = `Hooks: ${received} received = ${handled} handled + ${duplicate} twice + ${parked} parked + ${pending} pending`;
  }
}

function rowOf(attempt: Attempt): HTMLElement {
  const who = [attempt.workItemId && `#${attempt.workItemId}`, attempt.ticketKey].filter(Boolean).join(' ↔ ');
  const sign = build(
    'span',
    { class: 'sign', title: words[attempt.outcome], 'aria-label': words[attempt.outcome] },
    signs[attempt.outcome],
  );
  return build(
    'li',
    { 'data-attempt': attempt.id, class: attempt.outcome },
    sign,
    build('span', { class: 'summary' }, attempt.summary),
    build(
      'span',
      { class: 'facts quiet' },
      build('time', { datetime: attempt.at }, clock(attempt.at)),
      who && build('span', {}, who),
      build('span', {}, attempt.cause),
      build('span', {}, took(attempt.durationMs)),
    ),
  );
}
