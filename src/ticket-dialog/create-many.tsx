import { useRef, useState } from 'react';
import type { Panel } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { asProblem } from '../api/problem.ts';
import { Action } from '../components/action.tsx';
import { ChoiceInput } from '../components/field.tsx';
import { Icon } from '../components/icon.tsx';
import type { HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { requestKeyFor, settleRequestKey } from '../ticket/request-keys.ts';
import { View } from '../ticket/view.tsx';
import { closeDialog } from './close-dialog.ts';

interface Step {
  outcome: 'waiting' | 'running' | 'done' | 'skipped' | 'failed';
  words: string;
}

const icons: Record<Step['outcome'], { icon: string; tone: string }> = {
  waiting: { icon: 'Clock', tone: 'quiet' },
  running: { icon: 'Sync', tone: 'calm turning' },
  done: { icon: 'CheckMark', tone: 'good' },
  skipped: { icon: 'Info', tone: 'quiet' },
  failed: { icon: 'Warning', tone: 'bad' },
};

/** One ticket for each of several work items, one after another, with what became of each. */
export function CreateMany({
  host,
  client,
  panel,
  workItemIds,
}: {
  host: HostContext;
  client: Client;
  panel: Panel;
  workItemIds: string[];
}) {
  const [mappingId, setMappingId] = useState(panel.createWith[0]?.mappingId ?? '');
  const [steps, setSteps] = useState<Record<string, Step>>({});
  const [phase, setPhase] = useState<'asking' | 'running' | 'over'>('asking');
  const put = (id: string, outcome: Step['outcome'], words: string) =>
    setSteps((before) => ({ ...before, [id]: { outcome, words } }));

  const stopping = useRef(false);
  const run = async () => {
    stopping.current = false;
    setPhase('running');
    for (const id of workItemIds) {
      if (steps[id]?.outcome === 'done' || steps[id]?.outcome === 'skipped') continue;
      if (stopping.current) break;
      put(id, 'running', text.menu.bulkRunning);
      const step = await createOne(client, id, mappingId);
      put(id, step.outcome, step.words);
    }
    setPhase('over');
  };

  const outcomes = Object.values(steps).map(({ outcome }) => outcome);
  const failed = outcomes.filter((outcome) => outcome === 'failed').length;
  const settled = outcomes.filter((outcome) => outcome !== 'running').length;
  const left = workItemIds.length - settled;
  const label =
    phase !== 'over'
      ? text.menu.bulkSubmit(workItemIds.length)
      : left > 0
        ? text.menu.bulkContinue
        : text.menu.bulkRetry(failed);
  return (
    <View
      title={text.menu.create}
      submit={
        phase === 'over' && failed === 0 && left === 0
          ? { label: text.close, onSubmit: () => closeDialog(host), busy: false, problem: undefined }
          : { label, onSubmit: () => void run(), busy: phase === 'running', problem: undefined }
      }
      onClose={phase === 'over' && failed + left > 0 ? () => closeDialog(host) : undefined}
    >
      <p>{text.menu.bulkIntro(workItemIds.length)}</p>
      {panel.createWith.length > 1 && (
        <ChoiceInput
          label={text.create.with}
          value={mappingId}
          disabled={phase !== 'asking'}
          choices={panel.createWith.map((way) => ({ id: way.mappingId, name: way.name }))}
          onChange={setMappingId}
        />
      )}
      {phase !== 'asking' && (
        <div className="row wrap">
          <progress value={settled} max={workItemIds.length} aria-label={text.menu.create} />
          <span role="status">{text.menu.bulkProgress(settled, workItemIds.length)}</span>
          {phase === 'running' && (
            <Action
              label={text.cancel}
              onClick={() => {
                stopping.current = true;
              }}
            />
          )}
        </div>
      )}
      {phase === 'over' && left > 0 && <p>{text.menu.bulkCancelled}</p>}
      <ul className="plain-list stack tight">
        {workItemIds.map((id) => {
          const { outcome, words } = steps[id] ?? {
            outcome: 'waiting' as const,
            words: text.menu.bulkWaiting,
          };
          return (
            <li key={id} className="row">
              <span className={icons[outcome].tone}>
                <Icon iconName={icons[outcome].icon} />
              </span>
              <span>{text.menu.workItem(id)}</span>
              <span className="quiet any-wrap">{words}</span>
            </li>
          );
        })}
      </ul>
    </View>
  );
}

async function createOne(client: Client, workItemId: string, mappingId: string): Promise<Step> {
  try {
    const { tickets } = await client.api.readPanel({ workItemId });
    const existing = tickets.find((ticket) => ticket.mappingId === mappingId);
    if (existing) {
      settleRequestKey(mappingId, workItemId);
      return { outcome: 'skipped', words: `${text.menu.bulkSkipped}: ${existing.number}` };
    }
    // Pressing again after a failure, or after the dialog was closed midway, repeats the order: the key stays.
    const body = { mappingId, requestKey: requestKeyFor(mappingId, workItemId), values: {} };
    const { link } = await client.api.createTicket({ workItemId, body }, { timeoutMs: 60_000 });
    // Without a link it goes on in the background, and may be asked for again until it is there.
    if (link) settleRequestKey(mappingId, workItemId);
    return { outcome: 'done', words: link ? text.create.done(link.number) : text.menu.bulkDone };
  } catch (reason) {
    const problem = asProblem(reason);
    const needed = problem.fields.map(({ field }) => field).join(', ');
    return {
      outcome: 'failed',
      words: needed ? text.menu.bulkMissing(needed) : `${problem.title}. ${problem.action}`,
    };
  }
}
